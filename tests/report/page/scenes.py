"""Reports to look at: made of scenes of the planner."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from eocanvas_apply.engine.definition import parse_project
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.status import status
from tests.planning.scene import FILES, HEAD, SCENES, Scene, intent_id

TILES = """jobs:
  tiles:
    for_each: {geojson: tiles.geojson, id: "${each.name}", max: 5000}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.name}.zip"}}
"""


def square(west: float, south: float, size: float = 1.0) -> dict[str, Any]:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def features(geometries: Mapping[str, Any]) -> bytes:
    found = [
        {"type": "Feature", "properties": {"name": name}, "geometry": geometry} for name, geometry in geometries.items()
    ]
    return json.dumps({"type": "FeatureCollection", "features": found}).encode()


def scene_of(geometries: Mapping[str, Any], *, more: str = "") -> Scene:
    """Return a campaign with a row for each geometry, and its key."""
    files = {**FILES, "tiles.geojson": features(geometries)}
    scene = Scene(HEAD + SCENES + TILES + more, files)
    scene.make_key("scenes")
    return scene


def all_done(geometries: Mapping[str, Any]) -> Scene:
    """Return a campaign whose jobs are all done; only the first is made step by step, which takes time."""
    scene = scene_of(geometries)
    first, *others = scene.desired.jobs.values()
    before = len(scene.events)
    scene.done(first.address, 1)
    model = scene.events[before:]
    for number, job in enumerate(others, 2):
        own: dict[str, Any] = {"address": job.address, "intent": intent_id(number), "job_id": f"job-{number}"}
        own |= {"fingerprint": job.fingerprint, "components": job.components}
        scene.events += (replace(each, **{k: v for k, v in own.items() if hasattr(each, k)}) for each in model)
    return scene


def report_of(scene: Scene, **more: Any) -> ReportPage:
    """Return the report of a scene."""
    manifest = parse_project(scene.manifest, Path("manifest.yaml"), lambda path: scene.files[path]).manifest
    recorded = scene.recorded
    return ReportPage(status(scene.plan(), recorded, scene.observed), manifest, recorded, **more)
