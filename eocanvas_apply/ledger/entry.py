"""One line of a ledger: an event with its number, its writer and the append that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from eocanvas_apply.ledger.events import AnyEvent, Time, Value

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
