from __future__ import annotations

import pytest

from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import JOB_ROWS, KEY_ROWS, Reason, Row
from eocanvas_apply.render.plan import advice
from eocanvas_apply.render.why import text
from eocanvas_apply.report.why import Explanation

ROWS = [("key.a", row) for row in KEY_ROWS.values()] + [("job.a", row) for row in JOB_ROWS.values()]


@pytest.mark.parametrize(("address", "row"), ROWS)
def test_each_row_of_a_plan_has_words_and_a_next_step(address: str, row: Row) -> None:
    action = PlannedAction.of(address, row.action, row.reason)
    first, *_, last = text(Explanation(action, (), ())).splitlines()
    assert first.endswith(f": {row.words}")
    assert f"({row.reason})" not in first
    assert last.startswith("next: ")
    assert "{" not in last
    assert last.removeprefix("next: ")


def test_a_refused_launch_mentions_no_log() -> None:
    failed = PlannedAction.of("job.a", ActionKind.NONE, Reason.FAILED)
    assert "eocanvas-apply logs job.a" in text(Explanation(failed, (), ()))
    refused = text(Explanation(failed, (), (), refused=True))
    assert "the service refused to launch it" in refused
    assert "logs" not in refused
    assert "logs" not in advice(failed, refused=True)
