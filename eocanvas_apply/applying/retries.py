"""When what failed is tried again in the same run: later each time, and not for ever."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eocanvas_apply.service.clock import Clock

_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)
# What has not mended within an hour is not mended by waiting.
_LONGEST_TROUBLE = timedelta(hours=1)


@dataclass(slots=True)
class _Trouble:
    since: datetime
    pause: timedelta = _FIRST_PAUSE


@dataclass(slots=True)
class Retries:
    """The tries to come, by address."""

    clock: Clock
    _troubles: dict[str, _Trouble] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)

    def plan(self, address: str, wait: float) -> None:
        """Plan another try after a pause, and after `wait` seconds, an hour at most; none after an hour of trouble."""
        now = self.clock.now()
        trouble = self._troubles.setdefault(address, _Trouble(now))
        if now - trouble.since < _LONGEST_TROUBLE:
            asked = timedelta(seconds=min(wait, _LONGEST_TROUBLE.total_seconds()))
            self._due[address] = now + max(trouble.pause, asked)
            trouble.pause = min(trouble.pause * 2, _LONGEST_PAUSE)

    def begin(self, address: str) -> None:
        """Note that the planned try is under way."""
        self._due.pop(address, None)

    def end(self, address: str) -> None:
        """Note that the trouble is over."""
        self._due.pop(address, None)
        self._troubles.pop(address, None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Whose tries are still to come."""
        return tuple(self._due)

    def due(self, address: str) -> bool:
        """Tell whether the planned try may begin."""
        return address in self._due and self._due[address] <= self.clock.now()

    def next(self) -> timedelta | None:
        """Return how long from now the next try is due, None where none is planned."""
        return min(self._due.values()) - self.clock.now() if self._due else None
