"""The downloads of one run beside its loop, so that launches and key renewals do not wait for large files.

Results are streamed beside their place, resumed, checked, put in place when whole, and listed in `index.csv`.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.applying.results.links import note, title_of
from eocanvas_apply.applying.results.parts import part_of
from eocanvas_apply.applying.results.receiving import Meter, Receiver
from eocanvas_apply.applying.results.storing import Target, Whole, move_aside, put_in_place
from eocanvas_apply.applying.session import AT_ONCE, Session, at_once
from eocanvas_apply.applying.stopping import Stop
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Run, ordinal_of
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.results.index import Indexes, index_unwritable, place
from eocanvas_apply.results.names import file_names
from eocanvas_apply.service.wire import ResultInfo


class _Fetch(Struct, frozen=True):
    """The results of one job on their way into one folder; `index` is the folder whose `index.csv` lists them."""

    address: str
    run: Run
    folder: Path
    index: Path
    meter: Meter


class Fetcher:
    """Brings results into the folders of their jobs, a few files at a time, whichever jobs they are of."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.indexes = Indexes(session.boundary, session.desired)
        self._receiver = Receiver(session, session.folder)
        # One at a time gets its name: two of the same content must not both use a file that a killed run left.
        self._naming = threading.Lock()
        self._taken: set[Path] = set()

    async def fetch(self, action: PlannedAction, task: FetchResults) -> None:
        """Fetch what is missing of one job; what fails is a failure of its address, never of another's."""
        job, base = task.job, self._session.folder
        run = self._session.journal.recorded.jobs[action.address].runs[task.job_id]
        folder, index = base / (job.folder or "."), place(base, job.index_folder or job.folder or ".")
        with self._receiver.job(action.address, task.job_id, len(run.pending)) as meter:
            self._session.boundary.real(folder)
            await self._fetch(_Fetch(action.address, run, folder, index, meter))

    async def _fetch(self, fetch: _Fetch) -> None:
        links, meter = await self._receiver.links(fetch.run.job_id), fetch.meter
        if not fetch.run.results:
            # The results are listed now: the next observation records them.
            self._session.succeeded(fetch.address)
            return
        if superseded := self._superseded(fetch):
            await asyncio.to_thread(self._move_aside, superseded)
        meter.gone.extend(result.title for key, result in fetch.run.pending.items() if key not in links)
        try:
            # Each to its end, whatever becomes of the others.
            await at_once([partial(self._store, fetch, target) for target in self._targets(fetch, links)])
        except (ServiceError, OSError):
            await self._note(fetch)
            raise
        if not self._session.stopping.is_set():
            await self._note(fetch)
            if not meter.gone:
                self._session.succeeded(fetch.address)

    async def _note(self, fetch: _Fetch) -> None:
        await note(self._session, fetch.address, fetch.run, gone=bool(fetch.meter.gone), there=fetch.meter.there)

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

    async def _store(self, fetch: _Fetch, target: Target) -> None:
        if stored := await self._receiver.receive(target, fetch.meter, partial(self._put_in_place, fetch)):
            await self._session.journal.record(stored)
            # An index that was written meanwhile, for another job, does not know of it.
            self.indexes.begin(fetch.index, fetch.address)
            fetch.meter.close(target.key, stored.file)

    def _put_in_place(self, fetch: _Fetch, whole: Whole) -> e.ResultStored:
        with self._naming:
            others = {self._session.folder / stored.file for stored in fetch.run.stored.values()}
            path = put_in_place(whole, self._taken | others)
            self._taken.add(path)
        self.indexes.begin(fetch.index, fetch.address)
        title = title_of(whole.target.result)
        return e.ResultStored(
            address=fetch.address,
            job_id=fetch.run.job_id,
            title=title,
            ordinal=ordinal_of(whole.target.key, title),
            # A results folder may lie outside the manifest's, where Path.relative_to fails.
            file=Path(os.path.relpath(path, self._session.folder)).as_posix(),
            size=whole.size,
            sha256=whole.sha256,
            modified_ns=path.stat().st_mtime_ns,
        )

    def _superseded(self, fetch: _Fetch) -> list[tuple[str, Path]]:
        """Return the files of earlier runs, each with its job: nothing that was fetched is ever overwritten."""
        if fetch.run.stored:
            return []
        record = self._session.journal.recorded.jobs[fetch.address]
        # The youngest first: of several results with one name, its file is the one that still lies there.
        earlier = reversed(record.runs.values())
        return [(run.job_id, self._session.folder / stored.file) for run in earlier for stored in run.stored.values()]

    def _move_aside(self, files: Iterable[tuple[str, Path]]) -> None:
        for job_id, file in files:
            move_aside(file, self._session.boundary, job_id)


class Downloads:
    """The fetches of one run, each a task of its own until it is done."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fetcher = Fetcher(session)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        # Hundreds may end between two runs, and each needs its list of results first.
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def open(self) -> None:
        """Write the indexes that an earlier run was killed before writing."""
        await self._fetcher.indexes.take_over()
        await self._write_indexes()

    def start(self, actions: Iterable[PlannedAction]) -> None:
        """Begin to fetch the results of these, unless that is under way."""
        for action in actions:
            if isinstance(action.task, FetchResults) and action.address not in self._tasks:
                self._tasks[action.address] = asyncio.ensure_future(self._fetch(action, action.task))

    @property
    def busy(self) -> bool:
        """Whether any is under way."""
        return bool(self._tasks)

    def under_way(self, address: str) -> bool:
        """Return whether the results of this address are being fetched."""
        return address in self._tasks

    async def wait(self, limit_s: float | None) -> None:
        """Wait until all are done, for `limit_s` real seconds at most (None: without end), or until the run stops.

        Raises what ends a run: that the ledger cannot be written, that the account is locked out.
        """
        if self._tasks:
            await Stop(self._session.stopping).unless(asyncio.wait(self._tasks.values()), limit_s=limit_s)
        self._collect()
        await self._write_indexes()

    async def close(self, grace_s: float) -> None:
        """Give those under way so many real seconds more, then stop them: their parts stay for the next run."""
        if self._tasks and grace_s > 0:
            await asyncio.wait(self._tasks.values(), timeout=grace_s)
        await self.abandon()
        # What was cut off may have been about to go on record.
        await self._session.journal.flush()
        self._collect()
        await self._write_indexes()

    async def list_changed(self, addresses: Iterable[str]) -> None:
        """Write the indexes with the rows of these jobs, which have failed or have a remark."""
        for address in addresses:
            try:
                self._fetcher.indexes.changed(address)
            except OSError as fault:
                self._session.fail(address, index_unwritable(self._session.folder, fault, address))
        await self._write_indexes()

    async def abandon(self) -> None:
        """Stop what is under way, and do nothing more."""
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _fetch(self, action: PlannedAction, task: FetchResults) -> None:
        async with self._gate:
            if not self._session.stopping.is_set():
                await self._fetcher.fetch(action, task)

    async def _write_indexes(self) -> None:
        failures = await self._fetcher.indexes.write(self._session.journal.refresh)
        for address, found in failures.items():
            self._session.fail(address, found)

    def _collect(self) -> None:
        ended = {address: task for address, task in self._tasks.items() if task.done()}
        for address in ended:
            del self._tasks[address]
        for task in ended.values():
            if not task.cancelled():
                task.result()
