"""Results: streamed beside their place, resumed, checked, put in place when whole, and listed in `index.csv`."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.applying.index import write_index
from eocanvas_apply.applying.naming import file_names
from eocanvas_apply.applying.session import Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Doubt, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold import Run
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.progress import Happening
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo

_SUPERSEDED = Path(".eocanvas") / "superseded"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class _Target:
    """Where one result goes; `part` keeps what has arrived until it is whole."""

    result: ResultInfo
    path: Path
    part: Path


class Fetcher:
    """Brings results into the folder of their job."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def fetch(self, action: PlannedAction, task: FetchResults) -> None:
        """Fetch what is missing of one job; what fails is a failure of its address, never of another's."""
        session, address = self._session, action.address
        run = session.journal.recorded.jobs[address].runs[task.job_id]
        try:
            await asyncio.to_thread(self._supersede, address, run)
            for target in await self._targets(run, task):
                if session.stopping.is_set():
                    return
                await self._store(address, run, target)
        except ServiceError as fault:
            session.fail(address, fault.diagnostics[0], again=isinstance(fault, Doubt))
        except OSError as fault:
            session.fail(address, _disk(task, fault))
        else:
            session.fine(address)

    async def _targets(self, run: Run, task: FetchResults) -> list[_Target]:
        """Return what to fetch. Links are asked for anew: they may be signed and age."""
        found = await self._session.service.results(task.job_id) or ()
        links = {r.title or r.href: r for r in found}
        folder = self._session.folder / (task.job.folder or ".")
        missing = [r for r in run.results or () if not r.at_key and r.title not in run.stored and r.title in links]
        names = file_names(run, folder, self._session.folder)
        return [
            _Target(links[r.title], folder / names[r.title], folder / f"{names[r.title]}.{run.job_id[:8]}.part")
            for r in missing
        ]

    async def _store(self, address: str, run: Run, target: _Target) -> None:
        session = self._session
        session.tell(address, Happening.FETCHING, target.path.name)
        target.part.parent.mkdir(parents=True, exist_ok=True)
        offset = target.part.stat().st_size if target.part.exists() else 0
        async with session.service.download(target.result, offset) as download:
            await _receive(download, target, offset)
        size, digest = await asyncio.to_thread(_put_in_place, target)
        file = _relative(target.path, session.folder)
        title = target.result.title or target.result.href
        await session.journal.record(
            e.ResultStored(address=address, job_id=run.job_id, title=title, file=file, size=size, sha256=digest)
        )
        await asyncio.to_thread(write_index, target.path.parent, self._listed(target.path.parent))
        session.tell(address, Happening.STORED, file)

    def _listed(self, folder: Path) -> Mapping[str, list[e.ResultStored]]:
        """Return the stored results of a folder by address, superseded ones left out."""
        listed: dict[str, list[e.ResultStored]] = {}
        for record, run in self._session.journal.recorded.runs():
            here = [s for s in run.stored.values() if (self._session.folder / s.file).parent == folder]
            listed.setdefault(record.address, []).extend(s for s in here if (self._session.folder / s.file).exists())
        return listed

    def _supersede(self, address: str, run: Run) -> None:
        """Move the files of earlier runs out of the way; nothing that was fetched is ever overwritten."""
        record = self._session.journal.recorded.jobs[address]
        for earlier in record.runs.values():
            if earlier.job_id == run.job_id or run.stored:
                continue
            for stored in earlier.stored.values():
                _move_aside(self._session.folder, stored, earlier.job_id)


async def _receive(download: Download, target: _Target, offset: int) -> None:
    received = offset if download.resumed else 0
    with target.part.open("ab" if download.resumed else "wb") as file:
        async for chunk in download.chunks:
            file.write(chunk)
            received += len(chunk)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    if download.total is not None and received != download.total:
        raise Doubt(_cut(target, received, download.total))


def _put_in_place(target: _Target) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with target.part.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
    target.part.replace(target.path)
    return size, digest.hexdigest()


def _relative(path: Path, folder: Path) -> str:
    # A results folder may lie beside the manifest's, where Path.relative_to gives up.
    return os.path.relpath(path, folder)


def _move_aside(folder: Path, stored: e.ResultStored, job_id: str) -> None:
    source = folder / stored.file
    if not source.exists():
        return
    target = folder / _SUPERSEDED / job_id / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _cut(target: _Target, received: int, total: int) -> Diagnostic:
    message = f"{target.path.name}: {received} of {total} bytes arrived"
    return error("result-cut", message, "what arrived is kept and the rest fetched from there")


def _disk(task: FetchResults, fault: OSError) -> Diagnostic:
    where = fault.filename or task.job.folder
    message = f"{where}: the result cannot be written: {fault.strerror}"
    hint = "what arrived is kept as .part; mend the disk or the folder's rights and run again"
    return error("result-unwritable", message, hint, address=task.job.address)
