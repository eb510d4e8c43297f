"""The one table of exit codes, and which one holds when several do."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum

from eocanvas_apply.errors import PlanStale, SafetyRefusal


class Exit(IntEnum):
    """What a command ends with."""

    DONE = 0
    ERROR = 1
    PENDING = 2
    UNFINISHED = 3
    FAILED = 4
    REFUSED = 5
    STALE = 6
    DECISION = 7
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS = {
    Exit.DONE: "done, or nothing to do",
    Exit.ERROR: "an error, also one of usage",
    Exit.PENDING: "changes are pending (only plan --detailed-exitcode)",
    Exit.UNFINISHED: "unfinished: jobs wait or run",
    Exit.FAILED: "an action or a job failed in this run",
    Exit.REFUSED: "refused by a safety rule, or not confirmed",
    Exit.STALE: "the accepted plan does not hold any more",
    Exit.DECISION: "a decision is needed (see: resolve)",
    Exit.INTERRUPTED: "interrupted (Ctrl-C)",
    Exit.TERMINATED: "terminated (SIGTERM)",
}

PRECEDENCE = (
    *(Exit.INTERRUPTED, Exit.TERMINATED, Exit.ERROR, Exit.REFUSED, Exit.STALE),
    *(Exit.DECISION, Exit.FAILED, Exit.UNFINISHED, Exit.PENDING, Exit.DONE),
)


class Stopped(Exception):
    """A signal came while a question was open; `code` is what the command ends with."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


def weightiest(codes: Iterable[Exit]) -> Exit:
    """Return the one that holds when several do; none at all is DONE."""
    return min(codes, key=PRECEDENCE.index, default=Exit.DONE)


def of_exception(exception: BaseException) -> Exit:
    """Return what a command ends with that this exception ended."""
    if isinstance(exception, Stopped):
        return exception.code
    if isinstance(exception, KeyboardInterrupt):
        return Exit.INTERRUPTED
    if isinstance(exception, SafetyRefusal):
        return Exit.REFUSED
    if isinstance(exception, PlanStale):
        return Exit.STALE
    return Exit.ERROR
