"""What came of asking a storage, as a value."""

from __future__ import annotations

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic, has_errors


class CheckedStorage(Struct, frozen=True):
    """The storage of one key: `place` in words, how many `inputs` jobs take from it, and how many were `found`.

    `asked` tells whether it answered, `written` whether a file was written there and removed.
    """

    address: str
    place: str
    inputs: int = 0
    found: int = 0
    written: bool = False
    asked: bool = False
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return not has_errors(self.diagnostics)
