"""How many jobs run at once, how many a run launches, and what it leaves out."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.planning.actions import Outcome
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.report.progress import ApplyResult, Happening
from tests.engine.campaigns.test_quota import created, manifest, refused
from tests.simulation.world import World

TWO = "max_running: 2"
KEYED = """
version: 1
project: demo
keys:
  scenes: {type: s3, bucket: b, region: r, endpoint: https://s3.example.org,
           access_key: {env: ACCESS}, secret_key: {env: SECRET}}
  spare: {type: s3, bucket: s, region: r, endpoint: https://s3.example.org,
          access_key: {env: ACCESS}, secret_key: {env: SECRET}}
jobs:
  keyed: {graph: graph.xml, inputs: {img1: {key: scenes, path: /a.zip}}}
  plain: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/b.zip"}}}
"""
PRODUCTS = """
version: 1
project: demo
max_running: 2
jobs:
  scenes:
    for_each:
      hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", dtstart: "2024-07-01T08:00:00Z",
            dtend: "2024-07-03T09:00:00Z"}
    graph: graph.xml
    inputs: {img1: {product: "${each.id}"}}
    accept_terms: [Copernicus_General_License, EUMETSAT_Core_Products_Licence]
"""


def at_once(world: World) -> int:
    """Return how many jobs ran at the same time at most."""
    jobs = [(job.created, job.finished or world.clock()) for job in world.frontend.service.jobs.every()]
    return max(sum(begun <= moment < ended for begun, ended in jobs) for moment, _ in jobs)


def endings(result: ApplyResult) -> set[str]:
    return {ending.value for ending in result.endings}


def outcomes(result: ApplyResult) -> dict[str, Outcome]:
    return {each.address: each.outcome for each in result.results}


def keys_of(world: World) -> list[str]:
    """Return the addresses of the project's keys that the service holds."""
    return [key.description.split()[2] for key in world.frontend.service.keystore if key.name != "eodata"]


def length(times: list[datetime]) -> timedelta:
    return times[-1] - times[0]


def test_never_more_than_max_running_and_all_run_in_the_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(manifest(7, TWO)).endings
    assert len(created(world)) == 7
    assert at_once(world) == 2
    # Four turns of five minutes, with a look every half a minute.
    assert length(created(world)) < timedelta(minutes=18)


@pytest.mark.parametrize("behaviour", [Behaviour(list_lag=90), Behaviour()])
def test_jobs_of_others_count_until_they_end(tmp_path: Path, behaviour: Behaviour) -> None:
    (tmp_path / "other").mkdir()
    world = World(tmp_path, behaviour=behaviour)
    world.apply(manifest(2, "").replace("project: demo", "project: other"), timedelta(0))
    world.ledger.rename(tmp_path / "other" / "ledger.jsonl")
    if behaviour.list_lag:
        world.clock.advance(120)
    result = world.apply(manifest(4, TWO).replace("s0, ", "t0, ").replace("s1, ", "t1, "), timedelta(0))
    assert endings(result) == {"unfinished"}
    assert len(created(world)) == 2
    assert not world.apply(manifest(4, TWO).replace("s0, ", "t0, ").replace("s1, ", "t1, ")).endings
    assert len(created(world)) == 6
    # Nothing of its own moves until then: it looks at the service all the same.
    of_others = [job.finished for job in world.frontend.service.jobs.every() if job.finished][:2]
    assert created(world)[2] - max(of_others) < timedelta(minutes=1) + timedelta(seconds=behaviour.list_lag)
    assert at_once(world) == 2


def test_two_runners_never_exceed_max_running(tmp_path: Path) -> None:
    world = World(tmp_path)
    between: list[ApplyResult] = []

    async def step(name: str) -> None:
        # The first runner has decided what to launch; before it can say so, the second does it all.
        planned = any(progress.happening is Happening.LAUNCHING for progress in world.progress)
        if name == "before append" and world.ledger.exists() and not (between or planned):
            recorded = len(world.ledger.read_text(encoding="utf-8").splitlines())
            if recorded >= 2:
                between.append(await world.runner(manifest(6, TWO)).apply(Requests(), timedelta(0), lambda plan: None))

    world.apply(manifest(6, TWO), timedelta(0), step)
    assert between
    assert len(created(world)) == 2
    assert not world.apply(manifest(6, TWO)).endings
    assert (len(created(world)), at_once(world)) == (6, 2)


def test_the_forecast_counts_what_waits_for_others_to_end(tmp_path: Path) -> None:
    world = World(tmp_path)
    plan = world.plan(manifest(6, TWO))
    assert (plan.forecast.launches_now, plan.forecast.waiting) == (2, 4)
    assert plan.forecast.ends is not None
    # Nothing has ended yet: a job may be expected to take four minutes.
    assert timedelta(minutes=8) <= plan.forecast.ends - plan.created < timedelta(minutes=9)


def test_a_failed_job_frees_its_slot(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("graph", "*", 2))
    assert endings(world.apply(manifest(4, TWO))) == {"failed"}
    assert len(created(world)) == 4


def test_a_limit_ends_the_run_when_its_launches_are_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.apply(manifest(5, ""), requests=Requests(limit=2))
    assert endings(result) == {"unfinished"}
    assert list(outcomes(result).values()).count(Outcome.DONE) == 2
    assert len(created(world)) == 2
    world.apply(manifest(5, ""), requests=Requests(limit=2))
    assert len(created(world)) == 4
    assert not world.apply(manifest(5, ""), requests=Requests(limit=2)).endings


def test_a_limit_counts_retries_and_waits_for_the_quota(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("staging-in", "*", 1))
    world.apply(manifest(5, "quota: [{jobs: 2, per: 1h}]"), requests=Requests(limit=3))
    assert len(created(world)) == 3
    assert length(created(world)) > timedelta(hours=1)


def test_a_refused_launch_does_not_count_for_the_limit(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(2, 600),))
    assert endings(world.apply(manifest(5, ""), requests=Requests(limit=3))) == {"unfinished"}
    assert len(created(world)) == 3
    assert refused(world) == 1


def test_limit_and_max_running_apply_together(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert endings(world.apply(manifest(5, TWO), requests=Requests(limit=3))) == {"unfinished"}
    assert (len(created(world)), at_once(world)) == (3, 2)


def test_only_selected_jobs_are_launched_and_only_their_keys_created(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.apply(KEYED, requests=Requests(only=frozenset({"job.plain"})))
    assert not result.endings
    assert outcomes(result) == {
        "key.scenes": Outcome.DONE,
        "key.spare": Outcome.DONE,
        "job.plain": Outcome.DONE,
        "job.keyed": Outcome.SKIPPED,
    }
    assert keys_of(world) == []
    world.apply(KEYED, requests=Requests(only=frozenset({"job.keyed"})))
    assert keys_of(world) == ["key.scenes"]
    assert len(created(world)) == 2


def test_products_are_ordered_while_others_run(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(order_time=200))
    assert not world.apply(PRODUCTS).endings
    times = created(world)
    assert (len(times), at_once(world)) == (14, 2)
    # Seven turns of five minutes: the orders cost no time of their own.
    assert length(times) < timedelta(minutes=32)
