"""Packing what is over, and telling what is finished at a glance, changes no plan."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from eocanvas_apply.ledger.fold.job_table import Jobs
from eocanvas_apply.ledger.fold.recorded import Recorded
from tests.golden.case import Case
from tests.golden.test_golden import HERE, NAMES, as_json


class Packed(Case):
    """A case whose ledger is packed as a journal packs it."""

    def recorded(self) -> Recorded:
        recorded = super().recorded()
        recorded.jobs.pack(datetime.fromisoformat(self.service()["at"]) - timedelta(hours=25))
        return recorded


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_the_same_from_packed_records(name: str) -> None:
    assert as_json(Packed(HERE / name).plan()) == as_json(Case(HERE / name).plan())


@pytest.mark.parametrize("name", NAMES)
def test_a_plan_is_the_same_without_the_short_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = as_json(Case(HERE / name).plan())
    monkeypatch.setattr(Jobs, "finished", lambda self, address: None)
    assert as_json(Case(HERE / name).plan()) == plan


def test_the_cases_hold_jobs_that_pack_and_jobs_that_are_finished() -> None:
    tables = [Packed(path).recorded().jobs for path in (HERE / name for name in NAMES)]
    assert any(len(jobs) > len(jobs.unsettled()) for jobs in tables)
    assert any(jobs.finished(address) for jobs in tables for address in jobs)
