"""Campaigns with canaries or stop_after: how a run goes and ends, and how it continues."""

from __future__ import annotations

from pathlib import Path

from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.planning.actions import Outcome
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.render.results.result import text
from eocanvas_apply.report.progress import ApplyResult
from tests.engine.campaigns.test_quota import created
from tests.simulation.world import World

MANIFEST = """
version: 1
project: demo
jobs:
  scenes:
    for_each: {{list: [{rows}]}}
    graph: graph.xml
    inputs: {{img1: {{url: "https://data.example.org/${{each.value}}.zip"}}}}
    {rule}
"""


def manifest(rows: int, rule: str) -> str:
    return MANIFEST.format(rows=", ".join(f"s{n:02}" for n in range(rows)), rule=rule)


def failing(folder: Path, times: int, job_time: float = 300) -> World:
    world = World(folder, job_time=job_time)
    world.frontend.service.job_faults.append(JobFault("graph", "*", times))
    return world


def endings(result: ApplyResult) -> set[str]:
    return {ending.value for ending in result.endings}


def count(result: ApplyResult, outcome: Outcome) -> int:
    return sum(1 for each in result.results if each.outcome is outcome)


def test_the_other_instances_follow_after_the_canaries_succeeded(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(manifest(6, "canary: 2")).endings
    times = created(world)
    assert len(times) == 6
    # The third was launched when the first two had ended.
    assert (times[2] - times[1]).total_seconds() >= 300


def test_a_run_ends_after_a_failed_canary_and_continues_on_request(tmp_path: Path) -> None:
    world = failing(tmp_path, 1)
    result = world.apply(manifest(6, "canary: 2"))
    assert endings(result) == {"failed", "unfinished"}
    assert (count(result, Outcome.FAILED), count(result, Outcome.WAITING)) == (1, 4)
    assert [found.code for found in result.diagnostics] == ["canary-failed"]
    assert 'job.scenes["s02"]: waits for the first instances (canary)' in text(result)
    assert len(created(world)) == 2
    again = world.apply(manifest(6, "canary: 2"))
    assert endings(again) == {"failed", "unfinished"}
    assert len(created(world)) == 2
    assert not world.apply(manifest(6, "canary: 2"), requests=Requests(retry_failed=True)).endings
    assert len(created(world)) == 7


def test_one_job_at_a_time_stops_after_stop_after_failures(tmp_path: Path) -> None:
    world = failing(tmp_path, 9)
    quota = "quota: [{jobs: 1, per: 10m}]\n"
    result = world.apply(quota + manifest(8, "stop_after: 2"))
    assert endings(result) == {"failed", "unfinished"}
    assert len(created(world)) == 2
    assert count(result, Outcome.WAITING) == 6


def test_three_permanent_failures_in_sequence_stop_a_campaign(tmp_path: Path) -> None:
    world = failing(tmp_path, 9)
    quota = "quota: [{jobs: 1, per: 10m}]\n"
    result = world.apply(quota + manifest(8, "stop_after: 90%"))
    assert [found.code for found in result.diagnostics] == ["campaign-stopped"]
    assert len(created(world)) == 3


def test_failures_listed_under_skip_no_longer_stop_a_campaign(tmp_path: Path) -> None:
    world = failing(tmp_path, 2)
    world.apply("quota: [{jobs: 1, per: 10m}]\n" + manifest(4, "stop_after: 2"))
    skip = "stop_after: 2\n    skip: {s00: empty, s01: empty}"
    assert not world.apply(manifest(4, skip)).endings
    assert len(created(world)) == 4


def test_a_stopped_campaign_delays_no_other_job(tmp_path: Path) -> None:
    world = failing(tmp_path, 1)
    other = '  later: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/z.zip"}}}\n'
    world.apply(manifest(3, "canary: 1"))
    result = world.apply(manifest(3, "canary: 1") + other)
    assert {r.address: r.outcome for r in result.results}["job.later"] is Outcome.DONE
    assert len(created(world)) == 2
