"""GeoJSON geometries as WKT, in two dimensions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}


def to_wkt(geometry: Mapping[str, Any]) -> str:
    """Return a geometry as WKT; raises TypeError, ValueError or KeyError for anything else."""
    kind = geometry["type"]
    if kind == "GeometryCollection":
        return f"GEOMETRYCOLLECTION({', '.join(to_wkt(part) for part in geometry['geometries'])})"
    depth, coordinates = _DEPTHS[kind], geometry["coordinates"]
    if not coordinates:
        raise ValueError(kind)
    text = _nested(coordinates, depth)
    return f"{kind.upper()}({text})" if depth == 0 else f"{kind.upper()}{text}"


def bounds(geometry: Mapping[str, Any]) -> list[float]:
    """Return [west, south, east, north] of a geometry; raises like `to_wkt`."""
    points = list(_points(geometry))
    longitudes, latitudes = [point[0] for point in points], [point[1] for point in points]
    return [min(longitudes), min(latitudes), max(longitudes), max(latitudes)]


def _nested(coordinates: Sequence[Any], depth: int) -> str:
    if depth > 0:
        return f"({', '.join(_nested(each, depth - 1) for each in coordinates)})"
    longitude, latitude = coordinates[:2]
    return f"{_number(longitude)} {_number(latitude)}"


def _number(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(value)
    return repr(value).removesuffix(".0")


def _points(geometry: Mapping[str, Any]) -> Iterator[Sequence[float]]:
    if geometry["type"] == "GeometryCollection":
        for part in geometry["geometries"]:
            yield from _points(part)
    else:
        yield from _flat(geometry["coordinates"], _DEPTHS[geometry["type"]])


def _flat(coordinates: Sequence[Any], depth: int) -> Iterator[Sequence[float]]:
    if depth == 0:
        yield coordinates
    else:
        for each in coordinates:
            yield from _flat(each, depth - 1)
