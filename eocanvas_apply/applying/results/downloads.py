"""Downloads beside the loop: launches and key renewals do not wait for large files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from eocanvas_apply.applying.results.fetching import Fetcher
from eocanvas_apply.applying.session import Session
from eocanvas_apply.applying.stopping import Stop
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import FetchResults

# Hundreds may end between two runs, and each needs its list of results first.
_JOBS_AT_ONCE = 8


class Downloads:
    """The fetches of one run, each a task of its own until it is done."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._fetcher = Fetcher(session)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._gate = asyncio.Semaphore(_JOBS_AT_ONCE)

    async def open(self) -> None:
        """Write the indexes that an earlier run was killed before writing."""
        await self._fetcher.indexes.take_over()
        await self._write_indexes()

    def start(self, actions: Iterable[PlannedAction]) -> None:
        """Begin to fetch the results of these; those under way go on as they are."""
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
