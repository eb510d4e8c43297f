"""Rows that a search finds: made once a run, equal ones once, and nothing moves when the catalogue does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.simulation.world import World

TILES = (
    *("32TQM", "33UUB", "33VUE", "34VCL", "31UFU", "32ULC", "35VLG", "29TNE"),
    *("30TVK", "31TCJ", "32TPS", "33TUL", "34UDC", "35UPR", "29UPU"),
)
FIELDS = [
    {"id": f"field-{number:02}", "tileId": TILES[number % 15], "wkt": f"POINT({number} 50)"} for number in range(23)
]
MANIFEST = """
version: 1
project: demo
jobs:
  fields:
    for_each:
      - {json: {file: fields.json, path: fields}, expect: 23}
      - {csv: dates.csv, by: tileId, expect: 1}
      - hda:
          dataset_id: "EO:ESA:DAT:SENTINEL-2"
          tileId: "${each.tileId}"
          startDate: "${each.from}T00:00:00Z"
          completionDate: "${each.to}T00:00:00Z"
        as: scene
        pick: latest
    graph: graph.xml
    inputs: {img1: {url: "${each.scene.location}", id: "${each.scene.product_id}"}}
    output: {download: results/fields}
"""


def prepared(folder: Path, fields: list[dict[str, str]] = FIELDS) -> World:
    (folder / "fields.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    # Seven days hold one pass of each tile, or two.
    dates = "".join(f"{tile};2024-07-0{1 + n % 3};2024-07-1{n % 3}\n" for n, tile in enumerate(TILES))
    (folder / "dates.csv").write_text("\ufefftileId;from;to\n" + dates, encoding="utf-8")
    return World(folder)


def searches(world: World) -> list[Mapping[str, Any]]:
    sent = [received.request for received in world.wire.received if received.request.path.endswith("/search")]
    return [json.loads(request.body) for request in sent]


def test_a_search_for_every_row_and_a_job_for_every_field(tmp_path: Path) -> None:
    world = prepared(tmp_path)
    assert not world.apply(MANIFEST).endings
    assert len(searches(world)) == 15
    assert len(world.wire.service.jobs.every()) == 23
    inputs = {job.execution.locations[0] for job in world.wire.service.jobs.every()}
    assert len(inputs) == 15
    plan = world.plan(MANIFEST)
    assert {(a.action, a.reason) for a in plan.actions if a.address.startswith("job.")} == {("none", "done")}
    assert len(list((tmp_path / "results" / "fields").glob("field-*/*.nc"))) == 23
