"""The two output channels: stdout for the result and nothing else, stderr for progress and diagnostics."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.interruption import DOCUMENTS
from eocanvas_apply.cli.terminal.channel import Channel, opened
from eocanvas_apply.diagnostics import Diagnostic, error

if TYPE_CHECKING:
    from eocanvas_apply.render.layout import Style


class Outcome(Struct, frozen=True):
    """What a command ends with: exit code, findings, and its result as text and as fields of a JSON document.

    Only the one that was asked for is rendered. With `is_told` the text is for people, whatever format was asked for.
    """

    exit: Exit = Exit.DONE
    diagnostics: Sequence[Diagnostic] = ()
    text: Callable[[Style], str] = lambda _: ""
    fields: Callable[[], Mapping[str, object]] = dict
    is_told: bool = False


class Console(Struct):
    """The two channels, the format that was asked for, and the manifest that it is about."""

    out: Channel
    err: Channel
    format: str = "text"
    manifest: str = "eocanvas.yaml"
    _completed: Callable[[Diagnostic], Diagnostic] | None = None
    _reported: set[Diagnostic] = field(default_factory=set)

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
        from eocanvas_apply.cli.source_paths import in_repository
        from eocanvas_apply.render.ci.finding import report
        from eocanvas_apply.render.ci.formats import FORMATS

        shown = in_repository(os.environ)
        return FORMATS[self.format](report(command, outcome.exit, self.manifest, found, shown))

    def _written(self, document: object) -> str:
        if isinstance(document, str):
            return document
        import json

        utf8 = (self.out.stream.encoding or "utf-8").lower().replace("-", "") == "utf8"
        return json.dumps(document, indent=2, ensure_ascii=not utf8) + "\n"


def standard(*, colour: bool = True) -> Console:
    """Return the console of this process; colours only on a terminal that wants them, or where they are forced."""
    forced = os.environ.get("FORCE_COLOR", "0") not in ("", "0")
    wanted = colour and not os.environ.get("NO_COLOR") and (forced or os.environ.get("TERM") != "dumb")
    streams = opened(sys.stdout), opened(sys.stderr)
    out, err = (Channel(each, colour=wanted and (forced or each.isatty())) for each in streams)
    return Console(out, err)
