"""What events hold: times, and values with exactly their fields."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer


def _utc(value: datetime) -> datetime:
    return value.astimezone(UTC)


def _stamp(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


_canonical = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
Time = Annotated[datetime, AfterValidator(_utc), PlainSerializer(_stamp, when_used="json")]


def fingerprint(components: Mapping[str, Any]) -> str:
    """Return the digest of what makes a job this job and no other, `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(_canonical(components).encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """A value of a ledger: it has exactly these fields."""

    __pydantic_config__ = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark(Value):
    """What the log of a successful job says that makes its result doubtful."""

    code: Annotated[str, Field(description="The diagnostic code, such as dem-tile-missing.")]
    line: Annotated[str, Field(description="The first line of the log about it, secrets hidden.")]
    lines: Annotated[int, Field(description="How many lines say so.")] = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Region(Value):
    """The largest region that a job works on, and what it does there."""

    document: Annotated[str, Field(description="SHA-256 of its graph or chain without regions.")]
    box: Annotated[tuple[float, float, float, float], Field(description="West, south, east, north in degrees.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyUse(Value):
    """Which generation of which key a job names."""

    address: str
    generation: Annotated[int | None, Field(description="None for a key that was created elsewhere.")] = None
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceDigests(Value):
    """What the job's log will repeat of it, as digests; None where the process takes no such thing."""

    document: str | None = None
    inputs: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedResult(Value):
    """One result as the service lists it."""

    title: str
    name: str
    at_key: bool = False
