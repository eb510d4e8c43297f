"""How addresses end where an apply stops: the table of reasons, and what follows from failures."""

from __future__ import annotations

from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.reasons import JOB_ROWS, KEY_ROWS, Reason

R = Reason
# Part 8 of the design.
ENDS = {
    Outcome.DONE: {R.DONE, R.KEPT, R.UNCHANGED, R.EXISTING, R.NOT_NEEDED, R.IN_USE},
    Outcome.FAILED: {R.FAILED, R.NO_RESULT, R.RESULTS_GONE},
    Outcome.WAITING: {R.WAITS_FOR, R.DRAINING, R.HELD_CANARY, R.HELD_STOPPED, R.HELD_BUDGET},
    Outcome.SKIPPED: {R.SKIPPED, R.CANCELLED, R.OUT_OF_WINDOW, R.NOT_SELECTED, R.CANNOT_TELL},
}


def test_a_reason_for_no_action_has_one_outcome() -> None:
    rows = [row for row in (*KEY_ROWS.values(), *JOB_ROWS.values()) if row.action is ActionKind.NONE]
    assert {kind: {row.reason for row in rows if row.outcome is kind} for kind in Outcome} == ENDS


def test_what_is_not_carried_out_yet_is_unfinished() -> None:
    rows = (*KEY_ROWS.values(), *JOB_ROWS.values())
    assert {row.outcome for row in rows if row.action is not ActionKind.NONE} == {Outcome.WAITING}
