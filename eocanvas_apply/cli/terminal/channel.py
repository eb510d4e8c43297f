"""A stream to the person or program that started the command, and the lines at the bottom of a terminal.

`--help` writes by it: nothing is imported before it is needed.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from eocanvas_apply.render.layout import Style

_COLOUR = r"\x1b\[[0-9;]*m"


class Channel:
    """A stream that survives its reader: writing to a closed pipe is forgotten, not fatal.

    Where something is drawn at the bottom of a terminal, that `area` takes what is written meanwhile. `completed` gives
    commands that a text names the options of this run. `fault` is why what was written last is lost.
    """

    def __init__(self, stream: TextIO, *, colour: bool = False) -> None:
        self.stream = stream
        self.colour = colour
        self.area: LiveArea | None = None
        self.completed: Callable[[str], str] = str
        self.fault: OSError | None = None
        self._gone = False

    @property
    def style(self) -> Style:
        """How to colour what goes here, and how wide a terminal it goes to."""
        from eocanvas_apply.render.layout import Style

        return Style(self.colour, self.columns)

    @property
    def can_redraw(self) -> bool:
        """Whether it is a terminal on which lines can be drawn over."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    @property
    def columns(self) -> int | None:
        """How wide the terminal is; None where it is none."""
        return self.size()[0] if self.stream.isatty() else None

    def size(self) -> tuple[int, int]:
        """Return columns and rows of the terminal, 80 and 24 where it tells none."""
        try:
            columns, rows = os.get_terminal_size(self.stream.fileno())
        except (OSError, ValueError):
            columns, rows = 0, 0
        return columns or 80, rows or 24

    def write(self, text: str) -> None:
        """Write a text for people and flush. What the stream's encoding lacks is written as an escape."""
        text = self._with_options(text)
        if self.area is not None:
            self.area.write(text)
        else:
            self.put(text)

    def _with_options(self, text: str) -> str:
        """Return the text with its commands completed; a line that is too long for the terminal then is wrapped."""
        whole = self.completed(text)
        before, after = text.split("\n"), whole.split("\n")
        # What a person gives may have several lines.
        if self.columns is None or len(before) != len(after):
            return whole
        lines = zip(before, after, strict=True)
        return "\n".join(line if line == short else self.style.wrap(line) for short, line in lines)

    def put(self, text: str) -> None:
        """Write where the cursor is, whatever is drawn there."""
        if self._gone or not text:
            return
        try:
            self.stream.write(self._encodable(text))
            self.stream.flush()
        except BrokenPipeError:
            self._abandon()
        except OSError as fault:
            self.fault = fault
            self._abandon()

    def _encodable(self, text: str) -> str:
        encoding = self.stream.encoding or "utf-8"
        return text.encode(encoding, "backslashreplace").decode(encoding)

    def _abandon(self) -> None:
        """Point the file descriptor nowhere, so that the interpreter's last flush does not complain."""
        self._gone = True
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            pass


class LiveArea:
    """The last lines of a terminal. It leaves nothing behind when it is closed, and the cursor where it may stay.

    What is drawn is rendered again with the width of the terminal (a column less, so that nothing wraps) each time.
    """

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._text: Callable[[int], str] = lambda _: ""
        self._drawn: list[str] = []

    @property
    def most_lines(self) -> int:
        """How many lines can be drawn so that the cursor stays on the screen."""
        return self._size()[1] - 1

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
        return self._channel.size()


def _fitting(lines: list[str], columns: int, rows: int) -> list[str]:
    """Return as many of the first lines as fit."""
    return lines[: next((n for n in range(len(lines), 0, -1) if _height(lines[:n], columns) <= rows), 0)]


def _height(lines: list[str], columns: int) -> int:
    import re

    return sum(max(1, -(-len(re.sub(_COLOUR, "", line)) // columns)) for line in lines)


def opened(stream: TextIO | None) -> TextIO:
    """Return a stream of this process, or one that leads nowhere where it was closed before the process began."""
    # Its number must not go to the ledger's file instead.
    return open(os.devnull, "w", encoding="utf-8") if stream is None else stream  # noqa: PTH123
