"""Runs at work on one ledger: what each lets the others see, for as long as it works."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from msgspec import Struct


class RunAtWork(Struct, frozen=True):
    """One run: the process and the machine it works on, and since when.

    `until` is when it counts as ended unless it is heard of again; None where its end is noticed.
    """

    process: int
    host: str
    since: datetime
    until: datetime | None = None


class RunsAtWork(Protocol):
    """The runs that work on one ledger, as one of them sees them.

    An implementation must not name a run that has ended, however it ended, but for one with an `until`, which may have
    been killed; it may miss one that is at work. Times are the service's.
    """

    def noted(self, token: str, now: Callable[[], datetime]) -> AbstractAsyncContextManager[None]:
        """Let other runs see this one for as long as the block lasts; where that is not possible it goes on unseen."""
        ...

    async def others(self, now: datetime) -> Sequence[RunAtWork]:
        """Return the other runs that are at work now, oldest first; raises LedgerError where it cannot be asked."""
        ...
