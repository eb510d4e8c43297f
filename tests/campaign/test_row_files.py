from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from eocanvas_apply.campaign.readers.days import day_rows
from eocanvas_apply.campaign.readers.geojson import geojson_rows
from eocanvas_apply.campaign.readers.geometry import outline
from eocanvas_apply.campaign.readers.json import json_rows, value_rows
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.steps import Days

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)
SQUARE = [[[20, 58], [21.5, 58], [21.5, 59.25], [20, 58]]]


def test_a_geometry_in_json_gives_wkt_and_bbox() -> None:
    outline = {"type": "Polygon", "coordinates": [[[20, 58], [21, 58], [21, 59], [20, 58]]]}
    data = [{"geometry": outline}, {"geometry": outline, "wkt": "mine"}, {"geometry": {"type": "circle"}}]
    own, kept, other = json_rows(json.dumps(data).encode(), "a.json").rows
    assert own.fields["wkt"] == "POLYGON((20 58, 21 58, 21 59, 20 58))"
    assert own.fields["bbox"] == [20, 58, 21, 59]
    assert kept.fields["wkt"] == "mine"
    assert "wkt" not in other.fields


def test_values_and_mappings() -> None:
    rows = list(value_rows(["a", 3, {"id": 7, "x": [1]}, {"x": 2}, True]))
    assert [each.id for each in rows] == ["a", "3", "7", None, "true"]
    assert [each.fields for each in rows] == [
        {"value": "a"}, {"value": 3}, {"id": 7, "x": [1]}, {"x": 2}, {"value": True},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "path"),
    [([{"id": "a", "n": 1}], None), ({"x": {"y": [{"id": "a", "n": 1}]}}, "x.y"), ({"a": {"n": 1}}, None)],
)
def test_json(data: Any, path: str | None) -> None:
    (row,) = json_rows(b"\xef\xbb\xbf" + json.dumps(data).encode(), "a.json", path).rows
    assert (row.id, row.fields["n"]) == ("a", 1)


@pytest.mark.parametrize(
    ("content", "path", "code"),
    [
        (b"", None, "json-syntax"),
        (b"[" * 100_000, None, "json-syntax"),
        (b"\xff", None, "file-encoding"),
        (b"3", None, "json-path"),
        (b'{"a": [1]}', None, "json-path"),
        (b'{"a": [1]}', "b", "json-path"),
        (b'{"a": [1]}', "a.b", "json-path"),
    ],
)
def test_json_that_has_no_rows(content: bytes, path: str | None, code: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        json_rows(content, "a.json", path)
    assert [each.code for each in refusal.value.diagnostics] == [code]


@pytest.mark.parametrize(
    ("kind", "coordinates", "text"),
    [
        ("Point", [20, 58.5, 3], "POINT(20 58.5)"),
        ("LineString", [[1, 2], [3.0, 4]], "LINESTRING(1 2, 3 4)"),
        ("Polygon", SQUARE, "POLYGON((20 58, 21.5 58, 21.5 59.25, 20 58))"),
        ("MultiPolygon", [SQUARE], "MULTIPOLYGON(((20 58, 21.5 58, 21.5 59.25, 20 58)))"),
        ("MultiPoint", [[1, 2], [3, 4]], "MULTIPOINT(1 2, 3 4)"),
    ],
)
def test_geometries(kind: str, coordinates: Any, text: str) -> None:
    geometry = {"type": kind, "coordinates": coordinates}
    found = outline(geometry)
    assert found is not None
    assert found.wkt == text
    both = outline({"type": "GeometryCollection", "geometries": [geometry, {"type": "Point", "coordinates": [0, 0]}]})
    assert both is not None
    assert both.wkt == f"GEOMETRYCOLLECTION({text}, POINT(0 0))"
    assert both.bbox[:2] == [0, 0]


def test_a_feature_is_a_row() -> None:
    feature = {
        "type": "Feature",
        "properties": {"id": 5, "tile": "33"},
        "geometry": {"type": "Polygon", "coordinates": SQUARE},
    }
    data = {"type": "FeatureCollection", "features": [feature, {**feature, "id": "x", "geometry": None}]}
    first, second = geojson_rows(json.dumps(data).encode(), "a.geojson").rows
    assert (first.id, first.fields["tile"]) == ("5", "33")
    assert first.fields["wkt"] == first.fields["geometry"] == "POLYGON((20 58, 21.5 58, 21.5 59.25, 20 58))"
    assert first.fields["bbox"] == [20, 58, 21.5, 59.25]
    assert (second.id, second.fields["wkt"]) == ("x", None)


@pytest.mark.parametrize(
    "data",
    [
        3,
        {"type": "FeatureCollection", "features": 3},
        {"features": [{"type": "Feature", "properties": 3}]},
        {"type": "Feature", "geometry": {"type": "Circle", "coordinates": [1, 2]}},
        {"type": "Feature", "geometry": {"type": "Polygon", "coordinates": [1, 2]}},
        {"type": "Feature", "geometry": 3},
    ],
)
def test_invalid_geojson_is_refused(data: Any) -> None:
    with pytest.raises(ManifestError) as refusal:
        geojson_rows(json.dumps(data).encode(), "a.geojson")
    assert [each.code for each in refusal.value.diagnostics] == ["geojson-shape"]


def test_days_include_the_last() -> None:
    days = day_rows(Days.model_validate({"from": "2024-02-28", "to": "2024-03-01"}), NOW)
    found = days.rows
    assert ([each.id for each in found], days.relative) == (["2024-02-28", "2024-02-29", "2024-03-01"], False)
    assert found[1].fields == {
        "day": "2024-02-29",
        "start": "2024-02-29T00:00:00Z",
        "end": "2024-03-01T00:00:00Z",
        "year": "2024",
        "month": "02",
        "day_of_month": "29",
        "day_of_year": "060",
    }


def test_weeks_and_relative_days() -> None:
    days = day_rows(Days.model_validate({"from": "now-14d", "to": "today", "every": "7d"}), NOW)
    assert ([each.id for each in days.rows], days.relative) == (["2024-02-16", "2024-02-23", "2024-03-01"], True)


@pytest.mark.parametrize(("first", "last"), [("today", "yesterday"), ("soon", "today"), ("2024-01-01", "9999-12-31")])
def test_days_that_are_none(first: str, last: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        day_rows(Days.model_construct(first=first, last=last, every=timedelta(days=1)), NOW)
    assert [each.code for each in refusal.value.diagnostics] == ["bad-day"]
