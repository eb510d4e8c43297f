"""The two output channels: stdout for the result and nothing else, stderr for progress and diagnostics."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.render.layout import Style


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command ends with: exit code, findings, and its result as text and as fields of a JSON document.

    Only the one that was asked for is rendered.
    """

    exit: Exit = Exit.DONE
    diagnostics: Sequence[Diagnostic] = ()
    text: Callable[[Style], str] = lambda _: ""
    fields: Callable[[], Mapping[str, object]] = dict


class Area(Protocol):
    """What is drawn at the bottom of a terminal."""

    def write(self, text: str) -> None:
        """Write lines above it."""

    def close(self) -> None:
        """Wipe it off."""


@dataclass(slots=True)
class Channel:
    """A stream that survives its reader: writing to a closed pipe is forgotten, not fatal.

    Where something is drawn at the bottom of a terminal, that `area` takes what is written meanwhile.
    """

    stream: TextIO
    colour: bool = False
    area: Area | None = None
    fault: OSError | None = field(default=None, init=False)
    _gone: bool = field(default=False, init=False)

    @property
    def style(self) -> Style:
        """How to colour what goes here."""
        return Style(self.colour)

    @property
    def can_redraw(self) -> bool:
        """Whether it is a terminal on which lines can be drawn over."""
        return self.stream.isatty() and os.environ.get("TERM") != "dumb"

    def write(self, text: str) -> None:
        """Write and flush. What the stream's encoding lacks is written as an escape."""
        if self.area is not None:
            self.area.write(text)
        else:
            self.put(text)

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


@dataclass(slots=True)
class Console:
    """The two channels and the format that was asked for."""

    out: Channel
    err: Channel
    as_json: bool = False
    _reported: set[Diagnostic] = field(default_factory=set, init=False)

    def say(self, line: str) -> None:
        """Write one line to stderr."""
        self.err.write(line + "\n")

    def finish(self, command: str, outcome: Outcome) -> None:
        """Write the result, and the findings where they belong in the format asked for."""
        for channel in (self.out, self.err):
            if channel.area is not None:
                channel.area.close()
        if self.as_json:
            self.out.write(self._document(command, outcome))
            return
        text = outcome.text(self.out.style)
        self.report(outcome.diagnostics)
        self.out.write(text)

    def report(self, diagnostics: Sequence[Diagnostic]) -> None:
        """Show findings on stderr; each once, however often a command reports it."""
        fresh = [found for found in dict.fromkeys(diagnostics) if found not in self._reported]
        if fresh:
            from eocanvas_apply.render import diagnostics as render

            self._reported.update(fresh)
            self.err.write(render.text(fresh, self.err.style))

    def _document(self, command: str, outcome: Outcome) -> str:
        from eocanvas_apply.render import diagnostics as render

        document = render.document(command, outcome.fields(), outcome.exit, outcome.diagnostics)
        utf8 = (self.out.stream.encoding or "utf-8").lower().replace("-", "") == "utf8"
        return json.dumps(document, indent=2, ensure_ascii=not utf8) + "\n"


def standard(*, colour: bool = True) -> Console:
    """Return the console of this process; colours only on a terminal that wants them."""
    wanted = colour and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    out, err = _open(sys.stdout), _open(sys.stderr)
    return Console(Channel(out, wanted and out.isatty()), Channel(err, wanted and err.isatty()))


def _open(stream: TextIO | None) -> TextIO:
    # Closed before we started, Python has none. Its number must not go to the ledger's file instead.
    return Path(os.devnull).open("w", encoding="utf-8") if stream is None else stream
