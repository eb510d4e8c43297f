"""Rows that a search finds: made once a run, equal ones once, and nothing moves when the catalogue does."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from eocanvas_apply.campaign.lock import LockedQuery, lock_of
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.planning.plan import Requests
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
    inputs: {img1: {product: "${each.scene.product_id}", uncompress: true}}
    accept_terms: [Copernicus_General_License]
    output: {download: results/fields}
"""


def prepared(folder: Path, fields: list[dict[str, str]] = FIELDS, behaviour: Behaviour = Behaviour()) -> World:  # noqa: B008
    (folder / "fields.json").write_text(json.dumps({"fields": fields}), encoding="utf-8")
    # Seven days hold one pass of each tile, or two.
    dates = "".join(f"{tile};2024-07-0{1 + n % 3};2024-07-1{n % 3}\n" for n, tile in enumerate(TILES))
    (folder / "dates.csv").write_text("\ufefftileId;from;to\n" + dates, encoding="utf-8")
    return World(folder, behaviour=behaviour)


def searches(world: World) -> list[Mapping[str, Any]]:
    return sent(world, "/dataaccess/search")


def sent(world: World, path: str) -> list[Mapping[str, Any]]:
    requests = [received.request for received in world.frontend.received]
    return [json.loads(each.body) for each in requests if each.method == "POST" and each.path.endswith(path)]


@pytest.mark.parametrize("paging", ["total", "next"])
def test_a_search_for_every_row_and_a_job_for_every_field(tmp_path: Path, paging: str) -> None:
    world = prepared(tmp_path, behaviour=Behaviour().changed({"search_paging": paging}))
    assert not world.apply(MANIFEST).endings
    assert len(searches(world)) == 15
    assert len(world.frontend.service.jobs.every()) == 23
    ordered = [each["product_id"] for each in sent(world, "/dataaccess/download")]
    assert len(ordered) == len(set(ordered)) == 15
    inputs = {job.execution.locations[0] for job in world.frontend.service.jobs.every()}
    assert len(inputs) == 15
    plan = world.plan(MANIFEST)
    assert {(a.action, a.reason) for a in plan.actions if a.address.startswith("job.")} == {("none", "done")}
    assert len(list((tmp_path / "results" / "fields").glob("field-*/*.nc"))) == 23


def test_licences_that_even_the_search_needs_are_accepted_once(tmp_path: Path) -> None:
    world = prepared(tmp_path, behaviour=Behaviour(terms_needed="search"))
    assert not world.apply(MANIFEST).endings
    puts = [r.request.path for r in world.frontend.received if r.request.method == "PUT"]
    # Once for the searches, before there is a ledger, and once on record for the orders.
    assert [path.rpartition("/")[2] for path in puts] == ["Copernicus_General_License"] * 2


def acts(world: World, manifest: str) -> dict[str, str]:
    actions = world.plan(manifest).actions
    return {a.address: a.reason for a in actions if a.address.startswith("job.")}


def test_fields_added_later_add_jobs_and_searches_and_move_nothing(tmp_path: Path) -> None:
    fewer = prepared(tmp_path, FIELDS[:20])
    more = MANIFEST.replace("expect: 23", 'expect: ">=1"')
    assert not fewer.apply(more).endings
    before = {job.id for job in fewer.frontend.service.jobs.every()}
    (tmp_path / "fields.json").write_text(json.dumps({"fields": FIELDS}), encoding="utf-8")
    reasons = acts(fewer, more)
    assert [address for address, reason in reasons.items() if reason == "new"] == [
        f'job.fields["field-{number}"]' for number in (20, 21, 22)
    ]
    assert set(reasons.values()) == {"done", "new"}
    assert not fewer.apply(more).endings
    assert len(before) == 20
    assert len(fewer.frontend.service.jobs.every()) == 23


RECENT = """
version: 1
project: demo
jobs:
  scenes:
    for_each:
      hda: {dataset_id: "EO:ESA:DAT:SENTINEL-2", tileId: 32TQM, startDate: now-12d, completionDate: now}
    graph: graph.xml
    inputs: {img1: {url: "${each.location}", id: "${each.product_id}"}}
"""


def test_a_window_that_moves_with_the_day_runs_each_product_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(RECENT).endings
    first = set(acts(world, RECENT))
    assert 2 <= len(first) <= 3
    world.clock.advance(6 * 86400)
    reasons = acts(world, RECENT)
    assert {reason for address, reason in reasons.items() if address in first} == {"out-of-window", "done"}
    assert {reason for address, reason in reasons.items() if address not in first} == {"new"}
    assert not world.apply(RECENT).endings
    ran = len(world.frontend.service.jobs.every())
    assert ran == len(reasons)
    # Everything is in a longer window again: it comes back to its jobs.
    longer = RECENT.replace("now-12d", "now-40d")
    again = acts(world, longer)
    assert {again[address] for address in reasons} == {"done"}
    assert not world.apply(RECENT).endings
    assert len(world.frontend.service.jobs.every()) == ran


def test_a_campaign_that_was_not_expanded_keeps_its_jobs(tmp_path: Path) -> None:
    world = prepared(tmp_path)
    assert not world.apply(MANIFEST).endings
    runner = world.runner(MANIFEST)
    runner = dataclasses.replace(
        runner, desired=structs.replace(runner.desired, jobs={}, unasked=frozenset({"fields"}))
    )
    assert asyncio.run(runner.plan(Requests()))[0].actions == ()
    runner = world.runner(MANIFEST)
    runner = dataclasses.replace(
        runner, desired=structs.replace(runner.desired, jobs={}, unasked=frozenset({"fields"}))
    )
    destroyed = asyncio.run(runner.plan(Requests(destroy=True)))[0].actions
    assert [a.action for a in destroyed] == ["forget"] * 23


def test_an_empty_search_is_not_an_empty_manifest(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(RECENT).endings
    # The lock of a search that found nothing: the job is declared all the same.
    nothing = RECENT.replace(
        "startDate: now-12d, completionDate: now}", 'startDate: "2019-01-01"}\n      expect: ">=0"'
    )
    query = {"dataset_id": "EO:ESA:DAT:SENTINEL-2", "tileId": "32TQM", "startDate": "2019-01-01"}
    world.lock = lock_of([LockedQuery(query, world.clock(), ())])
    plan = world.plan(nothing)
    assert {a.reason for a in plan.actions} == {"out-of-window"}
    assert not plan.refusals
