"""The one table of exit codes, and which one holds when several do."""

from __future__ import annotations

from enum import IntEnum

# As typing's, which the text of `--help` would pay for.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from eocanvas_apply.planning.drift import DriftReport
    from eocanvas_apply.planning.plan import Plan
    from eocanvas_apply.report.progress import Ending


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
    Exit.ERROR: "an error, also a usage error",
    Exit.PENDING: "changes are pending, or with --refresh-only: drift (plan --detailed-exitcode only)",
    Exit.UNFINISHED: "unfinished: jobs wait or run",
    Exit.FAILED: "an action failed, or a job stands failed (also from an earlier run)",
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


def weightiest(codes: Iterable[Exit]) -> Exit:
    """Return the one that holds when several do; none at all is DONE."""
    return min(codes, key=PRECEDENCE.index, default=Exit.DONE)


def of_endings(endings: Iterable[Ending], interrupted: Exit = Exit.INTERRUPTED) -> Exit:
    """Return what an apply ends with; `interrupted` tells which signal stopped it, where one did."""
    found = (Exit[ending.name] for ending in endings)
    return weightiest(interrupted if each is Exit.INTERRUPTED else each for each in found)


def of_plan(plan: Plan) -> Exit:
    """Return what `plan --detailed-exitcode` ends with: what an apply would change comes before how things stand."""
    stands = of_status(plan)
    return Exit.PENDING if plan.changes_pending and stands is not Exit.ERROR else stands


def of_drift(report: DriftReport) -> Exit:
    """Return what `plan --refresh-only --detailed-exitcode` ends with: what has moved before how things stand."""
    stands = of_status(report.plan)
    return Exit.PENDING if report.has_moved and stands is not Exit.ERROR else stands


def of_status(plan: Plan) -> Exit:
    """Return what `status --exit-code` ends with: 0, 3, 4 or 7 as things stand, 1 where the plan has errors."""
    from eocanvas_apply.planning.actions import ActionKind, Outcome, Phase
    from eocanvas_apply.report.outcomes import endings, standing

    # What an apply would do to a key is no job that runs or waits, nor is one to be forgotten or recorded as it ended.
    ended = standing(plan)
    keys = {a.address for a in plan.actions if a.address.startswith("key.") and a.action is not ActionKind.NONE}
    gone = {a.address for a in plan.actions if a.address.startswith("job.") and a.phase is Phase.LEFT_OUT}
    still = {found for address, found in ended.items() if found is not Outcome.WAITING or address not in keys | gone}
    return of_endings(endings(plan, still))
