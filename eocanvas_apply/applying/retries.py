"""When what failed is tried again in the same run: later each time, and for an hour at most."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eocanvas_apply.service.clock import Backoff, Clock


@dataclass(slots=True)
class Retries:
    """The tries to come, by address."""

    clock: Clock
    _failing: dict[str, Backoff] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)

    def plan(self, address: str, asked_s: float | None) -> None:
        """Plan another try after a pause, and after `asked_s` seconds; none where it has failed for an hour."""
        pause = self._failing.setdefault(address, Backoff(self.clock)).failed(asked_s)
        if pause is not None:
            self._due[address] = self.clock.now() + pause

    def begin(self, address: str) -> None:
        """Note that the planned try is under way."""
        self._due.pop(address, None)

    def end(self, address: str) -> None:
        """Note that it succeeded, or that nothing is left to try."""
        self._due.pop(address, None)
        self._failing.pop(address, None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses whose tries are still to come."""
        return tuple(self._due)

    def due(self, address: str) -> bool:
        """Return whether the planned try may begin."""
        return address in self._due and self._due[address] <= self.clock.now()

    def next(self) -> timedelta | None:
        """Return how long from now the next try is due, None where none is planned."""
        return min(self._due.values()) - self.clock.now() if self._due else None
