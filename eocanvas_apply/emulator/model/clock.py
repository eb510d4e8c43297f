"""Clocks of an emulated service, virtual or running; durations; time stamps in every shape that the service shows."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

EPOCH = datetime(2026, 1, 5, 8, 0, 0, tzinfo=UTC)


class VirtualClock:
    """A clock that stands still until it is advanced; calling it returns the time in UTC."""

    def __init__(self, start: datetime = EPOCH) -> None:
        self._now = start

    def __call__(self) -> datetime:
        """Return the time in UTC."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move the clock on; `seconds` may be a fraction, and is never negative."""
        if seconds < 0:
            raise ValueError("a clock does not run backwards")
        self._now += timedelta(seconds=seconds)


class RunningClock(VirtualClock):
    """A clock that follows a monotonic one, `speed` times as fast, and can be advanced on top of that."""

    def __init__(self, start: datetime, monotonic: Callable[[], float], speed: float = 1.0) -> None:
        super().__init__(start)
        self._monotonic = monotonic
        self._began = monotonic()
        self._speed = speed

    def __call__(self) -> datetime:
        """Return the time in UTC."""
        return self._now + timedelta(seconds=(self._monotonic() - self._began) * self._speed)


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


def dots(at: datetime) -> str:
    """Return `2024-10-21:08.59.05`."""
    return at.strftime("%Y-%m-%d:%H.%M.%S")


def zulu(at: datetime) -> str:
    """Return `2024-10-21T09:02:13Z`."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def nanoseconds(at: datetime) -> str:
    """Return `2024-10-21T09:02:13.723098324Z`."""
    return f"{_with_nanoseconds(at)}Z"


def space(at: datetime) -> str:
    """Return `2025-02-13 13:42:08`, the shape of the keystore."""
    return at.strftime("%Y-%m-%d %H:%M:%S")


def log(at: datetime) -> str:
    """Return `2024-12-06T15:31:45.123456789+00:00`, the shape of the job logs."""
    return f"{_with_nanoseconds(at)}+00:00"


def http_date(at: datetime) -> str:
    """Return the value of a `Date` header."""
    return format_datetime(at, usegmt=True)


def _with_nanoseconds(at: datetime) -> str:
    # A datetime ends at microseconds; the three digits below are made from them, so they are never all zero.
    return f"{at.strftime('%Y-%m-%dT%H:%M:%S.%f')}{at.microsecond * 7 % 1000:03d}"
