"""Jobs that read the results of other jobs: each starts when the other is done, and runs again when that does."""

from __future__ import annotations

import gc
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.planning.plan import Requests
from tests.applying.simulated_runs import LAUNCH, acts, endings, ends, events, fault
from tests.simulation.world import Killed, World

HOUR, NO_WAIT = timedelta(hours=1), timedelta(0)
SINGLE = """
version: 1
project: demo
jobs:
  subset: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/a.zip"}}}
  mosaic: {graph: graph.xml, inputs: {img1: {result: subset, match: "*.nc"}}}
"""
MANY = """
version: 1
project: demo
quota: [{jobs: 10, per: 1h}]
jobs:
  subset:
    for_each: {list: [ROWS]}
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/${each.value}.zip"}}
  turbidity:
    for_each: {job: subset}
    graph: graph.xml
    inputs: {img1: {result: subset, match: "*.nc"}}
"""
AT_A_KEY = """
version: 1
project: demo
keys:
  between:
    {type: s3, bucket: olci, region: r, endpoint: https://s3.example.org,
     access_key: {env: ACCESS}, secret_key: {env: SECRET}}
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/a.zip"}}
    output: {key: between}
  mosaic: {graph: graph.xml, inputs: {img1: {result: subset}}}
"""


def many(rows: int) -> str:
    return MANY.replace("ROWS", ", ".join(f"s{n:02}" for n in range(rows)))


def made(world: World) -> list[Job]:
    """All jobs that the service ever made, oldest first."""
    return list(world.frontend.service.jobs.every())


def given(job: Job) -> str:
    (location,) = job.execution.locations
    return location


def test_a_job_gets_the_result_of_another_job_that_is_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    plan = world.plan(SINGLE)
    assert acts(plan) == {"job.subset": ("launch", "new"), "job.mosaic": ("none", "waits-for")}
    assert plan.by_address()["job.mosaic"].depends_on == ("job.subset",)
    result = world.apply(SINGLE)
    assert not result.endings
    assert ends(result) == {"job.subset": "done", "job.mosaic": "done"}
    subset, mosaic = made(world)
    assert given(mosaic) == f"https://eocanvas.invalid/serverless/download/{subset.id}/output/{subset.outputs[0].name}"
    assert subset.finished is not None
    assert mosaic.created > subset.finished
    assert mosaic.status == "successful"
    assert set(acts(world.plan(SINGLE)).values()) == {("none", "done")}


def test_a_changed_job_and_the_jobs_after_it_run_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(SINGLE)
    changed = SINGLE.replace("a.zip", "b.zip")
    assert acts(world.plan(changed)) == {
        "job.subset": ("relaunch", "input-changed"),
        "job.mosaic": ("none", "waits-for"),
    }
    world.apply(changed, NO_WAIT)
    assert acts(world.plan(changed))["job.mosaic"] == ("none", "waits-for")
    world.clock.advance(3600)
    assert acts(world.plan(changed))["job.mosaic"] == ("relaunch", "input-changed")
    assert not world.apply(changed).endings
    assert [given(job) for job in made(world)][2] == "https://data.example.org/b.zip"
    assert made(world)[2].id in given(made(world)[3])
    assert len(made(world)) == 4


def test_results_at_a_key_are_read_with_that_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(AT_A_KEY).endings
    subset, mosaic = made(world)
    (read,) = mosaic.execution.inputs
    assert read.location == f"/{subset.id}/{subset.outputs[0].name}"
    assert read.key == subset.execution.output_key
    assert mosaic.status == "successful"


def test_results_at_a_previous_storage_of_a_key_are_not_requested(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(AT_A_KEY.partition("  mosaic:")[0])
    elsewhere = AT_A_KEY.replace("bucket: olci", "bucket: other")
    result = world.apply(elsewhere)
    assert ends(result)["job.mosaic"] == "waiting"
    assert [d.code for d in result.diagnostics] == ["result-elsewhere"]
    assert endings(result) == {"unfinished"}
    assert len(made(world)) == 1


def test_a_job_does_not_wait_for_a_failed_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("unknown", "*a.zip"))
    result = world.apply(SINGLE, None)
    assert ends(result) == {"job.subset": "failed", "job.mosaic": "skipped"}
    assert endings(result) == {"failed"}
    assert not world.apply(SINGLE, requests=Requests(retry_failed=True)).endings


def test_several_matching_results_need_a_decision_and_other_jobs_continue(tmp_path: Path) -> None:
    world = World(tmp_path, results_per_job=3)
    both = SINGLE + '  other: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/o.zip"}}}\n'
    result = world.apply(both)
    assert ends(result) == {"job.subset": "done", "job.mosaic": "waiting", "job.other": "done"}
    assert "decision" in endings(result)
    (found,) = result.diagnostics
    assert (found.code, found.address) == ("results-ambiguous", "job.mosaic")
    (subset,) = [job for job in made(world) if given(job).endswith("a.zip")]
    names = sorted(output.name for output in subset.outputs)
    assert all(name in found.message for name in names)
    narrowed = both.replace("*.nc", f"{names[0][:8]}*")
    assert not world.apply(narrowed).endings
    assert names[0] in given(made(world)[-1])


def test_equally_ambiguous_instances_are_reported_once(tmp_path: Path) -> None:
    result = World(tmp_path, results_per_job=2).apply(many(3))
    (found,) = result.diagnostics
    assert found.address == 'job.turbidity["s00"]'
    assert found.message.endswith("(2 more instances)")


def test_a_result_lost_by_the_service_causes_no_launch(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(SINGLE.partition("  mosaic:")[0])
    made(world)[0].outputs = ()
    begun = world.clock()
    result = world.apply(SINGLE, timedelta(days=1))
    # A try that is due, but for which the plan has no task any more, does not keep the run.
    assert world.clock() - begun < timedelta(hours=1)
    (mosaic,) = [r for r in result.results if r.address == "job.mosaic"]
    assert (mosaic.outcome, mosaic.error and mosaic.error.code) == ("failed", "result-gone")
    assert len(made(world)) == 1
    # It has lasted for `settle`: from now on it is waited for a new run of the job before.
    again = world.apply(SINGLE)
    assert ends(again) == {"job.subset": "done", "job.mosaic": "waiting"}
    assert [d.code for d in again.diagnostics] == ["result-lost"]
    assert len(made(world)) == 1
    assert not world.apply(SINGLE, requests=Requests(relaunch=frozenset({"job.subset"}))).endings


@pytest.mark.parametrize("behaviour", [{"result_href": "relative"}, {"result_title": "path"}])
def test_links_of_every_shape_become_addresses(tmp_path: Path, behaviour: dict[str, str]) -> None:
    world = World(tmp_path, behaviour=Behaviour().changed(behaviour))
    assert not world.apply(SINGLE).endings
    assert given(made(world)[1]).startswith("https://eocanvas.invalid/serverless/download/")


def test_each_job_starts_when_the_job_it_follows_is_done(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(10, 3600),))
    result = world.apply(many(20), 8 * HOUR)
    assert not result.endings
    jobs = made(world)
    assert len(jobs) == 40
    own = {job.id: job for job in jobs}
    seconds = [job for job in jobs if "/download/" in given(job)]
    assert len(seconds) == 20
    assert len({given(job) for job in seconds}) == 20
    for job in seconds:
        finished = own[given(job).split("/download/")[1].split("/")[0]].finished
        assert finished is not None
        assert job.created >= finished
    # The first of the second stage went long before the last of the first stage, and 40 launches took four windows.
    assert min(job.created for job in seconds) < max(job.created for job in jobs if job not in seconds)
    assert jobs[-1].created - jobs[0].created < 3 * HOUR + timedelta(minutes=3)
    assert set(acts(world.plan(many(20))).values()) == {("none", "done")}


def test_one_more_row_adds_one_of_each_and_changes_nothing_else(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(many(2))
    world.apply(many(3))
    assert len(made(world)) == 6
    assert {event.address for event in events(world) if isinstance(event, JobIntended)} == {
        f'job.{name}["s0{n}"]' for name in ("subset", "turbidity") for n in range(3)
    }


def test_rows_joined_again_and_renamed_keep_their_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "names.csv").write_text("value,long\ns00,zero\ns01,one\n", encoding="utf-8")
    renamed = many(2).replace(
        "for_each: {job: subset}", 'for_each: [{job: subset}, {csv: names.csv, by: value, id: "${each.long}"}]'
    )
    assert not world.apply(renamed).endings
    sources = {
        event.address: event.components["inputs"]["img1"]["result"]
        for event in events(world)
        if isinstance(event, JobIntended) and "turbidity" in event.address
    }
    assert sources == {
        'job.turbidity["zero"]': 'job.subset["s00"]',
        'job.turbidity["one"]': 'job.subset["s01"]',
    }


def test_three_stages_follow_each_other(tmp_path: Path) -> None:
    world = World(tmp_path)
    third = (
        many(3)
        + """
  both:
    for_each: {job: turbidity}
    graph: graph.xml
    inputs: {img1: {result: turbidity}}
"""
    )
    assert not world.apply(third).endings
    assert len(made(world)) == 9
    assert set(acts(world.plan(third)).values()) == {("none", "done")}


def own_of(world: World, job: Job) -> Job:
    """Return the job whose result another one reads."""
    found = given(job).split("/download/")[1].split("/")[0]
    return next(each for each in made(world) if each.id == found)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_runs_and_lost_answers_run_nothing_twice_and_swap_no_results(tmp_path: Path, seed: int) -> None:
    behaviour = Behaviour(link_life=1800, key_read=("submission", "staging-in", "staging-out")[seed - 1])
    world = World(tmp_path, quotas=(Quota(10, 3600),), behaviour=behaviour, seed=seed)
    chance = random.Random(seed)
    for _ in range(12):
        fault(world, "drop-after", LAUNCH)
        with suppress(Killed, EocanvasApplyError):
            world.apply(many(20), HOUR, step=dying(chance.randrange(5, 120)))
        world.clock.advance(chance.randrange(0, 1200))
        # Requests that a killed run left open end here, not during the next run.
        gc.collect()
    world.frontend.faults.clear()
    assert not world.apply(many(20), 12 * HOUR).endings
    jobs = made(world)
    seconds = [job for job in jobs if "/download/" in given(job)]
    assert (len(jobs), len(seconds)) == (40, 20)
    own = {job.id: own_of(world, job) for job in seconds}
    assert len({first.id for first in own.values()}) == 20
    assert all(first.finished and first.finished <= job.created for job in seconds for first in [own[job.id]])
    assert {job.status for job in jobs} == {"successful"}


def dying(after: int) -> Callable[[str], Awaitable[None]]:
    """Return a step that kills the runner at its nth call."""
    left = after

    async def step(name: str) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed(name)

    return step


def test_a_service_that_cannot_read_its_own_addresses_is_a_clear_failure(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(own_links="denied"))
    result = world.apply(SINGLE)
    (mosaic,) = [r for r in result.results if r.address == "job.mosaic"]
    assert (mosaic.outcome, endings(result)) == ("failed", {"failed"})
    assert mosaic.error is not None
    assert "staging-in" in mosaic.error.message
    # The service reads them through a key; only the launch and its one retry were lost.
    world = World(tmp_path, behaviour=Behaviour(own_links="denied"))
    world.ledger.unlink()
    assert not world.apply(AT_A_KEY).endings
