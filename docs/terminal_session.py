"""Commands on a real terminal, recorded, and played again by one SVG that needs neither a script nor a network."""

from __future__ import annotations

import html
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fcntl import ioctl
from itertools import groupby, pairwise
from pathlib import Path

import pyte
from pyte.screens import Char

COLUMNS, ROWS = 100, 30
_WIDTH, _HEIGHT, _MARGIN = 8.4, 18, 14
# The waiting is shortened, and the end stands for longer.
_LONGEST_PAUSE_S, _AFTER_COMMAND_S, _AT_END_S, _KEY_S = 1.2, 2.5, 6.0, 0.06
_COLOURS = {
    "default": "#d7dae0",
    "black": "#3b4048",
    "red": "#f2777a",
    "green": "#8fd18f",
    "brown": "#e6c07b",
    "blue": "#7ab0f5",
    "magenta": "#d19ae0",
    "cyan": "#6cc7d1",
    "white": "#ffffff",
    "brightblack": "#8b919c",
}
Line = tuple[Char, ...]
Frame = tuple[Line, ...]


@dataclass
class Recording:
    """A terminal with what was shown on it, and for how long; `folder` and `environ` are those of the commands."""

    folder: Path
    environ: Mapping[str, str]
    frames: list[tuple[Frame, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.Stream(self.screen)

    def run(self, command: str, answer: str = "") -> int:
        """Type a command, run it on a terminal, and give the answer where it asks; return its exit code."""
        self._show("$ ", 0.6)
        for key in command:
            self._show(key, _KEY_S)
        self._show("\r\n", 0.3)
        code = self._carry_out([sys.executable, "-m", "eocanvas_apply", *command.split()[1:]], answer)
        self._show("", _AFTER_COMMAND_S)
        return code

    def _carry_out(self, words: Sequence[str], answer: str) -> int:
        master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        with subprocess.Popen(  # noqa: S603
            words, cwd=self.folder, env=self.environ, stdin=slave, stdout=slave, stderr=slave, start_new_session=True
        ) as process:
            os.close(slave)
            for text, lasted in _read(master):
                self._show(text, lasted)
                if answer and text.rstrip().endswith(":"):
                    self._show("", 1.0)
                    os.write(master, f"{answer}\n".encode())
                    answer = ""
            code = process.wait()
        os.close(master)
        return code

    def _show(self, text: str, lasts: float) -> None:
        """Feed the terminal, and let it stay like that for this long."""
        self._stream.feed(text)
        frame = tuple(self._line(row) for row in range(ROWS))
        if self.frames and self.frames[-1][0] == frame:
            lasts += self.frames.pop()[1]
        self.frames.append((frame, lasts))

    def _line(self, row: int) -> Line:
        return tuple(self.screen.buffer[row][column] for column in range(COLUMNS))


def _read(master: int) -> Iterator[tuple[str, float]]:
    """Yield what a program writes, and how long nothing came after it."""
    text, since = "", time.monotonic()
    while True:
        ready, _, _ = select.select([master], [], [], 0.05)
        try:
            data = os.read(master, 65536) if ready else b""
        except OSError:
            break
        if ready and not data:
            break
        if data and text and time.monotonic() - since > 0.1:
            yield text, min(time.monotonic() - since, _LONGEST_PAUSE_S)
            text = ""
        if data:
            text, since = text + data.decode(errors="replace"), time.monotonic()
        elif text and text.rstrip().endswith(":"):
            yield text, 0.1
            text = ""
    yield text, 0.1


def animated(recording: Recording, title: str) -> str:
    """Return the recording as SVG: all frames lie below each other, and one at a time moves into the picture."""
    frames = [*recording.frames[:-1], (recording.frames[-1][0], _AT_END_S)]
    lines = list(dict.fromkeys(line for frame, _ in frames for line in frame if _text(line)))
    names = {line: f"l{number}" for number, line in enumerate(lines)}
    width, height = COLUMNS * _WIDTH + 2 * _MARGIN, ROWS * _HEIGHT + 2 * _MARGIN
    whole = sum(lasts for _, lasts in frames)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" role="img">',
        f"<title>{html.escape(title)}</title>",
        f"<style>{_style(frames, whole, height)}</style>",
        "<defs>",
        *(f'<g id="{names[line]}">{_drawn(line)}</g>' for line in lines),
        "</defs>",
        '<rect width="100%" height="100%" rx="8" fill="#1d2026"/>',
        f'<svg width="{width:.0f}" height="{height}"><g class="f">',
        *(_frame(frame, names, number * height) for number, (frame, _) in enumerate(frames)),
        "</g></svg></svg>\n",
    ]
    return "\n".join(parts)


def _style(frames: Sequence[tuple[Frame, float]], whole: float, height: int) -> str:
    begins = [0.0]
    for _, lasts in frames:
        begins.append(begins[-1] + lasts)
    steps = "".join(
        f"{100 * begin / whole:.3f}%{{transform:translateY(-{number * height}px)}}"
        for number, (begin, _) in enumerate(pairwise(begins))
    )
    last = (len(frames) - 1) * height
    return (
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;white-space:pre}"
        f".f{{animation:play {whole:.1f}s step-end infinite}}@keyframes play{{{steps}}}"
        f"@media(prefers-reduced-motion:reduce){{.f{{animation:none;transform:translateY(-{last}px)}}}}"
    )


def _frame(frame: Frame, names: Mapping[Line, str], top: int) -> str:
    return "".join(
        f'<use href="#{names[line]}" x="{_MARGIN}" y="{top + _MARGIN + row * _HEIGHT}"/>'
        for row, line in enumerate(frame)
        if line in names
    )


def _drawn(line: Line) -> str:
    """Return the text of a line, piece by piece of one colour, each as wide as its cells."""
    parts, column = [], 0
    for (colour, bold), cells in groupby(line, lambda cell: (cell.fg, cell.bold)):
        text = "".join(cell.data for cell in cells)
        if shown := text.rstrip():
            begin = column + len(shown) - len(shown.lstrip())
            weight = ' font-weight="bold"' if bold else ""
            parts.append(
                f'<text x="{begin * _WIDTH:.1f}" y="14" fill="{_COLOURS.get(colour, _COLOURS["default"])}"{weight} '
                f'textLength="{len(shown.lstrip()) * _WIDTH:.1f}">{html.escape(shown.lstrip())}</text>'
            )
        column += len(text)
    return "".join(parts)


def _text(line: Line) -> str:
    return "".join(cell.data for cell in line).strip()
