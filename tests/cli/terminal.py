"""A real pseudo-terminal to run commands on, and the text that a person would see on it."""

from __future__ import annotations

import fcntl
import os
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_PIECE = re.compile(r"\x1b\[(\d*)([A-Za-z])|\x1b\[[\d;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]")


@dataclass
class Screen:
    """As much of a terminal as the program uses: wrapping, going up, erasing to the end, colours ignored.

    What scrolls off the top stays in `rows`: it is what a person finds when scrolling back.
    """

    columns: int
    rows: list[list[str]] = field(default_factory=lambda: [[]])
    row: int = 0
    column: int = 0

    def feed(self, text: str) -> None:
        for piece in _PIECE.finditer(text):
            self._take(piece)

    def _take(self, piece: re.Match[str]) -> None:
        number, command, shown = piece[1], piece[2], piece[0]
        if command == "A":
            self.row = max(self.row - int(number or 1), 0)
        elif command == "J":
            del self.rows[self.row + 1 :]
            del self.rows[self.row][self.column :]
        elif shown == "\r":
            self.column = 0
        elif shown == "\n":
            self._down()
        elif not shown.startswith("\x1b"):
            self._put(shown)

    def _down(self) -> None:
        self.row, self.column = self.row + 1, 0
        while len(self.rows) <= self.row:
            self.rows.append([])

    def _put(self, shown: str) -> None:
        if self.column >= self.columns:
            self._down()
        line = self.rows[self.row]
        line[self.column : self.column + 1] = [*" " * (self.column - len(line)), shown]
        self.column += 1

    @property
    def text(self) -> str:
        return "\n".join("".join(line).rstrip() for line in self.rows)


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, *words: str, columns: int = 100, rows: int = 30, **environ: str) -> None:
        self.master, slave = os.openpty()
        self.resize(columns, rows)
        environ = {**os.environ, "TERM": "xterm", **environ}
        command = [sys.executable, "-m", "eocanvas_apply", *words]
        self.process = subprocess.Popen(
            command, cwd=ROOT, stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
        )
        os.close(slave)
        self.screen = Screen(columns)
        self.said = ""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def until(self, holds: Callable[[str], bool], timeout: float = 30.0) -> str:
        """Read until the text of the screen meets a condition; return it."""
        ends = time.monotonic() + timeout
        while not holds(self.screen.text):
            assert time.monotonic() < ends, self.screen.text
            if not self._read(0.2) and self.process.poll() is not None:
                assert holds(self.screen.text), self.screen.text
        return self.screen.text

    def ended(self, timeout: float = 30.0) -> int:
        """Read to the end and return the exit code."""
        ends = time.monotonic() + timeout
        while self._read(0.2) or self.process.poll() is None:
            assert time.monotonic() < ends, self.screen.text
        return self.process.returncode

    def _read(self, wait: float) -> bool:
        if not select.select([self.master], [], [], wait)[0]:
            return False
        try:
            text = os.read(self.master, 65536).decode()
        except OSError:
            # The other side is closed.
            return False
        self.said += text
        self.screen.feed(text.replace("\r\n", "\n"))
        return bool(text)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.master)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
