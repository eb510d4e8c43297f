"""The entries of a ledger: events with number, writer and append, each a line of a file, and how they are read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, BinaryIO, Literal

from msgspec import Meta, Struct, ValidationError, convert
from pydantic_core import from_json

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.event_values import Time, Value
from eocanvas_apply.ledger.events import AnyEvent

_ENVELOPE = ("v", "seq", "time", "writer", "batch", "of")
# In bytes. That of a hundred thousand jobs has half of it.
_LONGEST_APPEND = 128 << 20


class Entry(Value, frozen=True, kw_only=True):
    """An event with its envelope."""

    v: Literal[1] = 1
    seq: Annotated[int, Meta(ge=1)]
    time: Time
    writer: Annotated[str, Meta(description="Who appended: host and a random word, for people.")]
    batch: Annotated[str, Meta(description="Random; the same for all events of one append.")]
    of: Annotated[int, Meta(ge=1, description="How many events this append has: fewer of them are a torn one.")] = 1
    event: AnyEvent

    def to_json(self) -> dict[str, Any]:
        """Return the flat object of the file: the envelope first, then the event's own fields."""
        line = super().to_json()
        event = line.pop("event")
        return {**line, **event}

    def line(self) -> bytes:
        """Return the line of a file. Raises ValueError for a text that no file can hold, of half a surrogate pair."""
        return json.dumps(self.to_json(), ensure_ascii=False).encode() + b"\n"

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Entry:
        """Read the flat object back; raises ValueError, which repeats no value, for what is no entry."""
        event = dict(line)
        own = {name: event.pop(name) for name in _ENVELOPE if name in event}
        try:
            return convert({**own, "event": event}, cls)
        except ValidationError as failure:
            _, _, place = str(failure).rpartition(" - at ")
            raise ValueError(f"not an entry of a ledger: {place}") from None


class Place(Struct, frozen=True):
    """How far a file is parsed: its offset in bytes and the number of the last entry before it."""

    offset: int = 0
    head: int = 0


def lines_of(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a file, one by one, from where it stands; none is longer than an append may be."""
    return iter(lambda: file.readline(_LONGEST_APPEND), b"")


def parsed(path: str, lines: Iterable[bytes], begin: Place, most: int | None = None) -> tuple[Sequence[Entry], Place]:
    """Return the entries of the lines behind a place, and the place behind the last whole append.

    What stands behind that is not whole yet, or was torn. With `most`, lines are taken until a whole append ends at or
    behind so many bytes. Raises LedgerError for a line that is no entry, and where no append ends before the memory
    is full.
    """
    entries: list[Entry] = []
    end, offset, batch, present = begin, begin.offset, None, 0
    for entry, length in _entries(path, lines, begin.head):
        entries.append(entry)
        offset += length
        present = present + 1 if entry.batch == batch else 1
        batch = entry.batch
        if present >= entry.of:
            end = Place(offset, entry.seq)
            if most and offset - begin.offset >= most:
                break
        elif offset - end.offset > _LONGEST_APPEND:
            raise _endless(path, end.head + 1)
    return entries[: end.head - begin.head], end


def _entries(path: str, lines: Iterable[bytes], head: int) -> Iterator[tuple[Entry, int]]:
    """Yield the entry of each line that has its end, and the line's length."""
    for number, line in enumerate(lines, start=head + 1):
        if not line.endswith(b"\n"):
            if len(line) >= _LONGEST_APPEND:
                raise _endless(path, number)
            return
        entry = _entry(path, line, number)
        if entry.seq != number:
            message = f"entry {entry.seq} where {number} is expected"
            raise _corrupt(path, number, message, "", "lines were removed, repeated or merged; ")
        yield entry, len(line)


def _entry(path: str, line: bytes, number: int) -> Entry:
    try:
        found = from_json(line)
    except ValueError as failure:
        raise _corrupt(path, number, f"this line of the ledger is not JSON: {failure}", "") from None
    try:
        return Entry.from_json(found)
    except (ValueError, TypeError, AttributeError, RecursionError):
        message = "this version does not know the event in this line of the ledger"
        raise _corrupt(path, number, message, "use the version that wrote it, or ") from None


def _endless(path: str, line: int) -> LedgerError:
    size = _LONGEST_APPEND // 1_000_000
    return _corrupt(path, line, f"from this line on, no append ends within {size} MB", "")


def _corrupt(path: str, line: int, message: str, instead: str, why: str = "") -> LedgerError:
    hint = f"{why}nothing was changed; {instead}restore the ledger from a copy"
    return LedgerError(Diagnostic("ledger-corrupt", Severity.ERROR, message, hint, Position(path, line, 1)))
