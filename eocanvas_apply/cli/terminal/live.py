"""How a run is shown: a table drawn in place on a terminal with what ended above it, elsewhere one line an event."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.cli.terminal.console import Channel, Console, LiveArea

if TYPE_CHECKING:
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.report.progress import Progress, Transfer, View

_TICK_S = 1.0


@asynccontextmanager
async def live(channel: Channel) -> AsyncIterator[LiveArea]:
    """Keep an area drawn as long as the block lasts, again each second: the times in it go on."""
    area = LiveArea(channel)

    async def tick() -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            area.redraw()

    ticking = asyncio.ensure_future(tick())
    try:
        yield area
    finally:
        ticking.cancel()
        area.close()


@asynccontextmanager
async def shown(engine: Engine, console: Console, wait: timedelta | None, *, table: bool) -> AsyncIterator[None]:
    """Show a run as long as the block lasts; as a `table` only where the terminal can draw one."""
    if not (table and console.err.can_redraw):
        engine.report = Lines(console.err).write
        yield
        return
    async with live(console.err) as area:
        picture = _Picture(console.err, area, wait)
        engine.report, engine.show = picture.write, picture.show
        yield


@dataclass(frozen=True, slots=True)
class Lines:
    """One line an event."""

    channel: Channel

    def write(self, progress: Progress) -> None:
        """Write one event."""
        from eocanvas_apply.render.progress import line

        # How far a download is changes every second: too much for a line each.
        if progress.transfer is None:
            self.channel.write(line(progress, self.channel.style) + "\n")


@dataclass(slots=True)
class _Picture:
    """The table, and lines above it for what ended or needs action."""

    channel: Channel
    area: LiveArea
    wait: timedelta | None
    _begun: float | None = None
    _seen: float = 0.0
    _view: View | None = None
    _transfers: dict[str, Transfer] = field(default_factory=dict)

    def write(self, progress: Progress) -> None:
        if progress.transfer is not None:
            self._transfers[progress.address] = progress.transfer
        elif progress.is_news:
            Lines(self.channel).write(progress)

    def show(self, view: View) -> None:
        self._view, self._seen = view, time.monotonic()
        # From the first look on: the time to confirm does not count.
        self._begun = self._begun or self._seen
        self._transfers = {a: t for a, t in self._transfers.items() if a in view.fetching}
        self.area.show(self._text)

    def _text(self, width: int) -> str:
        from rich.console import Console as Rich

        from eocanvas_apply.render.progress import board

        if self._view is None:
            return ""
        now = self._view.plan.created + timedelta(seconds=time.monotonic() - self._seen)
        paper = io.StringIO()
        colour = self.channel.colour
        rich = Rich(file=paper, width=width, color_system="standard" if colour else None, force_terminal=True)
        rich.print(board(self._view, self._transfers, now, self._left(), width))
        return paper.getvalue()

    def _left(self) -> timedelta | None:
        if self.wait is None or self._begun is None:
            return None
        return self.wait - timedelta(seconds=time.monotonic() - self._begun)
