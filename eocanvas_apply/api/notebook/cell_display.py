"""A run shown in the cell that began it: one table, drawn anew in its place. Without a kernel IPython writes lines."""

from __future__ import annotations

import io
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from eocanvas_apply.api.audience import Audience, Called
from eocanvas_apply.api.values import Progress
from eocanvas_apply.report.watched_run import Stage, WatchedRun

if TYPE_CHECKING:
    from eocanvas_apply.report.progress import Progress as Event
    from eocanvas_apply.report.progress import View

# A browser need not draw more often; what came in between is in the next picture.
_PAUSE_S = 0.5
_MOST_NEWS = 8
_WIDTH = 100


def audience_of(on_progress: Callable[[Progress], object] | Audience | None) -> Audience:
    """Return what a run reports to: the function, else the cell of a notebook or IPython's terminal, else nothing."""
    if isinstance(on_progress, Audience):
        return on_progress
    if on_progress is not None:
        return Called(on_progress)
    # Where it is not imported, the caller is a script.
    module = sys.modules.get("IPython")
    shell = module.get_ipython() if module else None
    if shell is None:
        return Audience()
    return CellDisplay() if getattr(shell, "kernel", None) else Called(_write_line)


def _write_line(event: Progress) -> None:
    _display({"text/plain": str(event)})


def _display(picture: Mapping[str, str], display_id: str | None = None, *, update: bool = False) -> None:
    from IPython.display import display

    display(dict(picture), raw=True, display_id=display_id, update=update)  # type: ignore[no-untyped-call]


@dataclass(slots=True)
class CellDisplay(Audience):
    """The display of one run: how its campaigns stand, and below it what ended or needs action."""

    _run: WatchedRun = field(default_factory=WatchedRun)
    _news: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_NEWS))
    _id: str = field(default_factory=lambda: uuid4().hex)
    _drawn: float | None = None

    @property
    def looks(self) -> bool:
        """It is."""
        return True

    def begin(self, wait: timedelta | None) -> None:
        """Begin; the display appears with the first look at the service."""
        self._run.wait = wait

    def report(self, event: Event) -> None:
        """Keep a line of what is news, and draw."""
        from eocanvas_apply.render.progress import line

        self._run.hear(event)
        if event.transfer is None and event.is_news:
            self._news.append(line(event))
        self.tick()

    def show(self, view: View) -> None:
        """Draw how the run stands."""
        self._run.see(view, time.monotonic())
        self.tick()

    def tick(self) -> None:
        """Draw, unless that was done a moment ago."""
        if self._drawn is None or time.monotonic() - self._drawn >= _PAUSE_S:
            self._draw()

    def stopping(self) -> None:
        """Draw that it is being stopped."""
        self._run.stage = Stage.STOPPING
        self._draw()

    def close(self) -> None:
        """Draw the end."""
        self._run.stage = Stage.ENDED
        self._draw()

    def _draw(self) -> None:
        view = self._run.view
        if view is None:
            return
        _display(self._picture(view), self._id, update=self._drawn is not None)
        self._drawn = time.monotonic()

    def _picture(self, view: View) -> dict[str, str]:
        from rich.console import Console

        from eocanvas_apply.render.progress import board, html

        moment = self._run.moment(view, time.monotonic())
        paper = io.StringIO()
        Console(file=paper, width=_WIDTH, color_system=None, force_jupyter=False).print(
            board(view, self._run.transfers, {}, moment, _WIDTH), *self._news, sep="\n"
        )
        page = html(view, self._run.transfers, moment, self._run.stage, list(self._news))
        return {"text/html": page, "text/plain": paper.getvalue()}
