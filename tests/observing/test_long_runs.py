"""A run of days keeps what counts, not everything that it has ever seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.state.observed import Observed
from tests.applying.simulated_runs import JOB_ONLY, LAUNCH, fault
from tests.engine.campaigns.test_quota import created, manifest, refused
from tests.simulation.world import World

JOBS, AT_ONCE = 30, 3


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Observed]:
    observe, found = Observer.observe, []

    async def observed(self: Observer, *given: object) -> Observed:
        found.append(await observe(self, *given))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(Observer, "observe", observed)
    return found


def test_jobs_that_left_the_windows_are_forgotten(tmp_path: Path, seen: list[Observed]) -> None:
    world = World(tmp_path, quotas=(Quota(AT_ONCE, 3600),))
    assert not world.apply(manifest(JOBS, "quota: [{jobs: 3, per: 1h}]"), timedelta(hours=12)).endings
    assert len(created(world)) == JOBS
    assert refused(world) == 0
    # Those of this window, and those that left it while clocks may differ by ten minutes.
    assert max(len(observed.listed) for observed in seen) <= 2 * AT_ONCE
    assert max(len(observed.listed) for observed in seen) >= AT_ONCE


def test_only_the_findings_of_a_log_are_kept(tmp_path: Path, seen: list[Observed]) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("staging-in", "*", 1))
    fault(world, "drop-after", LAUNCH)
    world.apply(JOB_ONLY)
    found = world.frontend.service.jobs.every()
    traces = {job_id: trace for each in seen for job_id, trace in each.traces.items()}
    failures = {job_id: failure for each in seen for job_id, failure in each.failures.items()}
    # The log of the first job was read twice: to find a lost launch, and to say why the job failed.
    assert [len(trace.marks) for trace in traces.values()] == [1]
    assert [failure.failure_class for failure in failures.values() if failure] == ["staging-in"]
    assert [job.id for job in found if job.one_off_password in repr(seen)] == []
