"""The time stamps of the service, which come in four shapes, and those of HTTP."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

_STAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T :](\d\d)[:.](\d\d)[:.](\d\d)(?:[.,](\d+))?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)


def parse_time(value: object) -> datetime | None:
    """Return a stamp as an aware time in UTC, or None for one that is absent or cannot be read.

    Seen are `2024-10-21:08.59.05`, `2024-10-21T09:02:13Z`, `2024-10-21T09:02:13.723098324Z` and
    `2025-02-13 13:42:08`; those without a zone are UTC. Digits beyond microseconds are dropped.
    """
    found = _STAMP.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        return None
    *numbers, fraction, zone = found.groups()
    micro = int((fraction or "0")[:6].ljust(6, "0"))
    try:
        year, month, day, hour, minute, second = map(int, numbers)
        moment = datetime(year, month, day, hour, minute, second, micro, tzinfo=_zone(zone))
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def parse_http_time(text: str) -> datetime | None:
    """Return the time of a header such as Date as an aware one in UTC, None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _zone(text: str | None) -> timezone:
    if text is None or text in "Zz":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text.startswith("-") else offset)
