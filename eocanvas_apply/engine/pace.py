"""The time of one run: how long it may wait in all, how long it sleeps between two looks, when it backs off."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.service.clock import Backoff

if TYPE_CHECKING:
    from eocanvas_apply.applying.stopping import Stop
    from eocanvas_apply.errors import ServiceError
    from eocanvas_apply.service.clock import Clock

_SHORTEST_PAUSE = timedelta(seconds=1)


@dataclass(slots=True)
class Pace:
    """The time of one run. `wait` is how long it may wait in all: None for ever, zero for one turn.

    `poll` and `idle` are the longest sleeps: where the service may move by itself, and where only a time must come.
    """

    clock: Clock
    wait: timedelta | None
    poll: timedelta
    stop: Stop
    idle: timedelta
    _begun: datetime = field(init=False)
    _backoff: Backoff = field(init=False)

    def __post_init__(self) -> None:
        self._begun = self.clock.now()
        self._backoff = Backoff(self.clock)

    @property
    def over(self) -> bool:
        """Whether the run may not wait any longer."""
        return self.stop.requested.is_set() or (self.wait is not None and self._left(self.wait) <= timedelta())

    @property
    def one_turn(self) -> bool:
        """Whether the run does what can be done now, however long that takes, and waits for nothing else."""
        return self.wait == timedelta()

    def answered(self) -> None:
        """Note that the service answers."""
        self._backoff.succeeded()

    def reaches(self, wake: timedelta) -> bool:
        """Return whether the run may last until then, so long from now."""
        return self.wait is None or wake <= self._left(self.wait)

    def back_off(self, fault: ServiceError) -> timedelta:
        """Return how long to sleep, longer after each fault in a row; raises it where waiting does not help."""
        if self.over:
            raise fault
        return self._within(self._backoff.after(fault))

    def pause(self, wakes: Sequence[timedelta], *, moving: bool) -> timedelta:
        """Return how long until something is due (`wakes` from now) or the run's time is over.

        It is one poll at most where the service may move by itself.
        """
        pauses = [max(wake, _SHORTEST_PAUSE) for wake in wakes]
        return self._within(min([*pauses, self.poll if moving else self.idle]))

    async def sleep(self, pause: timedelta) -> None:
        """Sleep so long, or until the run is stopped."""
        await self.stop.unless(self.clock.sleep(max(pause.total_seconds(), 0)))

    def _within(self, pause: timedelta) -> timedelta:
        return pause if self.wait is None else min(pause, self._left(self.wait))

    def _left(self, wait: timedelta) -> timedelta:
        return wait - (self.clock.now() - self._begun)
