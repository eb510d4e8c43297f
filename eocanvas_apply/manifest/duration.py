"""Durations as people write them: `30s`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from datetime import timedelta

PATTERN = r"^([0-9]+(ms|s|m|h|d|w))+$"

_PART = re.compile(r"([0-9]+)(ms|s|m|h|d|w)", re.ASCII)
_WHOLE = re.compile(r"(?:[0-9]+(?:ms|s|m|h|d|w))+", re.ASCII)
_MILLISECONDS = {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1, "w": 604_800_000}


def parse_duration(text: str) -> timedelta:
    """Read numbers with units (ms s m h d w) joined without spaces; anything else raises ValueError."""
    if not _WHOLE.fullmatch(text) or len(text) > 40:
        raise ValueError(f"{text[:40]!r} is no duration; one looks like 30s, 15m, 1h30m or 7d")
    milliseconds = sum(int(number) * _MILLISECONDS[unit] for number, unit in _PART.findall(text))
    try:
        return timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueError(f"{text!r} is longer than any calendar") from None


def format_duration(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` reads it back, in days and smaller; below 1 ms is cut off."""
    left = duration // timedelta(milliseconds=1)
    parts = []
    for unit in ("d", "h", "m", "s", "ms"):
        number, left = divmod(left, _MILLISECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return "".join(parts) or "0s"
