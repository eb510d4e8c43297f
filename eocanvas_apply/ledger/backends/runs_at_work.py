"""Runs at work on one ledger: what each lets the others see, for as long as it works."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RunAtWork:
    """One run: the process and the machine it works on, and since when."""

    process: int
    host: str
    since: datetime


class RunsAtWork(Protocol):
    """The runs that work on one ledger, as one of them sees them.

    An implementation must not name a run that has ended, however it ended; it may miss one that is at work.
    """

    def noted(self, token: str, now: datetime) -> AbstractAsyncContextManager[None]:
        """Let other runs see this one for as long as the block lasts; where that is not possible it goes on unseen."""
        ...

    async def others(self) -> Sequence[RunAtWork]:
        """Return the other runs that are at work now, oldest first; raises LedgerError where it cannot be asked."""
        ...
