"""Times as text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


def stamp(time: datetime | None) -> str | None:
    """Return RFC 3339 in UTC to the second, None for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if time else None


def moment(time: datetime | None) -> str:
    """Return `2024-07-01 04:00:00 UTC`, or `-` for no time."""
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if time else "-"


def span(length: timedelta) -> str:
    """Return a length of time in the largest whole unit: `1h`, `30d`, `90s`."""
    seconds = int(length.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def rough(length: timedelta) -> str:
    """Return a length of time in one or two units, for people: `2d 5h`, `1h`, `3m 20s`, `8s`; never below zero."""
    seconds = max(round(length.total_seconds()), 0)
    if seconds >= 3600:
        # Nobody reads the seconds of an hour.
        seconds = round(seconds / 60) * 60
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size:
            parts.append(f"{seconds // size}{unit}")
            seconds %= size
    return " ".join(parts[:2]) or "0s"


def size(count: int) -> str:
    """Return a number of bytes in at most three digits and a unit: `0 B`, `4.1 kB`, `123 MB`, `1.2 GB`."""
    if count < 1000:
        return f"{count} B"
    value, unit = float(count), "B"
    for unit in ("kB", "MB", "GB", "TB"):  # noqa: B007  # the last one reached is used
        value /= 1000
        if value < 999.5:
            break
    return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"


def size_of(part: int, whole: int) -> str:
    """Return `1.7/2.2 GB`, or with both units where they differ."""
    (number, unit), (most, last) = size(part).split(), size(whole).split()
    return f"{number}/{most} {last}" if unit == last else f"{number} {unit}/{most} {last}"
