"""The one place where what ends a command becomes words and an exit code."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from pathlib import Path

from eocanvas_apply.cli.exit_codes import Exit, Stopped, of_exception, weightiest
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.signals import ending_on_sigterm
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.secrets.scrubbing import SCRUBBER

PACKAGE = Path(__file__).parent.parent


def guarded(command: str, console: Console, work: Callable[[], Outcome], *, verbose: bool) -> int:
    """Run the work, write what came of it, and return the exit code. No exception leaves it."""
    try:
        with ending_on_sigterm():
            outcome = work()
        console.finish(command, outcome)
    except (KeyboardInterrupt, Exception) as exception:  # noqa: BLE001 - this is the last place that can
        outcome = Outcome(of_exception(exception), _diagnostics(exception))
        if verbose and not isinstance(exception, EocanvasApplyError):
            console.say(SCRUBBER.scrub("".join(traceback.format_exception(exception))))
        console.finish(command, outcome)
    return _final(outcome.exit, console)


def _diagnostics(exception: BaseException) -> tuple[Diagnostic, ...]:
    if isinstance(exception, EocanvasApplyError):
        return exception.diagnostics
    if isinstance(exception, KeyboardInterrupt | Stopped):
        return (error("interrupted", "interrupted"),)
    if isinstance(exception, OSError) and exception.strerror:
        return (_of_system(exception),)
    return (_internal(exception),)


def _of_system(trouble: OSError) -> Diagnostic:
    what = f"{trouble.filename}: {trouble.strerror}" if trouble.filename else str(trouble.strerror)
    return error("system", what, "the operating system said so; what is on record stays on record")


def _internal(exception: BaseException) -> Diagnostic:
    """Return one line. The exception's own text stays out: it may hold anything."""
    frames = traceback.extract_tb(exception.__traceback__)
    ours = [frame for frame in frames if Path(frame.filename).is_relative_to(PACKAGE)] or frames
    place = f"{Path(ours[-1].filename).name}:{ours[-1].lineno}" if ours else "nowhere"
    return error(
        "internal",
        f"internal error: {type(exception).__name__} at {place}",
        "this is a fault of eocanvas-apply; run the command again with -v and report what it shows, "
        "with the version and the manifest",
    )


def _final(code: Exit, console: Console) -> int:
    if console.out.trouble is None:
        return code
    console.report([error("output", f"the result could not be written: {console.out.trouble.strerror}")])
    return weightiest((code, Exit.ERROR))
