"""The journal: one runner's view of a ledger, the fold kept up to date and events appended as claims or facts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.fold.moves_ahead import MovesAhead
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.snapshot_text import Snapshots, worth_saving


class Backend(Protocol):
    """A place that keeps entries, in order, for ever.

    An implementation must make `append` all or nothing and durable before it returns; it may raise LedgerError
    although the entries were kept (the caller reads back to find out); it must not reorder, drop or rewrite.
    """

    @property
    def url(self) -> str:
        """Where it is, as the user would name it; holds no password."""
        ...

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        """Return the entries with a number above `after`, in order; an absent ledger has none.

        With `part` a long ledger may give only the first of them, whole appends, and none only where there are none.
        Raises LedgerError where the ledger cannot be read or trusted.
        """
        ...

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Keep the entries, numbered from `expected_head + 1`, if `expected_head` is still the last number.

        Raises LedgerConflict when another run was first, LedgerError where it failed or may have failed.
        """
        ...


class Journal:
    """One runner's view of a ledger. `recorded` is the fold up to `recorded.head`, seen through the moves `ahead`."""

    def __init__(
        self,
        backend: Backend,
        writer: str,
        now: Callable[[], datetime],
        token: Callable[[], str],
        keeper: Snapshots | None = None,
    ) -> None:
        self._backend = backend
        self._writer = writer
        self._now = now
        self._token = token
        self._lock = asyncio.Lock()
        self._waiting: list[AnyEvent] = []
        self._foreign_head = 0
        self._kept_head = 0
        self._keeper = keeper
        self.recorded, self.ahead = Recorded(), MovesAhead()

    @property
    def url(self) -> str:
        """Where the ledger is."""
        return self._backend.url

    async def refresh(self) -> Recorded:
        """Read what others appended and return the fold; raises LedgerError."""
        async with self._lock:
            await (self._catch_up() if self.recorded.head else self._open())
        return self.recorded

    async def _open(self) -> None:
        kept = await asyncio.to_thread(self._keeper.load) if self._keeper else None
        if kept:
            self.recorded, self._foreign_head = kept, kept.head
        self._kept_head = self.recorded.head
        await self._catch_up()

    async def keep(self) -> None:
        """Keep a snapshot of what was read, where it saves the next run much.

        To be called before any fact is noted that is not in the ledger yet.
        """
        async with self._lock:
            head = self.recorded.head
            if self._keeper and worth_saving(head - self._kept_head, head):
                await asyncio.to_thread(self._keeper.save, self.recorded)
                self._kept_head = head

    async def claim(self, decided_on: int, events: Sequence[AnyEvent]) -> None:
        """Append claims decided on a head; raises LedgerConflict when another runner appended since.

        Our own entries in between are consequences of the same decision and do not make it stale.
        """
        self._check(events)
        async with self._lock:
            await self._flush()
            if self._foreign_head > decided_on or not await self._try_append(events):
                what = "another run wrote to this ledger meanwhile; this one has recorded nothing"
                hint = "run the command again: it then decides on what is recorded now"
                raise LedgerConflict(error("ledger-conflict", what, hint))

    async def record(self, *events: AnyEvent) -> None:
        """Append facts until they stand; facts of tasks that wait together share one append and one sync.

        Who waits may be cancelled, what happened goes on record all the same.
        """
        self._check(events)
        self._waiting.extend(events)
        await asyncio.shield(self.flush())

    async def flush(self) -> None:
        """Append the facts that are not on record yet, also those of who waited for it and was cancelled."""
        async with self._lock:
            await self._flush()

    async def _flush(self) -> None:
        while self._waiting:
            batch = list(self._waiting)
            if await self._try_append(batch):
                del self._waiting[: len(batch)]

    async def _try_append(self, events: Sequence[AnyEvent]) -> bool:
        entries = self._numbered(events)
        try:
            await self._backend.append(self.recorded.head, self._as_written(entries))
        except LedgerConflict:
            await self._catch_up()
            return False
        except LedgerError as failure:
            return await self._settle(entries, failure)
        self._take(entries, len(entries))
        return True

    def _check(self, events: Sequence[AnyEvent]) -> None:
        """Raise ValueError for an event that could not be read back: it would make the whole ledger unreadable."""
        for event in events:
            entry = Entry(seq=1, time=self._now(), writer=self._writer, batch="", event=event)
            Entry.from_json(json.loads(entry.line()))

    def _numbered(self, events: Sequence[AnyEvent]) -> list[Entry]:
        batch, time, head = self._token(), self._now(), self.recorded.head
        return [
            Entry(seq=head + place, time=time, writer=self._writer, batch=batch, of=len(events), event=event)
            for place, event in enumerate(events, start=1)
        ]

    def _as_written(self, entries: Sequence[Entry]) -> Sequence[Entry]:
        written = self.ahead.as_written(entry.event for entry in entries)
        return [replace(entry, event=event) for entry, event in zip(entries, written, strict=True)]

    async def _settle(self, entries: Sequence[Entry], failure: LedgerError) -> bool:
        """Read back whether an append that failed was kept: ours, another's, or absent (then the failure stands)."""
        present = await self._backend.read(self.recorded.head)
        if not present:
            raise failure
        ours = len(entries) if present[0].batch == entries[0].batch else 0
        self._take([*entries[:ours], *present[ours:]], ours)
        return bool(ours)

    async def _catch_up(self) -> None:
        while entries := await self._backend.read(self.recorded.head, part=True):
            self._take(entries, 0)

    def _take(self, entries: Sequence[Entry], own: int) -> None:
        self.recorded.add(entries)
        self.ahead.end(entry.event for entry in entries)
        if len(entries) > own:
            self._foreign_head = self.recorded.head
