"""Cancelling in a world where time passes: the service stops jobs, cannot, or loses the answer."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import ApplyResult
from tests.engine.campaigns.test_quota import created, manifest
from tests.simulation.world import World

NONE = timedelta()
S0, S1 = 'job.scenes["s0"]', 'job.scenes["s1"]'


def cancel(world: World, *addresses: str) -> ApplyResult:
    return world.run(world.runner(manifest(2, "")).cancel(frozenset(addresses), lambda plan: None))


def statuses(world: World) -> list[str]:
    return sorted(job.status for job in world.frontend.service.jobs.every())


def reasons(world: World, requests: Requests = Requests()) -> dict[str, str]:  # noqa: B008
    return {a.address: a.reason for a in world.plan(manifest(2, ""), requests).actions}


def test_a_cancelled_job_stops_and_is_not_launched_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(2, ""), NONE)
    cancel(world, S0)
    assert not world.apply(manifest(2, "")).endings
    assert statuses(world) == ["dismissed", "successful"]
    assert reasons(world) == {S0: "cancelled", S1: "done"}
    assert not world.apply(manifest(2, ""), requests=Requests(retry_failed=True)).endings
    assert len(created(world)) == 2
    world.apply(manifest(2, ""), requests=Requests(relaunch=frozenset({S0})))
    assert reasons(world) == {S0: "done", S1: "done"}


@pytest.mark.parametrize("answer", ["404", "405", "501"])
def test_a_job_that_cannot_be_stopped_runs_to_its_results(tmp_path: Path, answer: str) -> None:
    world = World(tmp_path, behaviour=Behaviour(dismiss=answer))  # type: ignore[arg-type]
    world.apply(manifest(2, ""), NONE)
    cancel(world, S0, S1)
    assert not world.apply(manifest(2, "")).endings
    assert statuses(world) == ["successful", "successful"]
    assert reasons(world) == {S0: "done", S1: "done"}


def test_a_dismissal_with_a_lost_answer_is_sent_again(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=7200)
    world.apply(manifest(2, ""), NONE)
    world.frontend.faults.append(Fault("status", method="DELETE", path="*/jobs/*", status=503, times=None))
    assert {ending.value for ending in cancel(world, S0).endings} == {"failed"}
    world.frontend.faults.clear()
    assert not world.apply(manifest(2, "")).endings
    assert statuses(world) == ["dismissed", "successful"]


def test_a_launch_without_an_answer_is_dismissed_when_found(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=7200)
    world.frontend.faults.append(Fault("drop-after", method="POST", path="*/execution"))
    world.apply(manifest(1, ""), NONE)
    assert statuses(world) == ["accepted"]
    world.run(world.runner(manifest(1, "")).cancel(frozenset({S0}), lambda plan: None))
    assert not world.apply(manifest(1, "")).endings
    assert statuses(world) == ["dismissed"]
    assert len(created(world)) == 1
