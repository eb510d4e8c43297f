"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime


def stamp(time: datetime | None) -> str | None:
    """Return RFC 3339 in UTC to the second, None for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def moment(time: datetime | None) -> str:
    """Return `2024-07-01 04:00:00 UTC`, or `-` for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "-"
