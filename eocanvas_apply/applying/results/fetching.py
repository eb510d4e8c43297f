"""Results: streamed beside their place, resumed, checked, put in place when whole, and listed in `index.csv`."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from eocanvas_apply.applying.results import faults
from eocanvas_apply.applying.results.listing import is_gone, note, title_of
from eocanvas_apply.applying.results.receiving import Meter, Receiver
from eocanvas_apply.applying.results.storing import Target, held, move_aside, part_of, put_in_place
from eocanvas_apply.applying.session import Session, at_once
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Run, ordinal_of
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.results.index import Indexes, place
from eocanvas_apply.results.names import file_names
from eocanvas_apply.service.wire import ResultInfo


@dataclass(frozen=True, slots=True)
class _Fetch:
    """The results of one job on their way into one folder; `index` is the folder whose `index.csv` lists them.

    `gone` gathers the titles of those that the service has no more, `there` those that it began to send.
    """

    address: str
    run: Run
    folder: Path
    index: Path
    meter: Meter
    gone: list[str] = field(default_factory=list)
    there: list[str] = field(default_factory=list)


class Fetcher:
    """Brings results into the folders of their jobs, a few files at a time, whichever jobs they are of."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.indexes = Indexes(session.folder, session.desired)
        self._receiver = Receiver(session)
        # One at a time gets its name: two that hold the same must not both take what a killed run left.
        self._naming = threading.Lock()
        self._taken: set[Path] = set()

    async def fetch(self, action: PlannedAction, task: FetchResults) -> None:
        """Fetch what is missing of one job; what fails is a failure of its address, never of another's."""
        session, address = self._session, action.address
        run = session.journal.recorded.jobs[address].runs[task.job_id]
        try:
            await self._fetch(self._begin(run, task))
        except ServiceError as fault:
            session.fail(address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
        except BlockingIOError:
            session.fail(address, faults.busy(address, task.job_id), again=True)
        except OSError as fault:
            session.fail(address, faults.disk(address, fault, session.folder))
        finally:
            self._receiver.end(address)

    def _begin(self, run: Run, task: FetchResults) -> _Fetch:
        job, base = task.job, self._session.folder
        folder, index = base / (job.folder or "."), place(base, job.index_folder or job.folder or ".")
        meter = self._receiver.begin(job.address, len(run.pending))
        return _Fetch(job.address, run, folder, index, meter)

    async def _fetch(self, fetch: _Fetch) -> None:
        links = await self._receiver.links(fetch.run.job_id)
        if not fetch.run.results:
            # It was to be listed, and that went well: the next look puts it on record.
            self._session.succeeded(fetch.address)
            return
        await asyncio.to_thread(self._supersede, fetch)
        fetch.gone.extend(result.title for key, result in fetch.run.pending.items() if key not in links)
        targets = self._targets(fetch, links)
        try:
            # Each to its end, whatever becomes of the others.
            await at_once([partial(self._store_unless_gone, fetch, target) for target in targets])
        except (ServiceError, OSError):
            await self._note(fetch)
            raise
        if not self._session.stopping.is_set():
            await self._note(fetch)
            self._end(fetch)

    async def _note(self, fetch: _Fetch) -> None:
        await note(self._session, fetch.address, fetch.run, gone=bool(fetch.gone), there=bool(fetch.there))

    def _end(self, fetch: _Fetch) -> None:
        if fetch.gone:
            found = faults.gone(fetch.address, fetch.run.job_id, fetch.gone)
            self._session.fail(fetch.address, found, again=True)
        else:
            self._session.succeeded(fetch.address)

    def _targets(self, fetch: _Fetch, links: Mapping[str, ResultInfo]) -> list[Target]:
        run, folder = fetch.run, fetch.folder
        names = file_names(run, lambda name: os.path.lexists(folder / name))
        return [
            Target(
                key,
                links[key],
                folder / names[key].name,
                part_of(folder / names[key].name, run.job_id),
                tuple(folder / taken for taken in names[key].taken),
            )
            for key in run.pending
            if key in links
        ]

    async def _store_unless_gone(self, fetch: _Fetch, target: Target) -> None:
        try:
            await self._store(fetch, target)
        except ServiceError as fault:
            if not is_gone(fault):
                raise
            fetch.gone.append(title_of(target.result))

    async def _store(self, fetch: _Fetch, target: Target) -> None:
        async with self._receiver.gate:
            if self._session.stopping.is_set():
                return
            self._session.report_event(fetch.address, Happening.FETCHING, target.path.name)
            _make(fetch.folder)
            with held(target.part) as file:
                began = partial(fetch.there.append, title_of(target.result))
                await self._receiver.into(file, target, fetch.meter, began)
                stored = await asyncio.to_thread(self._put_in_place, fetch, target)
        await self._session.journal.record(stored)
        fetch.meter.close(target.key)
        self._session.report_event(fetch.address, Happening.STORED, stored.file)

    def _put_in_place(self, fetch: _Fetch, target: Target) -> e.ResultStored:
        with self._naming:
            path, size, digest = put_in_place(target, self._others(fetch))
            self._taken.add(path)
        self.indexes.begin(fetch.index, fetch.address)
        title = title_of(target.result)
        return e.ResultStored(
            address=fetch.address,
            job_id=fetch.run.job_id,
            title=title,
            ordinal=ordinal_of(target.key, title),
            # A results folder may lie beside the manifest's, where Path.relative_to gives up.
            file=os.path.relpath(path, self._session.folder),
            size=size,
            sha256=digest,
            modified_ns=path.stat().st_mtime_ns,
        )

    def _others(self, fetch: _Fetch) -> set[Path]:
        return self._taken | {self._session.folder / stored.file for stored in fetch.run.stored.values()}

    def _supersede(self, fetch: _Fetch) -> None:
        """Move the files of earlier runs out of the way; nothing that was fetched is ever overwritten."""
        if fetch.run.stored:
            return
        record = self._session.journal.recorded.jobs[fetch.address]
        # The youngest first: of several results with one name, its file is the one that still lies there.
        for earlier in reversed(record.runs.values()):
            for stored in earlier.stored.values():
                move_aside(self._session.folder / stored.file, self._session.folder, earlier.job_id)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except ValueError:
        # A zero byte, or letters that the file system's encoding lacks: it never reaches the operating system.
        raise OSError(errno.EINVAL, "a folder cannot have this name here", repr(str(folder))) from None
