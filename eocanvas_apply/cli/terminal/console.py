"""The two output channels: stdout for the result and nothing else, stderr for progress and diagnostics."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.interruption import DOCUMENTS
from eocanvas_apply.cli.source_paths import in_repository
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.render.layout import Style

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command ends with: exit code, findings, and its result as text and as fields of a JSON document.

    Only the one that was asked for is rendered. With `is_told` the text is for people, whatever format was asked for.
    """

    exit: Exit = Exit.DONE
    diagnostics: Sequence[Diagnostic] = ()
    text: Callable[[Style], str] = lambda _: ""
    fields: Callable[[], Mapping[str, object]] = dict
    is_told: bool = False


@dataclass(slots=True)
class Channel:
    """A stream that survives its reader: writing to a closed pipe is forgotten, not fatal.

    Where something is drawn at the bottom of a terminal, that `area` takes what is written meanwhile. `completed` gives
    commands that a text names the options of this run.
    """

    stream: TextIO
    colour: bool = False
    area: LiveArea | None = None
    completed: Callable[[str], str] = str
    fault: OSError | None = field(default=None, init=False)
    _gone: bool = field(default=False, init=False)

    @property
    def style(self) -> Style:
        """How to colour what goes here, and how wide a terminal it goes to."""
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
    return sum(max(1, -(-len(_COLOUR.sub("", line)) // columns)) for line in lines)


@dataclass(slots=True)
class Console:
    """The two channels, the format that was asked for, and the manifest that it is about."""

    out: Channel
    err: Channel
    format: str = "text"
    manifest: str = "eocanvas.yaml"
    _completed: Callable[[Diagnostic], Diagnostic] | None = field(default=None, init=False)
    _reported: set[Diagnostic] = field(default_factory=set, init=False)

    @property
    def as_json(self) -> bool:
        """Whether the result is to be the JSON document of the command."""
        return self.format == "json"

    def complete(self, text: Callable[[str], str], diagnostic: Callable[[Diagnostic], Diagnostic]) -> None:
        """Let commands that texts and diagnostics name from now on have the options that the person gave."""
        self._completed = diagnostic
        self.out.completed = self.err.completed = text

    def say(self, line: str) -> None:
        """Write one line to stderr."""
        self.err.write(line + "\n")

    def finish(self, command: str, outcome: Outcome) -> None:
        """Write the result, and the findings where they belong in the format asked for."""
        for channel in (self.out, self.err):
            if channel.area is not None:
                channel.area.close()
        if self.format in DOCUMENTS:
            self.out.put(self._written(self._document(command, outcome)))
            return
        text = outcome.text(self.out.style)
        self.report(outcome.diagnostics)
        # Other formats than text are read by programs.
        (self.out.write if self.format == "text" or outcome.is_told else self.out.put)(text)

    def report(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show findings on stderr; each once, however often a command reports it."""
        fresh = [found for found in dict.fromkeys(diagnostics) if found not in self._reported]
        if fresh:
            from eocanvas_apply.render import diagnostics as render

            self._reported.update(fresh)
            self.err.write(render.text(fresh, self.err.style))

    def report_lost_result(self) -> bool:
        """Return whether the result could not be written, and say so where that is so."""
        if self.out.fault is None:
            return False
        self.report([error("output", f"the result could not be written: {self.out.fault.strerror}")])
        return True

    def _document(self, command: str, outcome: Outcome) -> object:
        found = [self._completed(each) if self._completed else each for each in outcome.diagnostics]
        if self.as_json:
            from eocanvas_apply.render import diagnostics as render

            return render.document(command, outcome.fields(), outcome.exit, found)
        from eocanvas_apply.render.ci.finding import report
        from eocanvas_apply.render.ci.formats import FORMATS

        shown = in_repository(os.environ)
        return FORMATS[self.format](report(command, outcome.exit, self.manifest, found, shown))

    def _written(self, document: object) -> str:
        if isinstance(document, str):
            return document
        utf8 = (self.out.stream.encoding or "utf-8").lower().replace("-", "") == "utf8"
        return json.dumps(document, indent=2, ensure_ascii=not utf8) + "\n"


def standard(*, colour: bool = True) -> Console:
    """Return the console of this process; colours only on a terminal that wants them, or where they are forced."""
    forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    wanted = colour and not os.environ.get("NO_COLOR") and (forced or os.environ.get("TERM") != "dumb")
    out, err = _open(sys.stdout), _open(sys.stderr)
    return Console(Channel(out, wanted and (forced or out.isatty())), Channel(err, wanted and (forced or err.isatty())))


def _open(stream: TextIO | None) -> TextIO:
    # Closed before we started, Python has none. Its number must not go to the ledger's file instead.
    return Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream
