"""Geometries of rows as GeoJSON."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.report.row_geometry import geometry_of

LEFT = [[0, 0], [1, 0], [1, 1], [0, 0]]
RIGHT = LEFT[::-1]


@pytest.mark.parametrize(
    ("wkt", "kind", "coordinates"),
    [
        ("POINT(1 2)", "Point", [1, 2]),
        ("Point Z (1.5 2 -3)", "Point", [1.5, 2, -3]),
        ("SRID=4326;POINT(1e1 2)", "Point", [10, 2]),
        ("LINESTRING(0 0, 1.5 1)", "LineString", [[0, 0], [1.5, 1]]),
        ("MULTIPOINT(1 2, 3 4)", "MultiPoint", [[1, 2], [3, 4]]),
        ("MULTIPOINT((1 2), (3 4))", "MultiPoint", [[1, 2], [3, 4]]),
        ("POLYGON((0 0, 1 1, 1 0, 0 0))", "Polygon", [LEFT]),
        ("POLYGON((0 0,1 0,1 1,0 0),(0 0,1 0,1 1,0 0))", "Polygon", [LEFT, RIGHT]),
        ("MULTIPOLYGON(((0 0,1 1,1 0,0 0)))", "MultiPolygon", [[LEFT]]),
    ],
)
def test_wkt_is_geojson_with_rings_as_the_standard_winds_them(wkt: str, kind: str, coordinates: list[Any]) -> None:
    assert geometry_of({"tile.wkt": wkt}) == {"type": kind, "coordinates": coordinates}


def test_a_collection_holds_its_geometries() -> None:
    found = geometry_of({"wkt": "GEOMETRYCOLLECTION(POINT(1 2), LINESTRING(0 0, 1 1))"})
    assert found is not None
    assert [each["type"] for each in found["geometries"]] == ["Point", "LineString"]


def test_a_geometry_as_it_is_written_counts_before_the_wkt() -> None:
    given = {"wkt": "POINT(1 2)", "geometry": {"type": "Polygon", "coordinates": [RIGHT]}}
    assert geometry_of(given) == {"type": "Polygon", "coordinates": [LEFT]}


@pytest.mark.parametrize(
    "wkt",
    [
        *(
            None,
            7,
            "",
            "x",
            "POINT EMPTY",
            "POINT(1)",
            "POINT(1 2",
            "POINT(1 2))",
            "POINT(a b)",
            "POINT(1 2), POINT(1 2)",
        ),
        *("POINT(1 2), POINT(1 2)", "POLYGON((0 0,1 1,0 0))", "POLYGON((0 0,1 0,1 1,5 5))", "POINT(500000 6400000)"),
        *("GEOMETRYCOLLECTION(" * 5000, {"type": "Polygon"}, {"type": "Point", "coordinates": "x"}),
    ],
)
def test_what_is_no_geometry_in_degrees_is_none(wkt: object) -> None:
    assert geometry_of({"wkt": wkt, "geometry": wkt}) is None
