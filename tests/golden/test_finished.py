"""The shortcut for finished jobs changes no plan."""

from __future__ import annotations

import pytest

from eocanvas_apply.ledger.fold.job_records import JobRecord
from tests.golden.case import Case
from tests.golden.test_golden import HERE, NAMES, as_json


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_the_same_without_the_shortcut_for_finished_jobs(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = as_json(Case(HERE / name).plan())
    monkeypatch.setattr(JobRecord, "finished", None)
    assert as_json(Case(HERE / name).plan()) == plan


def test_the_cases_hold_jobs_that_are_finished() -> None:
    assert any(record.finished for name in NAMES for record in Case(HERE / name).recorded().jobs.values())
