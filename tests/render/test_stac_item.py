"""STAC items of results of every kind: odd names, odd places, nothing known."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pystac
import pytest
from pystac.validation.local_validator import LocalValidator

from eocanvas_apply.render.provenance.stac_item import Surroundings, stac_item
from eocanvas_apply.report.provenance.described_job import DescribedRun, ResultFacts
from eocanvas_apply.report.provenance.given_inputs import GivenInput
from eocanvas_apply.report.provenance.job_origin import JobOrigin
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.report.provenance.place_and_time import place_and_time

MADE = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
AMONG = Surroundings("coast-tiles", "/p/results/tiles/collection.json", ManifestVersion(), (), {})
SHAPES: list[dict[str, Any]] = [
    {},
    {"wkt": "POINT(20 58)"},
    {"wkt": "MULTIPOINT((20 58), (21 59))"},
    {"wkt": "LINESTRING(20 58, 21 59)"},
    {"wkt": "GEOMETRYCOLLECTION(POINT(20 58), LINESTRING(20 58, 21 59))"},
    {"bbox": [170, -10, -170, 10]},
    {"geometry": {"type": "Polygon", "coordinates": [[[0, 0, 5], [1, 0, 5], [1, 1, 5], [0, 0, 5]]]}},
]


def _item(fields: dict[str, Any], result: ResultFacts, origin: JobOrigin | None = None) -> dict[str, Any]:
    origin = origin or JobOrigin('job.tiles["T32"]', "j-1", "successful", finished=MADE)
    run = DescribedRun(origin, (result,), place_and_time(fields, None, (), MADE), fields)
    data = f"/p/{result.file}" if result.file else result.location or "urn:x"
    return stac_item(run, result, f"/p/results/tiles/T32/{result.name}.stac.json", data, AMONG)


def _require_valid(item: dict[str, Any]) -> None:
    with pytest.warns(DeprecationWarning, match="LocalValidator"):
        faults = list(LocalValidator().item_validator().iter_errors(item))
    assert [each.message for each in faults] == []
    assert pystac.Item.from_dict(item).geometry == item["geometry"]


@pytest.mark.parametrize("fields", SHAPES)
def test_an_item_of_any_place_is_valid(fields: dict[str, Any]) -> None:
    item = _item(fields, ResultFacts('job.tiles["T32"]', "t", "results/tiles/T32/a.nc", None, 0, "0" * 64))
    _require_valid(item)
    assert ("bbox" in item) == bool(fields)
    assert item["assets"]["data"]["file:size"] == 0


@pytest.mark.parametrize(
    ("name", "href"),
    [("a b#1?.nc", "a%20b%231%3F.nc"), ("ä.tif", "%C3%A4.tif"), ("100%.zip", "100%25.zip"), ("x:y.nc", "x%3Ay.nc")],
)
def test_the_reference_to_an_odd_name_is_one(name: str, href: str) -> None:
    item = _item({}, ResultFacts('job.tiles["T32"]', "t", f"results/tiles/T32/{name}", None, 1, "0" * 64))
    _require_valid(item)
    assert item["assets"]["data"]["href"] == href


@pytest.mark.parametrize(
    "fields",
    [
        {"bbox": [170, 10, -170, 20]},
        {"wkt": "MULTIPOLYGON(((170 10,180 10,180 20,170 20,170 10)),((-180 10,-170 10,-170 20,-180 20,-180 10)))"},
    ],
)
def test_the_box_of_what_crosses_the_antimeridian_goes_from_west_to_east(fields: dict[str, Any]) -> None:
    item = _item(fields, ResultFacts("a", "t", "results/tiles/T32/a.nc", None, 1, "0" * 64))
    _require_valid(item)
    assert item["bbox"] == [170, 10, -170, 20]


def test_a_height_that_is_no_number_is_no_place() -> None:
    fields = {"geometry": {"type": "Point", "coordinates": [1, 2, "<script>"]}}
    assert _item(fields, ResultFacts("a", "t", "results/tiles/T32/a.nc", None, 1, "0" * 64))["geometry"] is None


@pytest.mark.parametrize("name", ["a b.nc", "ä.nc", "שלום", "x" * 300, "..", "a;b#c?.nc"])
def test_an_id_needs_no_encoding_and_is_another_for_another_name(name: str) -> None:
    item = _item({}, ResultFacts("a", "t", f"results/tiles/T32/{name}", None, 1, "0" * 64))
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,210}", item["id"])
    assert item["id"] != _item({}, ResultFacts("a", "t", f"results/tiles/T32/{name}~", None, 1, "0" * 64))["id"]


@pytest.mark.parametrize("location", ["s3://maps/a b/ä?.nc", "https://drive.example.org/a%20b.nc", None])
def test_a_result_at_a_key_is_valid_also_where_its_address_is_not_known(location: str | None) -> None:
    _require_valid(_item({}, ResultFacts('job.tiles["T32"]', "keystore://k/a.nc", None, location)))


def test_secrets_of_rows_and_inputs_are_left_out() -> None:
    given = GivenInput("img1", "product", "S3A", dataset="EO:X")
    origin = JobOrigin('job.tiles["T32"]', "j-1", "successful", finished=MADE, inputs=(given,))
    fields = {"location": "https://jane:pw@x.example/a?sig=s3cr3t", "deep": [{"url": "https://x.example/b?sig=s3cr3t"}]}
    item = _item(fields, ResultFacts("a", "t", "results/tiles/T32/a.nc", None, 1, "0" * 64), origin)
    _require_valid(item)
    assert "s3cr3t" not in str(item)
    assert item["properties"]["eocanvas:row"] == {
        "location": "https://x.example/a",
        "deep": [{"url": "https://x.example/b"}],
    }
