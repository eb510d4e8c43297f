"""`plan --simulate`: a manifest run in virtual time from its current state; nothing is sent or written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.schedule.windows import per_day
from eocanvas_apply.report.rehearsal import Course, Disturbance, Rehearsal
from eocanvas_apply.simulation.rehearsing import USUAL_JOB_TIME, rehearse
from tests.simulation.world import World

HOUR = timedelta(hours=1)
KEY = """
keys:
  scenes: {type: s3, bucket: b, region: r, endpoint: "https://s3.example.org", expires_in: 2h,
           access_key: {env: ACCESS}, secret_key: {env: SECRET}}
"""
THEIRS = "  theirs: {type: existing, name: a-key-of-theirs, storage: s3}\n"


def manifest(rows: int, more: str = "", quota: str = "quota: [{jobs: 5, per: 1h}]") -> str:
    return f"""
version: 1
project: demo
{quota}
{KEY}jobs:
  scenes:
    for_each: {{list: [{", ".join(f"s{n}" for n in range(rows))}]}}
    graph: graph.xml
    inputs: {{img1: {{key: scenes, path: "/${{each.value}}.zip"}}}}
{more}
"""


def rehearsed(world: World, text: str, requests: Requests = Requests()) -> Rehearsal:  # noqa: B008
    runner = world.runner(text)
    _, observed = world.run(runner.plan(requests))
    before = len(world.frontend.received), world.clock()
    found = rehearse(runner.desired, requests, runner.journal.recorded, observed)
    assert (len(world.frontend.received), world.clock()) == before
    return found


def courses(rehearsal: Rehearsal) -> Mapping[Disturbance, Course]:
    return {course.disturbance: course for course in rehearsal.courses}


def test_a_simulation_ends_when_the_real_run_does(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(5, 3600),), job_time=USUAL_JOB_TIME.total_seconds())
    found = rehearsed(world, manifest(12))
    calm = found.undisturbed
    assert not world.ledger.exists()
    assert (found.job_time, found.measured) == (USUAL_JOB_TIME, False)
    assert (calm.launches, calm.second_jobs, calm.failed, calm.undecided) == (12, 0, 0, 0)
    assert timedelta() <= calm.ends - found.earliest < timedelta(minutes=1)
    assert not world.apply(manifest(12)).endings
    assert abs(world.clock() - calm.ends) < timedelta(minutes=1)
    assert calm.per_day == per_day([job.created for job in world.frontend.service.jobs.every()])
    made = [r for r in world.frontend.received if (r.request.method, r.request.path) == ("POST", "/serverless/keys")]
    assert calm.renewed == {"key.scenes": len(made) - 1}


def test_faults_cause_delay_and_never_a_second_job(tmp_path: Path) -> None:
    found = rehearsed(World(tmp_path), manifest(12))
    calm, others = found.undisturbed, courses(found)
    assert list(others) == list(Disturbance)
    assert [course.second_jobs for course in found.courses] == [0, 0, 0, 0]
    assert [course.failed + course.undecided for course in found.courses] == [0, 0, 0, 0]
    assert [course.launches for course in found.courses] == [12, 12, 16, 12]
    assert timedelta() <= others[Disturbance.ANSWERS_LOST].ends - calm.ends < HOUR
    # Sixteen launches under five an hour need one more hour than twelve.
    assert HOUR * 0.9 < others[Disturbance.JOBS_FAIL].ends - calm.ends < HOUR * 1.1
    assert HOUR * 5 < others[Disturbance.SERVICE_OUT].ends - calm.ends < HOUR * 8


def test_a_simulation_starts_from_the_current_state(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(5, 3600),), job_time=600)
    world.apply(manifest(12), timedelta(minutes=20))
    found = rehearsed(world, manifest(12))
    # Five are done and use up the hour; how long they took is what the others are expected to take.
    assert found.undisturbed.launches == 7
    assert found.measured
    assert abs(found.job_time - timedelta(seconds=600)) < timedelta(minutes=1)
    assert not world.apply(manifest(12)).endings
    assert abs(world.clock() - found.undisturbed.ends) < timedelta(minutes=2)


def test_jobs_under_way_are_watched_to_their_end(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=600)
    world.apply(manifest(5), timedelta(0))
    found = rehearsed(world, manifest(5))
    assert found.undisturbed.launches == 0
    assert found.undisturbed.ends - found.begun > timedelta(minutes=3)
    assert [course.disturbance for course in found.courses] == [Disturbance.NONE]


def test_nothing_left_to_do_takes_no_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(3))
    found = rehearsed(world, manifest(3))
    assert found.undisturbed.launches == 0
    assert found.undisturbed.ends - found.begun < timedelta(minutes=1)


def test_keys_of_others_and_unset_secrets_do_not_stop_a_simulation(tmp_path: Path) -> None:
    world = World(tmp_path, environ={})
    theirs = "  more:\n    graph: graph.xml\n    inputs: {img1: {key: theirs, path: /a.zip}}\n"
    found = rehearsed(world, manifest(2, theirs).replace("jobs:\n  scenes", f"{THEIRS}jobs:\n  scenes"))
    assert (found.undisturbed.launches, found.undisturbed.failed) == (3, 0)


def test_options_of_the_command_line_are_simulated(tmp_path: Path) -> None:
    found = rehearsed(World(tmp_path), manifest(12), Requests(limit=4))
    assert found.undisturbed.launches == 4
