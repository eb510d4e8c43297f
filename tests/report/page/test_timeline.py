"""When what happened and will: from the ledger up to now, from the plan after it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from eocanvas_apply.ledger import events as e
from tests.planning.scene import AT, HOUR, MINUTE, Scene
from tests.report.page.scenes import report_of, scene_of, square

QUOTA = "quota: [{jobs: 2, per: 1h}]\n"


def _four(*, more: str = QUOTA) -> Scene:
    return scene_of({name: square(20, 58 + n) for n, name in enumerate("abcd")}, more=more)


def _ends(scene: Scene, address: str, job_id: str, status: str, after: timedelta) -> None:
    begun = AT - 30 * MINUTE
    scene.events.append(
        e.JobObserved(address=address, job_id=job_id, status=status, created=begun, finished=begun + after, looked=AT)
    )


def test_the_past_is_from_the_ledger_and_the_future_from_the_plan() -> None:
    scene = _four()
    _ends(scene, 'job.tiles["a"]', scene.done('job.tiles["a"]', 1), "successful", 10 * MINUTE)
    _ends(scene, 'job.tiles["b"]', scene.launched('job.tiles["b"]', 2, status="failed"), "failed", 20 * MINUTE)
    line = report_of(scene).timeline
    assert line.launched == (AT - 30 * MINUTE,) * 2
    assert (line.succeeded, line.failed) == ((AT - 20 * MINUTE,), (AT - 10 * MINUTE,))
    assert [launch - AT for launch in line.to_launch] == [timedelta(minutes=30, seconds=2)] * 2
    assert line.to_end == tuple(launch + 15 * MINUTE for launch in line.to_launch)


def test_launches_that_can_go_now_are_expected_now() -> None:
    line = report_of(_four(more="")).timeline
    assert line.to_launch == (AT,) * 4
    assert line.days[0].to_launch == 4


def test_a_running_job_ends_when_jobs_usually_do_and_never_before_now() -> None:
    scene = _four()
    scene.launched('job.tiles["a"]', 1, created=AT - MINUTE)
    scene.launched('job.tiles["b"]', 2, created=AT - 2 * HOUR)
    line = report_of(scene).timeline
    assert line.to_end[:2] == (AT, AT + 3 * MINUTE)


def test_a_curve_never_passes_the_limit_and_falls_back_to_zero() -> None:
    scene = _four()
    scene.done('job.tiles["a"]', 1)
    (curve,) = report_of(scene).timeline.curves
    assert (curve.limit, curve.per) == (2, HOUR)
    used = [used for _, used in curve.points]
    assert max(used) <= 2
    assert used[-1] == 0
    assert [moment for moment, _ in curve.points] == sorted({moment for moment, _ in curve.points})


def test_every_day_between_the_first_and_the_last_is_there() -> None:
    scene = _four(more="quota: [{jobs: 1, per: 3d}]\n")
    scene.done('job.tiles["a"]', 1)
    days = report_of(scene).timeline.days
    assert [day.date.day for day in days] == list(range(1, 11))
    assert [day.to_launch for day in days] == [0, 0, 0, 1, 0, 0, 1, 0, 0, 1]
    assert days[0].launched == 1


def test_a_project_that_never_ran_has_one_day() -> None:
    assert len(report_of(_four(more="")).timeline.days) == 1


@pytest.mark.parametrize("year", [1, 1970, 2100, 9999])
def test_absurd_times_are_not_drawn(year: int) -> None:
    scene = _four()
    scene.launched('job.tiles["a"]', 1, created=datetime(year, 1, 1, tzinfo=UTC))
    scene.done('job.tiles["b"]', 2)
    line = report_of(scene).timeline
    assert line.launched == (AT - 30 * MINUTE,)
