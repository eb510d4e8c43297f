"""Times as people write them: RFC 3339, a day, and `now-3d`, `today`, `yesterday`, worked out against a given now."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from eocanvas_apply.manifest.duration import parse_duration

_FARTHEST = timedelta(days=36525)

_RELATIVE = re.compile(r"(now|today|yesterday|tomorrow)(?:\s*([+-])\s*((?:[0-9]+(?:ms|s|m|h|d|w))+))?", re.ASCII)
_ABSOLUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}.*)?", re.ASCII | re.DOTALL)
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, or a distance from a now that is not known yet: of `now` itself or of a day's beginning (`day`)."""

    fixed: datetime | None = None
    day: int | None = None
    offset: timedelta = timedelta(0)

    @property
    def is_relative(self) -> bool:
        """Whether it depends on the day of the run."""
        return self.fixed is None

    def at(self, now: datetime) -> datetime:
        """Return the time in UTC."""
        if self.fixed is not None:
            return self.fixed
        start = now if self.day is None else now.replace(hour=0, minute=0, second=0, microsecond=0)
        return start + timedelta(days=self.day or 0) + self.offset


def read_moment(text: str) -> Moment | None:
    """Return what a text says about a time, None when it says nothing of the kind; without a zone it is UTC."""
    if found := _RELATIVE.fullmatch(text.strip()):
        return _relative(found)
    if not _ABSOLUTE.fullmatch(text.strip()):
        return None
    try:
        fixed = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        return None
    return Moment(fixed.replace(tzinfo=UTC) if fixed.tzinfo is None else fixed.astimezone(UTC))


def _relative(found: re.Match[str]) -> Moment | None:
    word, sign, distance = found.groups()
    try:
        offset = parse_duration(distance) if distance else timedelta(0)
    except ValueError:
        return None
    if offset > _FARTHEST:
        return None
    return Moment(None, _DAYS.get(word), -offset if sign == "-" else offset)


def resolved(value: Any, now: datetime) -> tuple[Any, bool]:
    """Return a query with its relative times as RFC 3339 in UTC to the second, and whether it had any."""
    if isinstance(value, str):
        moment = read_moment(value)
        if moment is None or not moment.is_relative:
            return value, False
        return f"{moment.at(now):%Y-%m-%dT%H:%M:%SZ}", True
    if isinstance(value, Mapping):
        parts = {name: resolved(item, now) for name, item in value.items()}
        return {name: part for name, (part, _) in parts.items()}, any(hit for _, hit in parts.values())
    if isinstance(value, (list, tuple)):
        items = [resolved(item, now) for item in value]
        return [item for item, _ in items], any(hit for _, hit in items)
    return value, False
