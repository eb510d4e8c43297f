"""What a killed job worked on is on record, so that a later plan warns of a region as large, wherever it stands."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.ledger.events import JobIntended
from tests.applying.simulated_runs import JOB_ONLY, events
from tests.simulation.world import World

CUT = """<graph id="Graph"><version>1.0</version>
  <node id="Subset"><operator>Subset</operator><sources/>
    <parameters><sourceFile>$img1</sourceFile><geoRegion>REGION</geoRegion></parameters></node>
  <node id="Write"><operator>Write</operator><sources><sourceProduct refid="Subset"/></sources>
    <parameters><file>$output</file><formatName>NetCDF4-CF</formatName></parameters></node>
</graph>"""
REGION = "POLYGON((10 50, EAST 50, EAST 58, 10 58, 10 50))"
CHAIN = JOB_ONLY.replace("graph: graph.xml", "chain: {product: OLL2WFR, roi: {NSWE: [58, 50, 10, EAST]}}")
# What stands in the graph, and the manifest.
PLACES = {
    "graph": (REGION, JOB_ONLY),
    "param": ("$aoi", f"{JOB_ONLY}    params: {{aoi: '{REGION}'}}\n"),
    "part of a region": (REGION.replace("EAST", "$east"), f"{JOB_ONLY}    params: {{east: EAST}}\n"),
    "chain": ("", CHAIN),
    "point": ("POINT(EAST 50)", JOB_ONLY),
}


def manifest(world: World, where: str, east: int) -> str:
    region, text = PLACES[where]
    graph = CUT.replace("REGION", region).replace("EAST", str(east))
    (world.folder / "graph.xml").write_text(graph, encoding="utf-8")
    return text.replace("EAST", str(east))


def killed(tmp_path: Path, where: str) -> World:
    """Return a world in which a job was killed."""
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("killed"))
    world.apply(manifest(world, where, 18))
    return world


def warned(world: World, text: str) -> int:
    return [each.code for each in world.plan(text).diagnostics].count("region-killed-before")


def test_a_point_is_no_region_that_was_too_large(tmp_path: Path) -> None:
    world = killed(tmp_path, "point")
    assert warned(world, manifest(world, "point", 19)) == 0
    assert warned(world, manifest(world, "graph", 19)) == 0


@pytest.mark.parametrize("where", ["graph", "param", "part of a region", "chain"])
def test_a_region_as_large_as_one_that_was_killed_is_reported(where: str, tmp_path: Path) -> None:
    world = killed(tmp_path, where)
    (intended,) = [event for event in events(world) if isinstance(event, JobIntended)]
    assert isinstance(intended.region, Region)
    assert list(intended.region.box) == [10, 50, 18, 58]
    assert warned(world, manifest(world, where, 19)) == 1
    assert warned(world, manifest(world, where, 17)) == 0
