"""What every part of applying works with: the ledger, the service, the secrets, time and chance, who is told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from eocanvas_apply.applying.seals import Seals
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.progress import Happening, Progress
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.eocanvas import EOCanvas

T = TypeVar("T")
# Requests under way at once: enough to hide the latency, few enough to be polite.
AT_ONCE = 16


class TooLate(Exception):  # noqa: N818  # it is no error, the request is simply not sent
    """The moment to send has passed; `reason` is the ledger's word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Session:
    """One run of applying. `failures` holds what went wrong by address; `stopping` is set by the first Ctrl-C."""

    desired: Desired
    journal: Journal
    service: EOCanvas
    seals: Seals
    clock: Clock
    token: Callable[[], str]
    folder: Path
    report: Callable[[Progress], None]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    failures: dict[str, Diagnostic] = field(default_factory=dict)
    retry_later: set[str] = field(default_factory=set)
    launches_stopped: bool = False

    def now(self) -> datetime:
        """Return service time."""
        return self.service.time.now()

    def tell(self, address: str, happening: Happening, detail: str = "") -> None:
        """Report one event."""
        self.report(Progress(self.now(), address, happening, detail))

    def fail(self, address: str, diagnostic: Diagnostic, *, again: bool = False) -> None:
        """Keep a failure of an address; `again` where a later round of this run may mend it."""
        self.failures[address] = diagnostic
        if again:
            self.retry_later.add(address)
        self.tell(address, Happening.FAILED, diagnostic.message)

    def fine(self, address: str) -> None:
        """Drop a failure that a later round mended."""
        self.failures.pop(address, None)
        self.retry_later.discard(address)

    async def claim(self, decided_on: int, events: Sequence[AnyEvent]) -> None:
        """Put on record what is about to be done; raises LedgerConflict when another run came between."""
        if self.stopping.is_set():
            raise TooLate("stopped")
        await self.journal.claim(decided_on, events)

    def deadline(self) -> Callable[[], None]:
        """Start the time within which a decision must be sent; the returned check raises TooLate when it is over.

        A laptop that slept stops the monotonic clock, a corrected clock moves the wall's: the larger counts.
        """
        wall, monotonic = self.clock.now(), self.clock.monotonic()

        def check() -> None:
            elapsed = max((self.clock.now() - wall).total_seconds(), self.clock.monotonic() - monotonic)
            if self.stopping.is_set():
                raise TooLate("stopped")
            if elapsed > self.desired.timing.send_within.total_seconds():
                raise TooLate("too-late")

        return check


async def at_once(jobs: Sequence[Callable[[], Awaitable[None]]], limit: int = AT_ONCE) -> None:
    """Run all, a few at a time, each to its end; then raise the first thing that went wrong, if any did."""
    gate = asyncio.Semaphore(limit)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await job()

    outcomes = await asyncio.gather(*(one(job) for job in jobs), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
