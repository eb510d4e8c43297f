"""The protocol that every place for a ledger keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from eocanvas_apply.ledger.entry import Entry


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
