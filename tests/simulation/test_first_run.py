from __future__ import annotations

from pathlib import Path

from tests.simulation.world import World

MANIFEST = """
version: 1
project: demo
keys:
  scenes:
    type: s3
    bucket: olci
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {env: ACCESS}
    secret_key: {env: SECRET}
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /a.zip}}
"""


def test_the_first_run_is_simulated(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.apply(MANIFEST)
    assert [(r.address, r.outcome) for r in result.results] == [("key.scenes", "done"), ("job.subset", "done")]
    assert not result.endings
    plan = world.plan(MANIFEST)
    assert [(a.action, a.reason) for a in plan.actions] == [("none", "not-needed"), ("none", "done")]
    assert len(list((tmp_path / "results" / "subset").glob("*.nc"))) == 1
