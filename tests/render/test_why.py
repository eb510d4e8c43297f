from __future__ import annotations

import pytest

from eocanvas_apply.planning.plan import JOB_REASONS, KEY_REASONS, ActionKind, PlannedAction, Reason
from eocanvas_apply.render.advice import NEXT, advice
from eocanvas_apply.render.reasons import WORDS
from eocanvas_apply.render.why import text
from eocanvas_apply.report.why import Explanation

PAIRS = sorted({(kind, reason) for table in (KEY_REASONS, JOB_REASONS) for kind in table for reason in table[kind]})


def _of(kind: ActionKind, reason: Reason) -> PlannedAction:
    table = "job" if reason in JOB_REASONS.get(kind, ()) else "key"
    return PlannedAction(f"{table}.a", kind, reason)


@pytest.mark.parametrize(("kind", "reason"), PAIRS)
def test_everything_that_a_plan_says_has_a_sentence_and_a_next_step(kind: ActionKind, reason: Reason) -> None:
    action = _of(kind, reason)
    first, *_, last = text(Explanation(action, (), ())).splitlines()
    assert first.endswith(f"({reason}): {WORDS[reason]}")
    assert last.startswith("next: ")
    assert "{" not in last
    assert last.removeprefix("next: ")


def test_no_advice_is_for_what_no_plan_says() -> None:
    assert set(PAIRS) == NEXT.keys()


def test_a_refused_launch_has_no_log_to_look_at() -> None:
    failed = PlannedAction("job.a", ActionKind.NONE, Reason.FAILED)
    assert "eocanvas-apply logs job.a" in text(Explanation(failed, (), ()))
    refused = text(Explanation(failed, (), (), refused=True))
    assert "the service refused to launch it" in refused
    assert "logs" not in refused
    assert "logs" not in advice(ActionKind.NONE, Reason.FAILED, "job.a", refused=True)
