"""Where a row is on the Earth, as GeoJSON (RFC 7946): its geometry, or its box."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from eocanvas_apply.report.row_geometry import Json, geometry_of

_EDGE, _POLE = 180, 90


def place_of(fields: Mapping[str, Any]) -> Json | None:
    """Return the geometry of a row, else that of its field `bbox`; None where it has neither."""
    if geometry := geometry_of(fields):
        return geometry
    boxes = (value for name, value in fields.items() if name.rpartition(".")[2] == "bbox")
    return next(filter(None, map(box_geometry, boxes)), None)


def box_geometry(value: Any) -> Json | None:
    """Return `[west, south, east, north]` in degrees as a polygon, as two where it crosses the antimeridian.

    None for anything else, and for a field that is still to be filled in.
    """
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(map(_is_number, value)):
        return None
    west, south, east, north = value
    if max(abs(west), abs(east)) > _EDGE or not -_POLE <= south <= north <= _POLE:
        return None
    if west <= east:
        return {"type": "Polygon", "coordinates": _ring(west, south, east, north)}
    parts = [_ring(west, south, _EDGE, north), _ring(-_EDGE, south, east, north)]
    return {"type": "MultiPolygon", "coordinates": parts}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def bounds(geometry: Json) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a geometry, in degrees."""
    longitudes, latitudes = zip(*_positions(geometry), strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _positions(geometry: Json) -> Iterator[tuple[float, float]]:
    if geometry["type"] == "GeometryCollection":
        for each in geometry["geometries"]:
            yield from _positions(each)
    else:
        yield from _pairs(geometry["coordinates"])


def _pairs(given: Any) -> Iterator[tuple[float, float]]:
    if given and _is_number(given[0]):
        yield given[0], given[1]
    else:
        for each in given:
            yield from _pairs(each)
