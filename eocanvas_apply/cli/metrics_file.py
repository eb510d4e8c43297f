"""The file of `--metrics`: written when a command ends, whatever became of it."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.cli.guard import of_exception
from eocanvas_apply.cli.terminal.console import Outcome
from eocanvas_apply.diagnostics import warning
from eocanvas_apply.vocabulary import NO_ENVIRONMENT

if TYPE_CHECKING:
    from eocanvas_apply.api.exit_codes import Exit
    from eocanvas_apply.report.status import Status


class MetricsFile(Struct, frozen=True):
    """The file that a command was asked to write, if it was."""

    path: Path | None
    project: str
    environment: str
    command: str

    @classmethod
    def of(cls, args: Namespace, command: str, project: str) -> MetricsFile:
        """Return the file of these arguments; not every command has the option."""
        file = getattr(args, "metrics", None)
        return cls(Path(file) if file else None, project, args.env or NO_ENVIRONMENT, command)

    @contextmanager
    def also_of_faults(self) -> Iterator[None]:
        """Write how the command ended where an exception ends it."""
        try:
            yield
        except BaseException as fault:
            # What ended the command is reported, and not that the file could not be written either.
            with suppress(OSError):
                self._write(of_exception(fault), None)
            raise

    def written(self, outcome: Outcome, status: Status | None) -> Outcome:
        """Write where everything stands; return the outcome, with a warning where the file could not be written."""
        try:
            self._write(outcome.exit, status)
        except OSError as fault:
            message = f"{self.path}: the metrics cannot be written: {fault.strerror or fault}"
            found = warning("metrics-unwritable", message, "check its folder; nothing else changes by it")
            return replace(outcome, diagnostics=(*outcome.diagnostics, found))
        return outcome

    def _write(self, code: Exit, status: Status | None) -> None:
        if self.path is None:
            return
        from eocanvas_apply.files import replace_output
        from eocanvas_apply.render.ci.metrics import BEGINNING, RunEnd, text

        end = RunEnd(self.project, self.environment, self.command, datetime.now(UTC), int(code))
        replace_output(self.path, text(end, status), BEGINNING)
