"""Time, injected: the machine's clock, the service's clock as its answers show it, and waiting after failures."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from msgspec import Struct

from eocanvas_apply.errors import ServiceError

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)
# What has failed for an hour is not cured by waiting.
_LONGEST_OUTAGE = timedelta(hours=1)
_FIRST_YEAR, _LAST_YEAR = 2020, 2200


class Clock(Protocol):
    """The clock that all code uses instead of the `time` module."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back; only differences mean something."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Return the wall clock's time, aware, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return `time.monotonic()`."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds in the running event loop."""
        await asyncio.sleep(seconds)


class ServiceClock:
    """The service's time: the last `Date` header plus what has elapsed since.

    Every comparison with a stamp of the service uses it, so that a wrong clock of this machine does no harm.
    Until the first answer it is the machine's own time.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._seen: tuple[datetime, float, datetime] | None = None
        # How far the service is ahead of the machine, to about a second.
        self.skew: timedelta | None = None

    def observe(self, date_header: str | None) -> None:
        """Take the `Date` header of an answer that has just arrived; one that is unreadable or absurd is ignored."""
        moment = parse_http_time(date_header or "")
        if moment is not None and _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            self._seen = (moment, self.clock.monotonic(), self.clock.now())
            self.skew = moment - self.clock.now()

    def now(self) -> datetime:
        """Return the service's time, aware, in UTC.

        A machine that slept stopped its monotonic clock, one that was set moved its wall clock: what has elapsed
        is the larger of both, so that nothing is taken for younger than it is.
        """
        if self._seen is None:
            return self.clock.now()
        moment, monotonic, wall = self._seen
        elapsed = timedelta(seconds=self.clock.monotonic() - monotonic)
        return moment + max(elapsed, self.clock.now() - wall)

    def at(self, monotonic: float) -> datetime:
        """Return the service's time at an instant of the monotonic clock, also a past one."""
        if self._seen is None:
            return self.clock.now() + timedelta(seconds=monotonic - self.clock.monotonic())
        moment, then, _ = self._seen
        return moment + timedelta(seconds=monotonic - then)


class Backoff(Struct):
    """The failures in a row of one thing; a success starts again at the first pause."""

    clock: Clock
    _failing_since: datetime | None = None
    _pause: timedelta = _FIRST_PAUSE

    def succeeded(self) -> None:
        """Note a success."""
        self._failing_since, self._pause = None, _FIRST_PAUSE

    def failed(self, asked_s: float | None = None) -> timedelta | None:
        """Note a failure; return how long to wait for the next try, None where it has failed for an hour.

        It is at least the `asked_s` seconds that the service asked for, but an hour at most.
        """
        now = self.clock.now()
        self._failing_since = self._failing_since or now
        if now - self._failing_since >= _LONGEST_OUTAGE:
            return None
        asked = timedelta(seconds=min(asked_s or 0, _LONGEST_OUTAGE.total_seconds()))
        pause, self._pause = max(self._pause, asked), min(self._pause * 2, _LONGEST_PAUSE)
        return pause

    def after(self, fault: ServiceError) -> timedelta:
        """Note a fault of the service; return how long to wait. Raises the fault where waiting would not help."""
        pause = self.failed(fault.retry_after) if fault.may_pass else None
        if pause is None:
            raise fault
        return pause


def parse_http_time(text: str) -> datetime | None:
    """Return the time of a header such as Date as an aware one in UTC, None where it cannot be read."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
