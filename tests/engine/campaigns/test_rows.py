"""One job for every row: added rows add jobs, removed rows change nothing, rows that come back run nothing twice."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.simulation.world import World

MANIFEST = """
version: 1
project: demo
keys:
  scenes:
    {type: s3, bucket: olci, region: r, endpoint: https://s3.example.org,
     access_key: {env: ACCESS}, secret_key: {env: SECRET}}
jobs:
  tiles:
    for_each: {csv: tiles.csv, id: "${each.tile}"}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.tile}/${each.day}.zip"}}
    output: {download: results/tiles}
"""


def table(folder: Path, *tiles: str) -> None:
    rows = "".join(f"{tile},2024-07-0{number}\n" for number, tile in enumerate(tiles, start=1))
    (folder / "tiles.csv").write_text("tile,day\n" + rows, encoding="utf-8")


def acts(world: World) -> dict[str, tuple[str, str]]:
    return {a.address: (a.action, a.reason) for a in world.plan(MANIFEST).actions if a.address.startswith("job.")}


def test_every_row_runs_once_and_has_its_folder(tmp_path: Path) -> None:
    world = World(tmp_path)
    table(tmp_path, "T31", "T32", "T33")
    result = world.apply(MANIFEST)
    assert not result.endings
    assert set(acts(world).values()) == {("none", "done")}
    assert set(acts(world)) == {f'job.tiles["{tile}"]' for tile in ("T31", "T32", "T33")}
    paths = {job.execution.locations[0] for job in world.frontend.service.jobs.every()}
    assert paths == {"/T31/2024-07-01.zip", "/T32/2024-07-02.zip", "/T33/2024-07-03.zip"}
    for tile in ("T31", "T32", "T33"):
        assert len(list((tmp_path / "results" / "tiles" / tile).glob("*.nc"))) == 1


def test_one_index_lists_all_rows_with_their_fields(tmp_path: Path) -> None:
    world = World(tmp_path)
    table(tmp_path, "T31", "T32")
    world.apply(MANIFEST)
    with (tmp_path / "results" / "tiles" / "index.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(r["instance"], r["each.tile"], r["each.day"]) for r in rows] == [
        ("T31", "T31", "2024-07-01"),
        ("T32", "T32", "2024-07-02"),
    ]
    assert all((tmp_path / "results" / "tiles" / r["file"]).is_file() for r in rows)


def test_another_row_adds_a_job_and_changes_nothing_else(tmp_path: Path) -> None:
    world = World(tmp_path)
    table(tmp_path, "T31")
    world.apply(MANIFEST)
    table(tmp_path, "T31", "T32")
    assert acts(world) == {'job.tiles["T31"]': ("none", "done"), 'job.tiles["T32"]': ("launch", "new")}
    world.apply(MANIFEST)
    assert len(world.frontend.service.jobs.every()) == 2


def test_a_removed_row_is_kept_and_runs_nothing_when_it_comes_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    table(tmp_path, "T31", "T32")
    world.apply(MANIFEST)
    table(tmp_path, "T31")
    assert acts(world)['job.tiles["T32"]'] == ("none", "out-of-window")
    assert not world.apply(MANIFEST).endings
    table(tmp_path, "T31", "T32")
    assert set(acts(world).values()) == {("none", "done")}
    assert len(world.frontend.service.jobs.every()) == 2


def test_a_campaign_that_leaves_the_manifest_is_forgotten(tmp_path: Path) -> None:
    world = World(tmp_path)
    table(tmp_path, "T31", "T32")
    world.apply(MANIFEST)
    without = MANIFEST[: MANIFEST.index("jobs:")]
    forgotten = {a.address: a.action for a in world.plan(without).actions if a.address.startswith("job.")}
    assert set(forgotten.values()) == {"forget"}
