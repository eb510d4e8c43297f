"""GeoJSON as people have it: what is read, and what is refused at its place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eocanvas_apply.campaign.readers.geojson import geojson_rows
from eocanvas_apply.campaign.readers.json import json_rows
from eocanvas_apply.campaign.rows import Found
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.errors import ManifestError
from tests.campaign.campaign import Campaign

SQUARE = [[20, 58], [21, 58], [21, 59], [20, 58]]


def polygon(*rings: Any) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def feature(geometry: Any, **members: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": "x", "properties": {}, "geometry": geometry, **members}


def collection(*geometries: Any, **members: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", **members, "features": [feature(each) for each in geometries]}


def read(data: Any) -> Found:
    return geojson_rows(json.dumps(data, indent=1).encode(), "a.geojson")


def refused(data: Any) -> list[Diagnostic]:
    with pytest.raises(ManifestError) as refusal:
        read(data)
    return list(refusal.value.diagnostics)


def bbox_of(geometry: Any) -> Any:
    return read(feature(geometry)).rows[0].fields["bbox"]


@pytest.mark.parametrize(
    ("geometry", "code", "words"),
    [
        (polygon([[20, 58], [21, 58], [21, 59], [20, 59]]), "geojson-ring", "it begins at 20 58 and ends at 20 59"),
        (polygon([[20, 58], [21, 58], [20, 58]]), "geojson-ring", "no area"),
        (polygon([[20, 58]] * 5), "geojson-ring", "no area"),
        (polygon([]), "geojson-ring", "no positions"),
        (polygon(SQUARE, [[30, 58], [31, 58], [31, 59], [30, 58]]), "geojson-ring", "a hole lies outside"),
        (polygon([[-33, 151], [-33, 152], [-34, 152], [-33, 151]]), "geojson-coordinates", "has the latitude 151"),
        (polygon([[500000, 6430000]] * 4), "geojson-coordinates", "500000 6430000 is outside"),
        ({"type": "Point", "coordinates": [181, 0]}, "geojson-coordinates", "181 0 is outside"),
        ({"type": "Point", "coordinates": [20, float("nan")]}, "geojson-shape", "null or NaN"),
        ({"type": "Point", "coordinates": ["20", "58"]}, "geojson-shape", "two numbers"),
        ({"type": "Point", "coordinates": [True, 58]}, "geojson-shape", "two numbers"),
        ({"type": "Point", "coordinates": [20]}, "geojson-shape", "two numbers"),
        ({"type": "LineString", "coordinates": [[20, 58]]}, "geojson-shape", "a line"),
        ({"type": "Polygon", "coordinates": SQUARE}, "geojson-shape", "two numbers"),
        ({"type": "Polygone", "coordinates": [SQUARE]}, "geojson-shape", "not a type of geometry"),
        ({"type": "Polygon"}, "geojson-shape", "`coordinates` must be a list"),
        ({"type": "GeometryCollection", "geometries": 3}, "geojson-shape", "`geometries` must be a list"),
        ("POINT(20 58)", "geojson-shape", "a geometry is an object"),
    ],
)
def test_a_geometry_that_cannot_be_used_is_refused_at_its_place(geometry: Any, code: str, words: str) -> None:
    (found,) = refused(collection(polygon(SQUARE), geometry))
    assert found.code == code
    assert words in found.message
    assert found.message.endswith("(in feature 2)")
    line = json.dumps(collection(polygon(SQUARE), geometry), indent=1).splitlines()
    assert found.position is not None
    assert line[found.position.line - 1][: found.position.column - 1].strip() == '"geometry":'
    assert found.position.line > 20


BOW_TIE = [[20, 58], [22, 60], [22, 58], [20, 60], [20, 58]]
JOB = 'a: {graph: g.xml, params: {aoi: "${each.wkt}"}, for_each: {%s}}'


@pytest.mark.parametrize(
    ("step", "data"),
    [
        ("geojson: rows", collection(polygon(SQUARE), polygon(BOW_TIE))),
        ("json: rows", [{"id": "a"}, {"id": "b", "geometry": polygon(BOW_TIE)}]),
        ("json: rows", [{"id": "a"}, {"id": "b", "wkt": "POLYGON((20 58, 22 60, 22 58, 20 60, 20 58))"}]),
        ("csv: rows", "id;wkt\na;POINT(1 2)\nb;POLYGON((20 58, 22 60, 22 58, 20 60, 20 58))\n"),
    ],
)
def test_a_ring_that_crosses_itself_is_a_warning_once_whatever_the_source(step: str, data: Any) -> None:
    if step.startswith("json"):
        data[0] |= {"wkt": "POINT(1 2)"} if "wkt" in data[1] else {"geometry": polygon(SQUARE)}
    elif step.startswith("geojson"):
        data["features"][0]["id"] = "y"
    text = data if isinstance(data, str) else json.dumps(data, indent=1)
    found = Campaign(JOB % step, {"rows": text}).expanded()
    (each,) = found.diagnostics
    assert (each.code, each.severity) == ("ring-crosses-itself", Severity.WARNING)
    assert each.message.startswith("a ring of this geometry crosses itself near 21 59 (in ")
    assert len(found.instances["a"]) == 2


def test_the_place_of_a_ring_that_crosses_itself_is_its_geometry() -> None:
    (found,) = read(collection(polygon(SQUARE), polygon(BOW_TIE), polygon(BOW_TIE))).warnings
    assert found.message.endswith("(in 2 features, first feature 2)")
    assert found.position is not None
    lines = json.dumps(collection(polygon(SQUARE), polygon(BOW_TIE)), indent=1).splitlines()
    assert lines[found.position.line - 1].strip().startswith('"geometry"')


def test_each_kind_of_fault_is_reported_once() -> None:
    swapped, unclosed = {"type": "Point", "coordinates": [-33, 151]}, polygon(SQUARE[:3])
    found = refused(collection(swapped, unclosed, *[swapped] * 3, unclosed))
    assert [each.message.rpartition(" (")[2] for each in found] == [
        "in 4 features, first feature 1)",
        "in 2 features, first feature 2)",
    ]


@pytest.mark.parametrize(
    "crs",
    [
        "EPSG:4326",
        "urn:ogc:def:crs:EPSG::4326",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:OGC::CRS84",
        "OGC:CRS84",
        "CRS84",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "http://www.opengis.net/def/crs/EPSG/0/4326",
        "epsg:4979",
        "WGS 84",
    ],
)
def test_wgs_84_in_its_spellings_is_read(crs: str) -> None:
    named = {"type": "name", "properties": {"name": crs}}
    assert read(collection(polygon(SQUARE), crs=named)).rows[0].fields["bbox"] == [20, 58, 21, 59]


@pytest.mark.parametrize(
    ("crs", "name"),
    [
        ({"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32634"}}, "urn:ogc:def:crs:EPSG::32634"),
        ({"type": "EPSG", "properties": {"code": 3035}}, "EPSG:3035"),
        ({"type": "link", "properties": {"href": "https://x.test/crs", "type": "proj4"}}, "https://x.test/crs"),
        ("EPSG:14326", "EPSG:14326"),
        ({"type": "name"}, "name"),
        ([], "[]"),
    ],
)
def test_another_reference_system_is_refused_wherever_it_is_named(crs: Any, name: str) -> None:
    geometry = polygon(SQUARE)
    for data in (
        collection(geometry, crs=crs),
        feature(geometry, crs=crs),
        feature({**geometry, "crs": crs}),
        {**geometry, "crs": crs},
    ):
        (found,) = refused(data)
        assert found.code == "geojson-crs"
        assert name in found.message


def test_a_crs_that_is_null_names_none() -> None:
    for crs in (None, {"type": "name", "properties": {"name": None}}):
        assert len(read(collection(polygon(SQUARE), crs=crs)).rows) == 1


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        {"type": "Polygon", "coordinates": []},
        {"type": "Point", "coordinates": []},
        {"type": "MultiPolygon", "coordinates": [[]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": []}]},
    ],
)
def test_a_feature_without_a_geometry_has_none(geometry: Any) -> None:
    (row,) = read(feature(geometry)).rows
    assert (row.fields["wkt"], row.fields["geometry"], row.fields["bbox"]) == (None, None, None)
    (own,) = read(feature(geometry, bbox=[1, 2, 0, 3, 4, 9])).rows
    assert own.fields["bbox"] == [1, 2, 3, 4]


def test_heights_and_holes() -> None:
    hole = [[20.9, 58.2, 0], [20.8, 58.2, 0], [20.9, 58.3, 0], [20.9, 58.2, 0]]
    (row,) = read(feature(polygon([[*each, 7.5] for each in SQUARE], hole))).rows
    assert row.fields["wkt"] == ("POLYGON((20 58, 21 58, 21 59, 20 58), (20.9 58.2, 20.8 58.2, 20.9 58.3, 20.9 58.2))")
    assert row.fields["bbox"] == [20, 58, 21, 59]


def test_a_feature_or_a_geometry_may_be_the_whole_file() -> None:
    assert [row.id for row in read(feature(polygon(SQUARE))).rows] == ["x"]
    (row,) = read(polygon(SQUARE)).rows
    assert (row.id, row.fields["bbox"]) == (None, [20, 58, 21, 59])
    (found,) = refused({"type": "Topology", "objects": {}})
    assert found.message == "this is TopoJSON"


def square(west: float, east: float) -> list[list[list[float]]]:
    return [[[west, -20], [east, -20], [east, -10], [west, -10], [west, -20]]]


@pytest.mark.parametrize(
    ("parts", "bbox"),
    [
        ([square(170, 180), square(-180, -175)], [170, -20, -175, -10]),
        ([square(-180, -175), square(170, 180), square(160, 165)], [160, -20, -175, -10]),
        ([square(170, 175), square(-175, -170)], [-175, -20, 175, -10]),
        ([square(170, 179.9999999), square(-179.9999999, -175)], [170, -20, -175, -10]),
        ([square(-180, 180)], [-180, -20, 180, -10]),
        ([square(-180, 0), square(0, 180)], [-180, -20, 180, -10]),
    ],
)
def test_the_bbox_of_a_geometry_that_is_cut_at_the_antimeridian_crosses_it(parts: Any, bbox: Any) -> None:
    assert bbox_of({"type": "MultiPolygon", "coordinates": parts}) == bbox
    collected = [{"type": "Polygon", "coordinates": each} for each in parts]
    assert bbox_of({"type": "GeometryCollection", "geometries": collected}) == bbox


def test_a_geometry_that_may_cross_the_antimeridian_uncut_is_a_warning() -> None:
    found = read(collection({"type": "Polygon", "coordinates": square(-179, 178)}))
    assert [each.code for each in found.warnings] == ["geojson-antimeridian"]
    assert read(collection({"type": "Polygon", "coordinates": square(-180, 180)})).warnings == ()


@pytest.mark.parametrize(
    ("bbox", "codes"),
    [
        ([20, 58, 21, 59], []),
        ([10, 50, 30, 60], []),
        ([20, 58, 0, 21, 59, 100], []),
        ([20.5, 58, 21, 59], ["geojson-bbox"]),
        ([59, 20, 58, 21], ["geojson-bbox"]),
        ([170, 58, 21, 59], []),
        ([1, 2, 3], ["geojson-bbox"]),
        (["20", 58, 21, 59], ["geojson-bbox"]),
    ],
)
def test_a_bbox_of_a_feature_is_compared_with_its_geometry_which_counts(bbox: Any, codes: list[str]) -> None:
    found = read(feature(polygon(SQUARE), bbox=bbox))
    assert [each.code for each in found.warnings] == codes
    assert found.rows[0].fields["bbox"] == [20, 58, 21, 59]


def test_a_bbox_of_a_feature_says_that_it_crosses_the_antimeridian() -> None:
    parts = {"type": "MultiPolygon", "coordinates": [square(170, 179.5), square(-179.5, -175)]}
    assert read(feature(parts)).rows[0].fields["bbox"] == [-179.5, -20, 179.5, -10]
    found = read(feature(parts, bbox=[169, -21, -174, -9]))
    assert (found.rows[0].fields["bbox"], found.warnings) == ([169, -21, -174, -9], ())


def test_nested_collections_are_read_and_depth_has_a_limit() -> None:
    geometry: Any = {"type": "Point", "coordinates": [20, 58]}
    for _ in range(40):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    assert bbox_of(geometry) == [20, 58, 20, 58]
    for _ in range(20):
        geometry = {"type": "GeometryCollection", "geometries": [geometry]}
    assert [each.code for each in refused(feature(geometry))] == ["json-syntax"]
    text = '{"type":"Polygon","coordinates":' + "[" * 420 + "]" * 420 + "}"
    with pytest.raises(ManifestError) as refusal:
        geojson_rows(text.encode(), "a.geojson")
    assert [each.message for each in refusal.value.diagnostics] == ["this is nested deeper than 100 levels"]


def test_a_feature_without_an_id_has_that_of_its_properties() -> None:
    ids = [(None, "p"), (0, "p"), ("f", "p"), (None, None)]
    features = [{"type": "Feature", "id": one, "properties": {"id": other}, "geometry": None} for one, other in ids]
    assert [row.id for row in read({"features": features}).rows] == ["p", "0", "f", None]


def test_geojson_as_json_says_which_source_to_write() -> None:
    with pytest.raises(ManifestError) as refusal:
        json_rows(json.dumps(collection(polygon(SQUARE))).encode(), "a.json")
    assert refusal.value.diagnostics[0].hint == "this is GeoJSON: write `geojson: FILE`"


def test_a_geometry_in_json_that_cannot_be_used_is_a_warning() -> None:
    data = [{"id": "a", "geometry": polygon(SQUARE[:3])}, {"id": "b", "geometry": polygon(SQUARE)}]
    found = json_rows(json.dumps(data).encode(), "a.json")
    assert [(each.code, each.severity) for each in found.warnings] == [("geojson-ring", "warning")]
    assert ["wkt" in row.fields for row in found.rows] == [False, True]


def test_more_features_than_a_campaign_has_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eocanvas_apply.campaign.rows.MOST_ROWS", 3)
    assert len(read(collection(*[polygon(SQUARE)] * 3)).rows) == 3
    (found,) = refused(collection(*[polygon(SQUARE)] * 4))
    assert (found.code, found.message) == ("too-many-rows", "this file has more than 3 rows")
