"""How a run is shown: a table drawn in place on a terminal with what ended above it, elsewhere one line an event."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.cli.terminal.channel import Channel, LiveArea
from eocanvas_apply.cli.terminal.console import Console

if TYPE_CHECKING:
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.report.progress import Progress, View
    from eocanvas_apply.report.watched_run import WatchedRun

_TICK_S = 1.0
# So many running jobs are named, and their logs read.
MOST_NAMED = 5
# As wide as the time with which a line begins.
_INDENT = " " * 9
_SILENCE_S = 60.0


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
        lines = Lines(console.err)
        engine.report = lines.write
        if wait != timedelta():
            engine.show = lines.show
        yield
        return
    from eocanvas_apply.engine.log_tails import LogTails
    from eocanvas_apply.report.watched_run import WatchedRun

    async with live(console.err) as area:
        picture = _Picture(console.err, area, WatchedRun(wait), LogTails(engine.service).of)
        engine.report, engine.show = picture.write, picture.show
        try:
            yield
        finally:
            picture.close()


class Lines(Struct):
    """One line an event, and what a run waits for: when it begins to wait, and after each minute without an event."""

    channel: Channel
    _waits: bool = False
    _written: float = 0.0

    def write(self, progress: Progress) -> None:
        """Write one event."""
        from eocanvas_apply.render.progress import line

        # How far a download is changes every second: too much for a line each.
        if progress.transfer is None:
            self._write(line(progress, self.channel.style))

    def show(self, view: View) -> None:
        """Write what the run waits for, where it is time to."""
        from eocanvas_apply.render.progress import waiting

        if view.look_in and not (self._waits and time.monotonic() - self._written < _SILENCE_S):
            self._waits = True
            self._write(waiting(view))

    def _write(self, text: str) -> None:
        self._written = time.monotonic()
        self.channel.write(self.channel.style.wrap(text, _INDENT) + "\n")


class _Picture(Struct):
    """The table, and lines above it for what ended or needs action; `tails` reads the logs of running jobs."""

    channel: Channel
    area: LiveArea
    run: WatchedRun
    tails: Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
    _said: Mapping[str, str] = field(default_factory=dict)
    _reading: asyncio.Task[None] | None = None

    def write(self, progress: Progress) -> None:
        self.run.hear(progress)
        if progress.transfer is None and progress.is_news:
            Lines(self.channel).write(progress)

    def show(self, view: View) -> None:
        if self.run.see(view, time.monotonic()):
            self._read_logs(view)
        self.area.show(self._text)

    def close(self) -> None:
        if self._reading:
            self._reading.cancel()

    def _read_logs(self, view: View) -> None:
        """Begin to read what the jobs that are shown say, once a look, unless that is still under way."""
        job_ids = [job.job_id for job in view.running[:MOST_NAMED]]
        if job_ids and (self._reading is None or self._reading.done()):
            self._reading = asyncio.ensure_future(self._read(job_ids))

    async def _read(self, job_ids: Sequence[str]) -> None:
        self._said = await self.tails(job_ids)

    def _text(self, width: int) -> str:
        from rich.console import Console as Rich

        from eocanvas_apply.render.progress import board

        view = self.run.view
        if view is None:
            return ""
        moment = self.run.moment(view, time.monotonic())
        paper = io.StringIO()
        colour = self.channel.colour
        rich = Rich(file=paper, width=width, color_system="standard" if colour else None, force_terminal=True)
        rich.print(board(view, self.run.transfers, self._said, moment, width, self.area.most_lines))
        return paper.getvalue()
