"""The one place where an exception becomes diagnostics and an exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from eocanvas_apply.api.exit_codes import Exit, weightiest
from eocanvas_apply.cli.interruption import PROCESS
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.signals import Stopped, at_work
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import EocanvasApplyError, PlanStale, SafetyRefusal

PACKAGE = Path(__file__).parent.parent
# They say all there is to know; what else comes is a fault of ours or of the system, and -v shows where.
_EXPECTED = (EocanvasApplyError, KeyboardInterrupt, Stopped)


def guarded(command: str, console: Console, work: Callable[[], Outcome], *, verbose: bool) -> int:
    """Run the work, write its outcome and return the exit code. No exception leaves it."""
    try:
        with at_work():
            outcome = work()
        PROCESS.ends(outcome.exit)
        console.finish(command, outcome)
    except (KeyboardInterrupt, Exception) as exception:  # noqa: BLE001 - this is the last place that can
        outcome = Outcome(of_exception(exception), _diagnostics(exception))
        PROCESS.ends(outcome.exit)
        if verbose and not isinstance(exception, _EXPECTED):
            console.say(_traceback(exception))
        console.finish(command, outcome)
    code = _final(outcome.exit, console)
    PROCESS.wrote(code)
    return code


def of_exception(exception: BaseException) -> Exit:
    """Return the exit code of a command that this exception ended."""
    if isinstance(exception, Stopped):
        return exception.code
    if isinstance(exception, SafetyRefusal) and exception.faults:
        return weightiest((Exit.REFUSED, Exit.ERROR))
    table = {KeyboardInterrupt: Exit.INTERRUPTED, SafetyRefusal: Exit.REFUSED, PlanStale: Exit.STALE}
    return next((code for kind, code in table.items() if isinstance(exception, kind)), Exit.ERROR)


def _diagnostics(exception: BaseException) -> tuple[Diagnostic, ...]:
    if isinstance(exception, EocanvasApplyError):
        return exception.diagnostics
    if isinstance(exception, KeyboardInterrupt | Stopped):
        return (error("interrupted", "interrupted"),)
    if isinstance(exception, OSError) and exception.strerror:
        what = f"{exception.filename}: {exception.strerror}" if exception.filename else exception.strerror
        return (error("system", what, "reported by the operating system; everything recorded so far is kept"),)
    return (_internal(exception),)


def _traceback(exception: BaseException) -> str:
    """Return it without the secrets that this process knows."""
    import traceback

    from eocanvas_apply.secrets.scrubbing import SCRUBBER

    return SCRUBBER.scrub("".join(traceback.format_exception(exception)))


def _internal(exception: BaseException) -> Diagnostic:
    """Return one line. The exception's own text stays out: it may hold anything."""
    import traceback

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
    return weightiest((code, Exit.ERROR)) if console.report_lost_result() else code
