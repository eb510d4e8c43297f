"""The entries of a ledger: events with number, writer and append, each a line of a file, and how they are read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.event_values import Time, Value
from eocanvas_apply.ledger.events import AnyEvent

_ENVELOPE = ("v", "seq", "time", "writer", "batch", "of")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(Value):
    """An event with its envelope."""

    v: Literal[1] = 1
    seq: Annotated[int, Field(ge=1)]
    time: Time
    writer: Annotated[str, Field(description="Who appended: host and a random word, for people.")]
    batch: Annotated[str, Field(description="Random; the same for all events of one append.")]
    of: Annotated[int, Field(ge=1, description="How many events this append has: fewer of them are a torn one.")] = 1
    event: AnyEvent

    def to_json(self) -> dict[str, Any]:
        """Return the flat object of the file: the envelope first, then the event's own fields."""
        line: dict[str, Any] = _adapter().dump_python(self, mode="json", exclude_none=True)
        event = line.pop("event")
        return {**line, **event}

    @classmethod
    def from_json(cls, line: Mapping[str, Any]) -> Entry:
        """Read the flat object back; raises ValueError, which repeats no value, for what is no entry."""
        event = dict(line)
        own = {name: event.pop(name) for name in _ENVELOPE if name in event}
        try:
            return _adapter().validate_python({**own, "event": event})
        except ValidationError as failure:
            fields = {str(each["loc"][-1]) for each in failure.errors(include_input=False) if each["loc"]}
            raise ValueError(f"not an entry of a ledger: {', '.join(sorted(fields))}") from None


@cache
def _adapter() -> TypeAdapter[Entry]:
    return TypeAdapter(Entry)


@dataclass(frozen=True, slots=True)
class Place:
    """How far a file is parsed: its offset in bytes and the number of the last entry before it."""

    offset: int = 0
    head: int = 0


def parsed(path: str, content: bytes, begin: Place) -> tuple[Sequence[Entry], Place]:
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


def _entries(path: str, lines: Sequence[bytes], head: int) -> Iterator[Entry]:
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


def no_append_ends(path: str, line: int, size: int) -> LedgerError:
    """Return the error about a ledger in which nothing that was appended ends within so many bytes."""
    return _corrupt(path, line, f"from this line on, no append ends within {size // 1_000_000} MB", "")


def _corrupt(path: str, line: int, message: str, instead: str, why: str = "") -> LedgerError:
    hint = f"{why}nothing was changed; {instead}restore the ledger from a copy"
    return LedgerError(Diagnostic("ledger-corrupt", Severity.ERROR, message, hint, Position(path, line, 1)))
