"""How many jobs run at once, and how long one takes: which jobs count, and for how long."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.schedule.pacing import running, usual_duration
from eocanvas_apply.planning.schedule.windows import Running
from eocanvas_apply.planning.state.reconciling import Evidence
from tests.planning.scene import HEAD, HOUR, MINUTE, Scene

MANIFEST = (
    HEAD
    + """max_running: 3
jobs:
  one: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/1.zip"}}}
  two: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/2.zip"}}}
"""
)


def now(scene: Scene) -> Running | None:
    recorded, observed, desired = scene.recorded, scene.observed, scene.desired
    return running(desired, recorded, observed, Evidence.of(desired.project, desired.timing, recorded, observed))


def taken(scene: Scene) -> int:
    found = now(scene)
    assert found is not None
    return found.most - found.room


def test_without_max_running_nothing_is_counted() -> None:
    assert now(Scene()) is None


def test_own_jobs_count_also_when_the_list_does_not_show_them() -> None:
    scene = Scene(MANIFEST)
    scene.launched("one")
    scene.launched("two", 2, shown=False)
    assert taken(scene) == 2


@pytest.mark.parametrize(("status", "counts"), [("accepted", 1), ("running", 1), ("successful", 0), ("dismissed", 0)])
def test_jobs_of_others_count_while_they_run(status: str, counts: int) -> None:
    scene = Scene(MANIFEST)
    scene.show_job("of-a-notebook", status)
    assert taken(scene) == counts


def test_jobs_that_run_for_more_than_a_day_do_not_count() -> None:
    scene = Scene(MANIFEST)
    scene.launched("one", created=scene.at - 25 * HOUR)
    scene.show_job("lost", "running", scene.at - 25 * HOUR)
    assert taken(scene) == 0


def test_an_outdated_job_list_does_not_count_an_ended_job() -> None:
    scene = Scene(MANIFEST)
    scene.done("one")
    scene.show_job("job-1", "running")
    assert taken(scene) == 0


def test_an_open_launch_counts_once_whether_its_job_is_seen_or_not() -> None:
    scene = Scene(MANIFEST)
    scene.intend("one", decided=scene.at - MINUTE)
    assert taken(scene) == 1
    scene.show_job("job-1", "running", scene.at - MINUTE)
    assert taken(scene) == 1
    scene.logs["job-1"] = scene.log("one", 1)
    assert taken(scene) == 1


def test_one_job_in_the_list_counts_for_one_open_launch() -> None:
    scene = Scene(MANIFEST)
    scene.intend("one", decided=scene.at - MINUTE)
    scene.intend("two", 2, decided=scene.at - MINUTE)
    scene.show_job("job-1", "running", scene.at - MINUTE)
    assert taken(scene) == 2


def test_how_long_a_job_takes_is_the_median_of_those_that_ended() -> None:
    scene = Scene(MANIFEST)
    assert usual_duration(scene.recorded, scene.at) == timedelta(minutes=4)
    for number, minutes in enumerate((3, 50, 5), start=1):
        job_id, begun = scene.launched("one", number, status="successful"), scene.at - HOUR
        finished = begun + minutes * MINUTE
        seen = e.JobObserved(address="job.one", job_id=job_id, status="successful", created=begun, finished=finished)
        scene.events.append(seen)
    assert usual_duration(scene.recorded, scene.at) == 5 * MINUTE
