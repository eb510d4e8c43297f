"""Durations and times as people write them: `1h30m`, RFC 3339, a day, `now-3d`, `today`, against a given now."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

PATTERN = r"^([0-9]+(ms|s|m|h|d|w))+$"

_PART = re.compile(r"([0-9]+)(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(r"(?:[0-9]+(?:ms|s|m|h|d|w))+", re.ASCII)
# Of a duration or a time in characters.
_LONGEST = 80
_FARTHEST = timedelta(days=36525)
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1, "w": 604_800_000}


def parse_duration(text: str) -> timedelta:
    """Read numbers with units (ms s m h d w) joined without spaces; anything else raises ValueError."""
    if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a duration; one looks like 30s, 15m, 1h30m or 7d")
    milliseconds = sum(int(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text))
    # Long before the end of the calendar, so that it can be doubled and added to any day that is meant.
    if milliseconds > _FARTHEST // timedelta(milliseconds=1):
        raise ValueError(f"{text!r} is longer than 100 years")
    return timedelta(milliseconds=milliseconds)


def format_duration(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` reads it back, in days and smaller; below 1 ms is cut off."""
    left, text = duration // timedelta(milliseconds=1), ""
    for unit in ("d", "h", "m", "s", "ms"):
        number, left = divmod(left, _MILLISECONDS[unit])
        text += f"{number}{unit}" if number else ""
    return text or "0s"


_RELATIVE = re.compile(r"(now|today|yesterday|tomorrow)(?:\s*([+-])\s*((?:[0-9]+(?:ms|s|m|h|d|w))+))?", re.ASCII)
_ABSOLUTE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[Tt ][0-9]{2}:[0-9]{2}.*)?", re.ASCII | re.DOTALL)
_DAYS = {"today": 0, "yesterday": -1, "tomorrow": 1}


class Moment(Struct, frozen=True):
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
    if len(text) > _LONGEST:
        return None
    if found := _RELATIVE.fullmatch(text.strip()):
        return _relative(found)
    if not _ABSOLUTE.fullmatch(text.strip()):
        return None
    try:
        fixed = datetime.fromisoformat(text.strip().upper())
        return Moment(fixed.replace(tzinfo=UTC) if fixed.tzinfo is None else fixed.astimezone(UTC))
    except (ValueError, OverflowError):
        # Also a time at an end of the calendar whose zone leads beyond it.
        return None


def _relative(found: re.Match[str]) -> Moment | None:
    word, sign, distance = found.groups()
    try:
        offset = parse_duration(distance) if distance else timedelta(0)
    except ValueError:
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
