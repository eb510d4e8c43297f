"""The one documented exception: a runner frozen between its last check and the socket, and what follows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import Happening
from tests.simulation.test_faults import manifest
from tests.simulation.world import World, all_the_same

MANIFEST = manifest(keys=1, jobs=1)


def _freeze_and_let_another_run(world: World, text: str = MANIFEST) -> None:
    """Freeze at the socket for about a quarter of an hour: less than a token's life, else a 401 would wake it."""
    frozen = False

    async def freeze(name: str) -> None:
        nonlocal frozen
        if not frozen and name.endswith("/execution") and name.startswith("before POST"):
            frozen = True
            world.clock.advance(60)
            await all_the_same(world.runner(text).apply(Requests(), timedelta(minutes=15), lambda plan: None))

    world.apply(text, step=freeze)


@pytest.mark.parametrize("dismiss", ["supported", "404", "405", "501"])
def test_the_duplicate_is_found_dismissed_and_reported(tmp_path: Path, dismiss: str) -> None:
    world = World(tmp_path, behaviour=Behaviour(dismiss=dismiss), job_time=1800)  # type: ignore[arg-type]
    _freeze_and_let_another_run(world)
    plan = world.plan(MANIFEST)
    assert len(world.frontend.service.jobs.every()) == 2
    assert [d.code for d in plan.diagnostics] == ["job-duplicated"]
    assert not plan.changes_pending
    older, younger = sorted(world.frontend.service.jobs.every(), key=lambda job: job.number)
    assert older.status == "successful"
    assert (younger.status == "dismissed") is (dismiss == "supported")


def test_a_runner_that_wakes_up_late_sends_nothing(tmp_path: Path) -> None:
    """Frozen a moment earlier, before its last check, it takes the launch back."""
    world = World(tmp_path)
    slept = False

    async def sleep_after_claim(name: str) -> None:
        nonlocal slept
        if name == "after append" and not slept and '"job-intended"' in world.ledger.read_text():
            slept = True
            world.clock.advance(60)

    result = world.apply(MANIFEST, step=sleep_after_claim)
    assert not result.endings
    assert Happening.WITHDRAWN in {p.happening for p in world.progress}
    assert len(world.frontend.service.jobs.every()) == 1


def test_a_request_carried_out_late_is_found_without_its_runner(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=1800)
    world.frontend.faults.append(Fault("late", method="POST", path="*/execution", seconds=1500))
    world.apply(MANIFEST)
    world.apply(MANIFEST)
    plan = world.plan(MANIFEST)
    assert len(world.frontend.service.jobs.every()) == 2
    assert [d.code for d in plan.diagnostics] == ["job-duplicated"]
