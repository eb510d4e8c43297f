"""Waiting longer after each failure in a row: for a service that does not answer, and for an action that failed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from eocanvas_apply.errors import ServiceError
from eocanvas_apply.service.clock import Clock

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)
# What has failed for an hour is not cured by waiting.
_LONGEST_OUTAGE = timedelta(hours=1)


@dataclass(slots=True)
class Backoff:
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
