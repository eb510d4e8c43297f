"""The lines of a ledger file: from bytes to entries, with the place of the first line that is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import from_json

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.entry import Entry


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file is parsed: its offset in bytes and the number of the last entry before it."""

    offset: int = 0
    head: int = 0


def parsed(path: Path, content: bytes, begin: Place) -> tuple[Sequence[Entry], Place]:
    """Return the entries of the bytes behind a place, and the place behind the last whole append.

    What stands behind that is not whole yet, or was torn. Raises LedgerError for a line that is no entry.
    """
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    entries = list(_entries(path, lines, begin.head))
    torn = _torn(entries)
    whole = len(entries) - torn
    length = sum(map(len, lines[:whole]))
    return entries[:whole], Place(begin.offset + length, begin.head + whole)


def _torn(entries: Sequence[Entry]) -> int:
    """Return how many entries at the end belong to an append that is not there as a whole."""
    if not entries:
        return 0
    last = entries[-1]
    present = sum(1 for entry in entries[-last.of :] if entry.batch == last.batch)
    return present if present < last.of else 0


def _entries(path: Path, lines: Sequence[bytes], head: int) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=head + 1):
        try:
            found = from_json(line)
        except ValueError as failure:
            raise _corrupt(path, number, f"this line of the ledger is not JSON: {failure}", "") from None
        try:
            entry = Entry.from_json(found)
        except (ValueError, TypeError, AttributeError, RecursionError):
            message = "this version does not know the event in this line of the ledger"
            raise _corrupt(path, number, message, "use the version that wrote it, or ") from None
        if entry.seq != number:
            message = f"entry {entry.seq} where {number} is expected"
            raise _corrupt(path, number, message, "", "lines were removed, repeated or merged; ")
        yield entry


def _corrupt(path: Path, line: int, message: str, instead: str, why: str = "") -> LedgerError:
    hint = f"{why}nothing was changed; {instead}restore the file from a copy"
    return LedgerError(Diagnostic("ledger-corrupt", Severity.ERROR, message, hint, Position(str(path), line, 1)))
