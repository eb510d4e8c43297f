"""Rows from JSON and GeoJSON files and from the values that a manifest itself lists; geometries become WKT."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from eocanvas_apply.campaign.rows import ID, Row, id_of
from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.errors import ManifestError

VALUE = "value"


def value_rows(values: Iterable[Any]) -> Iterator[Row]:
    """Yield a row for each value: a mapping is its fields, anything else is the field `value` and the id."""
    for value in values:
        if isinstance(value, Mapping):
            yield Row(id_of(value.get(ID)), dict(value))
        else:
            yield Row(id_of(value), {VALUE: value})


def entry_rows(entries: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a row for each entry; its name is the id, and a value that is no mapping is the field `value`."""
    for name, value in entries.items():
        yield Row(name, dict(value) if isinstance(value, Mapping) else {VALUE: value})


def json_rows(content: bytes, file: str, path: str | None = None) -> list[Row]:
    """Return the rows of a JSON file's list, or of the list at a dotted path in it; raises ManifestError.

    A row whose field `geometry` is a GeoJSON geometry has `wkt` and `bbox` as well, unless it has fields of that name.
    """
    data = parse_json(content, file)
    for part in path.split(".") if path else ():
        if not isinstance(data, dict) or part not in data:
            hint = f"the names there are {', '.join(map(str, data))}" if isinstance(data, dict) else ""
            _refuse(file, "json-path", f"`{path}` is not in this file: there is no `{part[:60]}`", hint)
        data = data[part]
    if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        return [_with_outline(row) for row in entry_rows(data)]
    if not isinstance(data, list):
        hint = "name the list with `json: {file: FILE, path: NAME}`" if isinstance(data, dict) else ""
        _refuse(file, "json-path", "this is not a list of objects", hint)
    return [_with_outline(row) for row in value_rows(data)]


def parse_json(content: bytes, file: str) -> Any:
    """Return the data of a JSON file; raises ManifestError."""
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        _refuse(file, "file-encoding", "the text is not UTF-8", "save the file as UTF-8")
    except json.JSONDecodeError as fault:
        found = error("json-syntax", f"this is not valid JSON: {fault.msg}")
        raise ManifestError(found.at(Position(file, fault.lineno, fault.colno))) from None
    except (ValueError, RecursionError):
        _refuse(file, "json-syntax", "this JSON cannot be read", "it may hold NaN, or be nested too deeply")


def _with_outline(row: Row) -> Row:
    geometry = row.fields.get("geometry")
    if not isinstance(geometry, dict):
        return row
    try:
        return Row(row.id, {"wkt": to_wkt(geometry), "bbox": bounds(geometry), **row.fields}, row.origins)
    except (TypeError, ValueError, LookupError):
        return row


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse(file: str, code: str, message: str, hint: str = "") -> NoReturn:
    raise ManifestError(error(code, message, hint).at(Position(file, 1, 1))) from None


def geojson_rows(content: bytes, file: str) -> list[Row]:
    """Return a row for each feature: its properties, `geometry` and `wkt` as WKT, `bbox` as [west, south, east, north].

    The feature's `id`, else its property `id`, names it. Raises ManifestError.
    """
    data = parse_json(content, file)
    features = data.get("features") if isinstance(data, dict) and "features" in data else [data]
    if not isinstance(features, list) or not all(_is_feature(each) for each in features):
        hint = "it needs a FeatureCollection with `features`"
        _refuse(file, "geojson-shape", "this file has no GeoJSON features", hint)
    return [_feature_row(each, number, file) for number, each in enumerate(features, 1)]


def _feature_row(feature: Mapping[str, Any], number: int, file: str) -> Row:
    properties = feature.get("properties") or {}
    try:
        geometry = feature.get("geometry")
        wkt, bbox = (None, None) if geometry is None else (to_wkt(geometry), bounds(geometry))
    except (TypeError, ValueError, LookupError):
        message = f"the geometry of feature {number} cannot be read"
        _refuse(file, "geojson-shape", message, "check that its coordinates are numbers")
    return Row(id_of(feature.get(ID, properties.get(ID))), {**properties, "geometry": wkt, "wkt": wkt, "bbox": bbox})


def _is_feature(value: object) -> bool:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        return False
    return isinstance(value.get("properties") or {}, dict)


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
