"""What events hold: times, and values with exactly their fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
# A moment with its zone; it is written in UTC.
Time = Annotated[datetime, Meta(tz=True)]


def fingerprint(components: Mapping[str, Any]) -> str:
    """Return the digest of what makes a job this job and no other, `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(_canonical(components).encode("utf-8", "surrogatepass")).hexdigest()


class Value(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A value of a ledger: it has exactly these fields."""

    def to_json(self) -> dict[str, Any]:
        """Return the object of the ledger. What is None is left out, other defaults are written: they may change."""
        fields = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: _plain(value) for name, value in fields.items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case Value():
            return value.to_json()
        case tuple():
            return [_plain(each) for each in value]
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


class Remark(Value, frozen=True, kw_only=True):
    """What the log of a successful job says that makes its result doubtful."""

    code: Annotated[str, Meta(description="The diagnostic code, such as dem-tile-missing.")]
    line: Annotated[str, Meta(description="The first line of the log about it, secrets hidden.")]
    lines: Annotated[int, Meta(description="How many lines say so.")] = 1


class Region(Value, frozen=True, kw_only=True):
    """The largest region that a job works on, and what it does there."""

    document: Annotated[str, Meta(description="SHA-256 of its graph or chain without regions.")]
    box: Annotated[tuple[float, float, float, float], Meta(description="West, south, east, north in degrees.")]


class KeyUse(Value, frozen=True, kw_only=True):
    """Which generation of which key a job names."""

    address: str
    generation: Annotated[int | None, Meta(description="None for a key that was created elsewhere.")] = None
    name: str


class TraceDigests(Value, frozen=True, kw_only=True):
    """What the job's log will repeat of it, as digests; None where the process takes no such thing."""

    document: str | None = None
    inputs: str | None = None


class ListedResult(Value, frozen=True, kw_only=True):
    """One result as the service lists it."""

    title: str
    name: str
    at_key: bool = False
