"""Ctrl-C: nothing more is sent, pending answers are waited for and recorded, the next run continues."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.applying import stopping
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import StoppedEarly
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import ApplyResult
from tests.applying.simulated_runs import endings, ends, events, key_names, launched, manifest, requests, types
from tests.simulation.world import World

JOB = "job.subset"
WAIT = timedelta(hours=12)


async def stopped_at(world: World, step: str, *, hold: bool = False, loose: float = 0.0) -> tuple[Engine, ApplyResult]:
    """Apply, and set the stop when a step is reached; `hold` delays the answer of that step meanwhile."""
    runners: list[Engine] = []

    async def stop(name: str) -> None:
        if name == step and not runners[0].stopping.is_set():
            runners[0].stopping.set()
            if hold:
                await asyncio.sleep(loose)

    runners.append(world.runner(manifest(), stop))
    return runners[0], await runners[0].apply(Requests(), WAIT, lambda plan: None)


EXECUTION = "POST /serverless/processes/snap-function/execution"


@pytest.mark.parametrize(
    ("step", "jobs", "keys"),
    [
        ("before POST /serverless/keys", 0, 1),
        ("after POST /serverless/keys", 0, 1),
        (f"before {EXECUTION}", 1, 1),
        (f"after {EXECUTION}", 1, 1),
    ],
)
def test_a_stop_during_a_request_records_its_answer_and_sends_nothing_more(
    step: str, jobs: int, keys: int, tmp_path: Path
) -> None:
    world = World(tmp_path)
    _, result = world.run(stopped_at(world, step, hold=True, loose=0.05))
    assert "interrupted" in endings(result)
    assert (len(launched(world)), len(key_names(world))) == (jobs, keys)
    assert types(world).count("key-created") == keys
    assert types(world).count("job-submitted") == jobs
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1


def test_a_stop_between_claim_and_sending_withdraws(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def work() -> ApplyResult:
        runners: list[Engine] = []

        async def stop(name: str) -> None:
            if name == "after append" and "job-intended" in types(world):
                runners[0].stopping.set()

        runners.append(world.runner(manifest(), stop))
        return await runners[0].apply(Requests(), WAIT, lambda plan: None)

    result = world.run(work())
    assert endings(result) >= {"interrupted", "unfinished"}
    assert [event.reason for event in events(world) if isinstance(event, e.JobWithdrawn)] == ["stopped"]
    assert not launched(world)
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1


def test_a_stop_while_waiting_ends_at_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    _, result = world.run(stopped_at(world, "before GET /serverless/jobs", hold=True, loose=3600))
    assert endings(result) >= {"interrupted", "unfinished"}
    assert ends(result) == {"key.scenes": "done", JOB: "waiting"}
    assert requests(world, "GET", "/serverless/jobs") == 0
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1


def test_a_missing_answer_is_waited_for_only_during_the_grace_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.05)
    world = World(tmp_path)

    async def work() -> None:
        _, result = await asyncio.wait_for(stopped_at(world, f"after {EXECUTION}", hold=True, loose=3600), 60)
        assert "interrupted" in endings(result)

    world.run(work())
    assert types(world)[-1] == "job-intended"
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1
    assert "adopted" in types(world)


def test_an_answer_being_recorded_is_kept_on_a_slow_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stopping, "GRACE_S", 0.05)
    world = World(tmp_path)
    runners: list[Engine] = []

    async def slow(name: str) -> None:
        if name == "before append" and launched(world) and "job-submitted" not in types(world):
            runners[0].stopping.set()
            await asyncio.sleep(0.3)

    runners.append(world.runner(manifest(), slow))
    result = world.run(runners[0].apply(Requests(), WAIT, lambda plan: None))
    assert "interrupted" in endings(result)
    assert types(world)[-1] == "job-submitted"


def test_a_stop_before_anything_was_decided_sends_nothing(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def work() -> ApplyResult:
        runner = world.runner(manifest())
        runner.stopping.set()
        return await runner.apply(Requests(), WAIT, lambda plan: None)

    with pytest.raises(StoppedEarly):
        world.run(work())
    assert requests(world, "POST", "/keys") == 0
    assert not launched(world)
