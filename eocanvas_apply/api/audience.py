"""Who is told of a run while it goes on: a function of the caller, a cell of a notebook, or nobody."""

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
    """One who is told of a run; this one does not listen."""

    __slots__ = ()

    @property
    def looks(self) -> bool:
        """Whether it is shown how the run stands, and told of each second."""
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
    """Another audience, which is told in another thread: that one makes the calls."""

    told: Audience
    calls: SimpleQueue[Callable[[], object] | None]

    @property
    def looks(self) -> bool:
        """Whether the other one is shown how the run stands."""
        return self.told.looks

    def begin(self, wait: timedelta | None) -> None:
        """Pass it on."""
        self.calls.put(partial(self.told.begin, wait))

    def report(self, event: Event) -> None:
        """Pass it on."""
        self.calls.put(partial(self.told.report, event))

    def show(self, view: View) -> None:
        """Pass it on."""
        self.calls.put(partial(self.told.show, view))

    def tick(self) -> None:
        """Pass it on."""
        self.calls.put(self.told.tick)

    def close(self) -> None:
        """Pass it on."""
        self.calls.put(self.told.close)


@asynccontextmanager
async def listening(audience: Audience, wait: timedelta | None) -> AsyncIterator[None]:
    """Tell an audience of the beginning and the end of a run, and each second in between that it has passed."""

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
