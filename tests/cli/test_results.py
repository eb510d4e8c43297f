"""Results as people and other programs take them: where they lie, as a table with every instance, and on a map."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.ledger.events import AnyEvent, ResultStored
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.results.index import Indexes
from tests.cli.conftest import Project

MANIFEST = """\
version: 1
project: coast
keys:
  out:
    type: s3
    bucket: maps
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {env: SCENES_ACCESS_KEY}
    secret_key: {env: SCENES_SECRET_KEY}
jobs:
  islands:
    for_each: {geojson: islands.geojson, id: "${each.name}"}
    graph: subset.xml
    params: {aoi: "${each.wkt}"}
    inputs: {img1: {url: "https://data.example.org/${each.id}.nc"}}
    skip: {fog: no light}
  maps:
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {url: "https://data.example.org/map.nc"}}
    output: {key: out}
"""


def _feature(name: str, west: float) -> dict[str, object]:
    ring = [[west, 57], [west + 1, 57], [west + 1, 58], [west, 58], [west, 57]]
    return {
        "type": "Feature",
        "properties": {"name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


@pytest.fixture(name="islands")
def _islands(campaign: Project) -> Project:
    features = [_feature("gotland", 18.2), _feature("oland", 16.5), _feature("fog", 20)]
    collection = {"type": "FeatureCollection", "features": features}
    (campaign.folder / "islands.geojson").write_text(json.dumps(collection), encoding="utf-8")
    return campaign


def _run(islands: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*oland*"))
    assert islands.run("apply", "--yes") == 4


def test_results_at_a_key_are_named_by_their_place_there(islands: Project, emulator: RunningEmulator) -> None:
    _run(islands, emulator)
    assert "\n  job.maps: 1 file in s3://maps/" in islands.out
    assert islands.run("results", "maps") == 0
    head, line = islands.out.splitlines()
    assert head.split() == ["job", "size", "file", "title", "at", "the", "service"]
    assert line.startswith("job.maps  at the key  s3://maps/")
    (listed,) = islands.json("results", "maps")["results"]
    assert listed["state"] == "at-key"
    assert listed["location"].startswith("s3://maps/")
    assert listed["file"] in line


def test_the_table_has_a_line_for_every_instance_and_no_column_twice(
    islands: Project, emulator: RunningEmulator
) -> None:
    _run(islands, emulator)
    assert islands.run("results", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(islands.out)))
    assert list(rows[0]) == [
        *("address", "instance", "each.bbox", "each.name", "each.wkt", "state", "job_id"),
        *("file", "location", "size", "sha256", "remarks"),
    ]
    assert [(row["address"], row["state"], bool(row["file"])) for row in rows] == [
        ('job.islands["fog"]', "skipped", False),
        ('job.islands["gotland"]', "done", True),
        ('job.islands["oland"]', "failed", False),
        ("job.maps", "done", True),
    ]


def test_campaigns_on_a_map_are_features_with_state_and_files(islands: Project, emulator: RunningEmulator) -> None:
    _run(islands, emulator)
    assert islands.run("results", "--format", "geojson") == 0
    document = json.loads(islands.out)
    assert document["type"] == "FeatureCollection"
    known = {feature["properties"]["instance"]: feature for feature in document["features"]}
    assert {name: feature["properties"]["state"] for name, feature in known.items()} == {
        "fog": "skipped",
        "gotland": "done",
        "oland": "failed",
    }
    gotland = known["gotland"]
    assert gotland["id"] == 'job.islands["gotland"]'
    ring = [[18.2, 57], [19.2, 57], [19.2, 58], [18.2, 58], [18.2, 57]]
    assert gotland["geometry"] == {"type": "Polygon", "coordinates": [ring]}
    (file,) = gotland["properties"]["files"]
    assert (islands.folder / file).is_file()
    assert known["oland"]["properties"]["files"] == []
    assert islands.run("results", "maps", "--format", "geojson") == 1
    assert "no row of these jobs has a geometry [no-geometry]" in islands.err


def test_the_index_has_a_result_that_went_on_record_while_the_index_was_written(
    islands: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another job's results end between the file of this one and its record, and the index is written for that one."""
    indexes: list[Indexes] = []
    real_record, real_begin = Journal.record, Indexes.begin

    def begin(self: Indexes, folder: Path, address: str) -> None:
        indexes.append(self)
        real_begin(self, folder, address)

    async def record(self: Journal, *events: AnyEvent) -> None:
        if any(isinstance(event, ResultStored) for event in events):
            await indexes[-1].write(self.refresh)
        await real_record(self, *events)

    monkeypatch.setattr(Indexes, "begin", begin)
    monkeypatch.setattr(Journal, "record", record)
    assert islands.run("apply", "--yes") == 0
    with (islands.folder / "results/islands/index.csv").open(newline="", encoding="utf-8") as file:
        rows = {row["instance"]: (row["state"], bool(row["file"])) for row in csv.DictReader(file)}
    assert rows == {"gotland": ("done", True), "oland": ("done", True), "fog": ("skipped", False)}
    assert not list(islands.folder.rglob("*.due"))
