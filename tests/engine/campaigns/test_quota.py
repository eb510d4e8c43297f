"""Launches under a quota: never more than the windows allow, never slower, also when others use them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
from tests.simulation.world import World

HOUR = timedelta(hours=1)
MANIFEST = """
version: 1
project: demo
{quota}
jobs:
  scenes:
    for_each: {{list: [{rows}]}}
    graph: graph.xml
    inputs: {{img1: {{url: "https://data.example.org/${{each.value}}.zip"}}}}
"""


def manifest(rows: int, quota: str = "quota: [{jobs: 10, per: 1h}]") -> str:
    return MANIFEST.format(quota=quota, rows=", ".join(f"s{n}" for n in range(rows)))


def limited(folder: Path, *quotas: Quota, behaviour: Behaviour | None = None) -> World:
    return World(folder, quotas=quotas or (Quota(10, 3600),), behaviour=behaviour or Behaviour())


def created(world: World) -> list[datetime]:
    return sorted(job.created for job in world.frontend.service.jobs.every())


def refused(world: World) -> int:
    sent = [r for r in world.frontend.received if r.request.path.endswith("/execution")]
    return len(sent) - len(created(world))


def test_a_declared_window_is_never_exceeded_and_never_left_idle(tmp_path: Path) -> None:
    world = limited(tmp_path)
    assert not world.apply(manifest(25), timedelta(hours=5)).endings
    times = created(world)
    assert len(times) == 25
    assert refused(world) == 0
    # Ten at once, ten an hour later, five an hour after that: the optimum, with half a minute for each look.
    assert times[24] - times[0] < 2 * HOUR + timedelta(minutes=2)
    assert times[10] - times[0] > HOUR


def test_two_windows_hold_together(tmp_path: Path) -> None:
    world = limited(tmp_path, Quota(3, 600), Quota(5, 3600))
    both = "quota: [{jobs: 3, per: 10m}, {jobs: 5, per: 1h}]"
    assert not world.apply(manifest(8, both), timedelta(hours=3)).endings
    assert refused(world) == 0
    times = created(world)
    assert times[3] - times[0] > timedelta(minutes=10)
    assert times[5] - times[0] > HOUR


@pytest.mark.parametrize("answer", ["retry-after", "retry-date", "quota-reset", "bare", "html", "empty"])
def test_an_undeclared_quota_is_learned_from_refusals(tmp_path: Path, answer: str) -> None:
    world = limited(tmp_path, Quota(4, 600), behaviour=Behaviour(quota_answer=answer))  # type: ignore[arg-type]
    assert not world.apply(manifest(10, ""), timedelta(hours=3)).endings
    assert len(created(world)) == 10


def test_other_peoples_launches_count(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    world = limited(tmp_path)
    world.apply(manifest(6).replace("project: demo", "project: other"), timedelta(0))
    world.ledger.rename(tmp_path / "other" / "ledger.jsonl")
    world.apply(manifest(25).replace("s0, ", "t0, "), timedelta(0))
    assert refused(world) == 0
    assert len(created(world)) == 10


def test_the_plan_shows_launches_now_and_when_the_others_follow(tmp_path: Path) -> None:
    world = limited(tmp_path)
    plan = world.plan(manifest(25))
    assert (plan.forecast.launches_now, plan.forecast.waiting) == (10, 15)
    assert plan.forecast.ends is not None
    assert 2 * HOUR <= plan.forecast.ends - plan.created < 2 * HOUR + timedelta(minutes=1)
    (window,) = plan.windows
    assert (window.left, window.limit) == (10, 10)


def test_one_turn_launches_what_the_quota_allows_and_reports_the_rest_as_waiting(tmp_path: Path) -> None:
    world = limited(tmp_path)
    result = world.apply(manifest(12), timedelta(0))
    assert {e.value for e in result.endings} == {"unfinished"}
    assert len(created(world)) == 10
    world.clock.advance(3700)
    assert not world.apply(manifest(12)).endings
    assert len(created(world)) == 12


def test_a_launch_with_an_uncreatable_key_takes_no_slot_from_others(tmp_path: Path) -> None:
    world = limited(tmp_path, Quota(1, 3600))
    stuck = """
version: 1
project: demo
quota: [{jobs: 1, per: 1h}]
keys:
  lost: {type: s3, bucket: BUCKET, region: r, endpoint: https://s3.example.org,
         access_key: {env: ACCESS}, secret_key: {env: SECRET}}
jobs:
  a-stuck: {graph: graph.xml, inputs: {img1: {key: lost, path: /a.zip}}}
  b-free: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/b.zip"}}}
"""
    # Too long to be sealed.
    result = world.apply(stuck.replace("BUCKET", "b" * 300), timedelta(0))
    outcomes = {r.address: r.outcome for r in result.results if r.address.startswith("job.")}
    assert outcomes == {"job.a-stuck": "skipped", "job.b-free": "waiting"}
    (job,) = world.frontend.service.jobs.every()
    assert job.execution.locations == ("https://data.example.org/b.zip",)
