"""Times and durations as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def stamp(time: datetime | None) -> str | None:
    """Return RFC 3339 in UTC to the second, None for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def moment(time: datetime | None) -> str:
    """Return `2024-07-01 04:00:00 UTC`, or `-` for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "-"


def span(length: timedelta) -> str:
    """Return a length to its two largest units: `2d 3h`, `4m 5s`, `12s`."""
    seconds = max(0, round(length.total_seconds()))
    parts = [("d", seconds // 86400), ("h", seconds // 3600 % 24), ("m", seconds // 60 % 60), ("s", seconds % 60)]
    first = next((place for place, (_, count) in enumerate(parts) if count), 3)
    return " ".join(f"{count}{unit}" for unit, count in parts[first : first + 2] if count) or "0s"
