"""Durations as the command line writes them: `2s`, `500ms`, `1h30m`."""

from __future__ import annotations

import re

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_PART = re.compile(r"(\d+)(ms|s|m|h|d|w)")


def parse_seconds(text: str) -> float:
    """Return the seconds that a text such as `1h30m` means.

    Raises ValueError when it is not a row of whole numbers with the units ms, s, m, h, d or w.
    """
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"not a duration: {text!r} (write 500ms, 2s, 10m, 1h30m)")
    return sum(int(number) * _SECONDS[unit] for number, unit in parts)
