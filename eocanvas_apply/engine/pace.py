"""How long a run goes on, and how long it sleeps between two rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from eocanvas_apply.service.clock import Clock

_SHORTEST_PAUSE = timedelta(seconds=1)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=15)
_LONGEST_OUTAGE = timedelta(hours=1)


@dataclass(slots=True)
class Pace:
    """The time of one run. `wait` is how long it may wait in all: None for ever, zero for one turn.

    `poll` and `idle` are the longest sleeps: where the service may move by itself, and where only a time must come.
    """

    clock: Clock
    wait: timedelta | None
    poll: timedelta
    stopping: asyncio.Event
    idle: timedelta
    _begun: datetime = field(init=False)
    _silent_since: datetime | None = None
    _pause: timedelta = _FIRST_PAUSE

    def __post_init__(self) -> None:
        self._begun = self.clock.now()

    @property
    def over(self) -> bool:
        """Whether the run may not wait any longer."""
        return self.stopping.is_set() or (self.wait is not None and self._left(self.wait) <= timedelta())

    @property
    def one_turn(self) -> bool:
        """Whether the run does what can be done now, however long that takes, and waits for nothing else."""
        return self.wait == timedelta()

    def answered(self) -> None:
        """Note that the service answers: the next silence starts anew."""
        self._silent_since, self._pause = None, _FIRST_PAUSE

    def given_up(self) -> bool:
        """Note that the service does not answer; tell whether it has been silent for too long."""
        self._silent_since = self._silent_since or self.clock.now()
        return self.clock.now() - self._silent_since >= _LONGEST_OUTAGE

    async def back_off(self, wait: float | None) -> None:
        """Sleep longer each time, and `wait` seconds where the service asked for them, an hour at most."""
        asked = timedelta(seconds=min(wait or 0, _LONGEST_OUTAGE.total_seconds()))
        await self.sleep(self._within(max(self._pause, asked)))
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)

    def pause(self, wakes: Sequence[timedelta], *, moving: bool) -> timedelta:
        """Return how long until something is due (`wakes` from now) or the run's time is over.

        It is one poll at most where the service may move by itself.
        """
        pauses = [max(wake, _SHORTEST_PAUSE) for wake in wakes]
        return self._within(min([*pauses, self.poll if moving else self.idle]))

    async def sleep(self, pause: timedelta) -> None:
        """Sleep so long, or until the run is stopped."""
        sleeping = asyncio.ensure_future(self.clock.sleep(max(pause.total_seconds(), 0)))
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({sleeping, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if sleeping.done():
                sleeping.result()
        finally:
            sleeping.cancel()
            stopped.cancel()

    def _within(self, pause: timedelta) -> timedelta:
        return pause if self.wait is None else min(pause, self._left(self.wait))

    def _left(self, wait: timedelta) -> timedelta:
        return wait - (self.clock.now() - self._begun)
