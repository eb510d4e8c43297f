"""What a run reports to while it goes on: a function of the caller, a cell of a notebook, or nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from queue import SimpleQueue
from typing import TYPE_CHECKING

from eocanvas_apply.api.values import Progress

if TYPE_CHECKING:
    from eocanvas_apply.report.progress import Progress as Event
    from eocanvas_apply.report.progress import View

_TICK_S = 1.0


class Audience:
    """What a run reports to; this one ignores it."""

    __slots__ = ()

    @property
    def looks(self) -> bool:
        """Whether it shows how the run stands, and so hears of each second."""
        return False

    def begin(self, wait: timedelta | None) -> None:
        """A run begins, which waits for at most `wait`."""

    def report(self, event: Event) -> None:
        """Something happened."""

    def show(self, view: View) -> None:
        """The run stands like this."""

    def tick(self) -> None:
        """A second has passed."""

    def stopping(self) -> None:
        """The run is being stopped; answers on the way are waited for."""

    def close(self) -> None:
        """The run has ended."""


@dataclass(frozen=True, slots=True)
class Called(Audience):
    """A function that gets each event."""

    on_progress: Callable[[Progress], object]

    def report(self, event: Event) -> None:
        """Call it, but for how far a download is: that changes every second, too much for a line each."""
        from eocanvas_apply.render.progress import line

        if event.transfer is None:
            self.on_progress(Progress(event.at, event.address, str(event.happening), event.detail, line(event)))


@dataclass(frozen=True, slots=True)
class Relayed(Audience):
    """Another audience, in another thread: that one makes the calls."""

    listener: Audience
    calls: SimpleQueue[Callable[[], object] | None]

    @property
    def looks(self) -> bool:
        """Whether the other one is shown how the run stands."""
        return self.listener.looks

    def begin(self, wait: timedelta | None) -> None:
        """Pass it on."""
        self.calls.put(partial(self.listener.begin, wait))

    def report(self, event: Event) -> None:
        """Pass it on."""
        self.calls.put(partial(self.listener.report, event))

    def show(self, view: View) -> None:
        """Pass it on."""
        self.calls.put(partial(self.listener.show, view))

    def tick(self) -> None:
        """Pass it on."""
        self.calls.put(self.listener.tick)

    def close(self) -> None:
        """Pass it on."""
        self.calls.put(self.listener.close)


@asynccontextmanager
async def listening(audience: Audience, wait: timedelta | None) -> AsyncIterator[None]:
    """Report the beginning and the end of a run to an audience, and each second in between."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            audience.tick()

    audience.begin(wait)
    ticking = asyncio.ensure_future(tick()) if audience.looks else None
    try:
        yield
    finally:
        if ticking:
            ticking.cancel()
        audience.close()
