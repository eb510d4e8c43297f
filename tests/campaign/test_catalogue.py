"""Campaigns over a search, against the project's own emulator."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from eocanvas_apply.campaign.expanded import Expansion
from eocanvas_apply.campaign.expansion import expand
from eocanvas_apply.campaign.readers.hda import Catalogue, product_rows
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER
from eocanvas_apply.manifest.loading import load
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.clock import SystemClock
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints

TEXT = """version: 1
project: p
jobs:
  all:
    chain: {product: OLL2WFR}
    inputs: {img1: {url: "${each.location}", id: "${each.dataset_id}/${each.id}"}}
    for_each: {hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", dtstart: now-3d, dtend: today}}
  daily:
    process: x
    inputs: {product: "${each.product_id}"}
    for_each:
      - {days: {from: 2024-07-01, to: 2024-07-03}}
      - hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", dtstart: "${each.start}", dtend: "${each.end}"}
        pick: latest
        as: scene
"""


def expanded(text: str) -> Expansion:
    async def main(url: str) -> Expansion:
        me = Credentials(DEFAULT_USER.name, Secret(DEFAULT_USER.password))
        async with EOCanvas(Endpoints(url), me, SystemClock()) as canvas:
            now = datetime(2024, 7, 5, 12, tzinfo=UTC)
            return await expand(load(text, "m.yaml"), lambda _: b"", now=now, search=Catalogue(canvas.hda).search)

    with running(Options()) as emulator:
        return asyncio.run(main(emulator.url))


def test_products_become_instances() -> None:
    found = expanded(TEXT.replace("${each.product_id}", "${each.scene.product_id}"))
    assert found.diagnostics == ()
    assert found.relative == {"all"}
    everything = found.instances["all"]
    assert len(everything) > 2
    assert [each.id for each in everything] == sorted(each.id for each in everything)
    first = everything[0]
    assert first.fields["dataset_id"] == "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___"
    assert first.fields["location"]
    assert isinstance(first.fields["size"], int)
    assert [each.id for each in found.instances["daily"]] == ["2024-07-01", "2024-07-02", "2024-07-03"]
    days = [each.fields["scene.startdate"][:10] for each in found.instances["daily"]]
    assert days == ["2024-07-01", "2024-07-02", "2024-07-03"]
    assert len(found.searches) == 3


def test_an_invalid_search_is_reported_at_its_step() -> None:
    found = expanded("version: 1\nproject: p\njobs: {a: {process: x, for_each: {hda: {sat: A}}}}\n")
    (fault,) = found.diagnostics
    assert fault.code == "bad-search"
    assert fault.position is not None
    assert (fault.position.line, fault.address) == (3, "job.a")


SQUARE = {"type": "Polygon", "coordinates": [[[20, 58], [21, 58], [21, 59], [20, 59], [20, 58]]]}


@pytest.mark.parametrize(
    ("geometry", "fields"),
    [
        (SQUARE, {"geometry": "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}),
        ({"type": "Circle", "coordinates": [20, 58]}, {}),
        ({"type": "Polygon", "coordinates": []}, {}),
        ("POINT(20 58)", {"geometry": "POINT(20 58)"}),
    ],
)
def test_the_footprint_of_a_product_is_wkt_as_in_other_rows(geometry: object, fields: dict[str, object]) -> None:
    (row,) = product_rows([{"id": "a", "size": 1, "geometry": geometry}])
    assert row.fields == {"product_id": "a", "size": 1, **fields}
