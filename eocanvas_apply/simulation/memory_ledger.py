"""A ledger in memory, for runs that leave nothing behind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict
from eocanvas_apply.ledger.entry import Entry


@dataclass(slots=True)
class MemoryLedger:
    """Keeps entries for as long as the process lives; `begins_after` is the number of the entry before the first."""

    begins_after: int = 0
    entries: list[Entry] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What it is, for messages."""
        return "a ledger in memory"

    @property
    def head(self) -> int:
        """The number of the last entry."""
        return self.begins_after + len(self.entries)

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:  # noqa: ARG002 - the protocol's
        """Return the entries after a number, always all of them."""
        return self.entries[max(after - self.begins_after, 0) :]

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Keep them; raises LedgerConflict when another run was first."""
        if expected_head != self.head:
            raise LedgerConflict(error("ledger-conflict", "another run is at work on this ledger"))
        self.entries.extend(entries)
