"""Results: streamed beside their place, resumed, checked, put in place when whole, and listed in `index.csv`."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.applying.index import IndexRow, write_index
from eocanvas_apply.applying.naming import file_names
from eocanvas_apply.applying.session import Session
from eocanvas_apply.applying.storing import Target, held, put_in_place, receive
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold import Run
from eocanvas_apply.ledger.listing import keys_of, ordinal_of
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.progress import Happening
from eocanvas_apply.planning.runs import counted_run
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.service.wire import ResultInfo

_SUPERSEDED = Path(".eocanvas") / "superseded"


@dataclass(frozen=True, slots=True)
class _Fetch:
    """The results of one job on their way into one folder; `index` is the folder whose `index.csv` lists them."""

    address: str
    run: Run
    folder: Path
    index: Path


class Fetcher:
    """Brings results into the folder of their job."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._placed_files: dict[str, e.ResultStored] = {}
        self._indexing = threading.Lock()

    async def fetch(self, action: PlannedAction, task: FetchResults) -> None:
        """Fetch what is missing of one job; what fails is a failure of its address, never of another's."""
        session, address = self._session, action.address
        run = session.journal.recorded.jobs[address].runs[task.job_id]
        try:
            await self._fetch(_fetch_of(session.folder, run, task))
        except ServiceError as fault:
            session.fail(address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
        except BlockingIOError:
            session.fail(address, _busy(task), again=True)
        except OSError as fault:
            session.fail(address, _disk(task, fault))

    async def _fetch(self, fetch: _Fetch) -> None:
        await asyncio.to_thread(self._supersede, fetch)
        targets, gone = await self._targets(fetch)
        for target in targets:
            if self._session.stopping.is_set():
                return
            await self._store(fetch, target)
        if gone:
            self._session.fail(fetch.address, _gone(fetch, gone))
        else:
            self._session.fine(fetch.address)

    async def _targets(self, fetch: _Fetch) -> tuple[list[Target], list[str]]:
        """Return what to fetch, and the titles that the service lists no more.

        Links are asked for anew: they may be signed and age.
        """
        run, folder = fetch.run, fetch.folder
        links = _links(await self._session.service.results(run.job_id) or ())
        names = file_names(run, folder, self._session.folder)
        targets = [
            Target(
                key,
                links[key],
                folder / names[key].name,
                folder / f"{names[key].name}.{run.job_id[:8]}.part",
                tuple(folder / taken for taken in names[key].taken),
            )
            for key in run.pending
            if key in links
        ]
        return targets, [result.title for key, result in run.pending.items() if key not in links]

    async def _store(self, fetch: _Fetch, target: Target) -> None:
        session = self._session
        session.tell(fetch.address, Happening.FETCHING, target.path.name)
        _make(fetch.folder)
        with held(target.part) as file:
            async with session.service.download(target.result, os.fstat(file.fileno()).st_size) as download:
                await receive(download, target, file)
            stored = await asyncio.to_thread(self._placed, fetch, target)
        await session.journal.record(stored)
        session.tell(fetch.address, Happening.STORED, stored.file)

    def _placed(self, fetch: _Fetch, target: Target) -> e.ResultStored:
        path, size, digest = put_in_place(target)
        stored = e.ResultStored(
            address=fetch.address,
            job_id=fetch.run.job_id,
            title=_title(target.result),
            ordinal=ordinal_of(target.key, _title(target.result)),
            # A results folder may lie beside the manifest's, where Path.relative_to gives up.
            file=os.path.relpath(path, self._session.folder),
            size=size,
            sha256=digest,
            modified_ns=path.stat().st_mtime_ns,
        )
        # Before the ledger: a result on record is never fetched again, so nothing would mend the index.
        with self._indexing:
            self._placed_files[stored.file] = stored
            self._write_index(fetch.index)
        return stored

    def _write_index(self, folder: Path) -> None:
        # What another instance of the campaign has just placed is not in the ledger yet, and belongs into its index.
        known = {stored.file: stored for stored in self._stored()} | self._placed_files
        listed = [(stored, _place(self._session.folder / stored.file)) for stored in known.values()]
        inside = [(stored, place.relative_to(folder)) for stored, place in listed if folder in place.parents]
        write_index(folder, [self._row(stored, file) for stored, file in inside])

    def _stored(self) -> Iterator[e.ResultStored]:
        """Yield the stored results; those of a run that counts no more are not its any more."""
        runs = map(counted_run, self._session.journal.recorded.jobs.values())
        return (stored for run in runs if run for stored in run.stored.values())

    def _row(self, stored: e.ResultStored, file: Path) -> IndexRow:
        job = self._session.desired.jobs.get(stored.address)
        return IndexRow(stored, file.as_posix(), job.fields if job else {})

    def _supersede(self, fetch: _Fetch) -> None:
        """Move the files of earlier runs out of the way; nothing that was fetched is ever overwritten."""
        if fetch.run.stored:
            return
        record = self._session.journal.recorded.jobs[fetch.address]
        for earlier in record.runs.values():
            for stored in earlier.stored.values():
                _move_aside(self._session.folder, stored)


def _links(results: Sequence[ResultInfo]) -> dict[str, ResultInfo]:
    # Whose titles are equal is told apart by the links, whatever order the service lists them in this time.
    ordered = sorted(results, key=lambda result: result.href.partition("?")[0])
    return dict(zip(keys_of(map(_title, ordered)), ordered, strict=True))


def _title(result: ResultInfo) -> str:
    return result.title or result.href


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except ValueError:
        # A zero byte, or letters that the file system's encoding lacks: it never reaches the operating system.
        raise OSError(errno.EINVAL, "no folder can have this name here", repr(str(folder))) from None


def _fetch_of(base: Path, run: Run, task: FetchResults) -> _Fetch:
    job = task.job
    return _Fetch(job.address, run, base / (job.folder or "."), _place(base / (job.index_folder or job.folder or ".")))


def _place(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _move_aside(folder: Path, stored: e.ResultStored) -> None:
    source = folder / stored.file
    if not source.exists():
        return
    target = folder / _SUPERSEDED / stored.job_id / source.name
    target.parent.mkdir(parents=True, exist_ok=True)
    source.replace(target)


def _gone(fetch: _Fetch, titles: list[str]) -> Diagnostic:
    message = f"job {fetch.run.job_id} listed {', '.join(titles)} and does not any more"
    hint = "results are kept for a while only; change the definition, or forget the job, to run it again"
    return error("result-gone", message, hint, address=fetch.address)


def _busy(task: FetchResults) -> Diagnostic:
    message = f"another run is fetching the results of job {task.job_id}"
    return error("result-busy", message, "they are there when it is done", address=task.job.address)


def _disk(task: FetchResults, fault: OSError) -> Diagnostic:
    where = fault.filename or task.job.folder
    message = f"{where}: the result cannot be written: {fault.strerror or fault}"
    hint = "what arrived is kept as .part; mend the disk or the folder's rights and run again"
    return error("result-unwritable", message, hint, address=task.job.address)
