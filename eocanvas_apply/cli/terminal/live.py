"""What is drawn in place at the bottom of a terminal, with lines written above it."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from eocanvas_apply.cli.terminal.console import Channel

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TICK_S = 1.0


class LiveArea:
    """The last lines of a terminal. It leaves nothing behind when it is closed, and the cursor where it may stay.

    What is drawn is rendered again with the width of the terminal (a column less, so that nothing wraps) each time.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._text: Callable[[int], str] = lambda _: ""
        self._drawn: list[str] = []

    def show(self, text: Callable[[int], str]) -> None:
        """Draw this from now on, until it is closed."""
        self._text = text
        self._channel.area = self
        self.redraw()

    def redraw(self) -> None:
        """Draw it as it is now, for the size that the terminal has now; nothing before anything is shown."""
        if self._channel.area is self:
            self._draw("")

    def write(self, text: str) -> None:
        """Write lines above what is drawn."""
        self._draw(text if text.endswith("\n") else f"{text}\n")

    def close(self) -> None:
        """Wipe it off; from then on the channel writes as ever."""
        self._channel.area = None
        self._channel.put(self._erasing())
        self._drawn = []

    def _draw(self, text: str) -> None:
        erasing = self._erasing()
        columns, rows = self._size()
        lines = self._text(columns - 1).splitlines()
        self._drawn = lines if _height(lines, columns) < rows else [*_fitting(lines, columns, rows - 2), "…"]
        self._channel.put(erasing + text + "".join(f"{line}\n" for line in self._drawn))

    def _erasing(self) -> str:
        # A terminal that was made narrower has wrapped what was drawn.
        height = _height(self._drawn, self._size()[0])
        return f"\r\x1b[{height}A\x1b[J" if height else ""

    def _size(self) -> tuple[int, int]:
        try:
            columns, rows = os.get_terminal_size(self._channel.stream.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
        return columns or 80, rows or 24


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


def _fitting(lines: list[str], columns: int, rows: int) -> list[str]:
    """Return as many of the first lines as fit."""
    count = next((n for n in range(len(lines), 0, -1) if _height(lines[:n], columns) <= rows), 0)
    return lines[:count]


def _height(lines: list[str], columns: int) -> int:
    return sum(max(1, -(-len(_COLOUR.sub("", line)) // columns)) for line in lines)
