"""Rows from values in the manifest, from JSON and from GeoJSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from eocanvas_apply.campaign.readers.wkt import bounds, to_wkt
from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.rows import ID, Row
from eocanvas_apply.manifest.substitution import text_of

VALUE = "value"


def value_rows(values: Iterable[Any]) -> Iterator[Row]:
    """Yield a row a value: a mapping is its fields, anything else is the field `value` and the id."""
    for value in values:
        if isinstance(value, Mapping):
            yield Row(_id(value.get(ID)), dict(value))
        else:
            yield Row(_id(value), {VALUE: value})


def entry_rows(entries: Mapping[str, Any]) -> Iterator[Row]:
    """Yield a row an entry; its name is the id, and what is no mapping of fields is the field `value`."""
    for name, value in entries.items():
        yield Row(name, dict(value) if isinstance(value, Mapping) else {VALUE: value})


def json_rows(content: bytes, file: str, path: str | None = None) -> list[Row]:
    """Return the rows of a JSON file's list, or of the list at a dotted path in it; raises ManifestError.

    A row whose field `geometry` is one of GeoJSON has `wkt` and `bbox` as well, where it has no such fields.
    """
    data = _parsed(content, file)
    for part in path.split(".") if path else ():
        if not isinstance(data, dict) or part not in data:
            there = f"the names there are {', '.join(map(str, data))}" if isinstance(data, dict) else ""
            raise ManifestError(
                _at(error("json-path", f"there is no `{part[:60]}` on the way to `{path}`", there), file)
            )
        data = data[part]
    if isinstance(data, dict) and data and all(isinstance(value, dict) for value in data.values()):
        return [_outlined(row) for row in entry_rows(data)]
    if not isinstance(data, list):
        hint = "name the list with `json: {file: FILE, path: NAME}`" if isinstance(data, dict) else ""
        raise ManifestError(_at(error("json-path", "this is no list of objects", hint), file))
    return [_outlined(row) for row in value_rows(data)]


def geojson_rows(content: bytes, file: str) -> list[Row]:
    """Return a row a feature: its properties, `geometry` and `wkt` as WKT, `bbox` as [west, south, east, north].

    The feature's `id`, else its property `id`, names it. Raises ManifestError.
    """
    data = _parsed(content, file)
    features = data.get("features") if isinstance(data, dict) and "features" in data else [data]
    if not isinstance(features, list) or not all(_is_feature(each) for each in features):
        hint = "it needs a FeatureCollection with a list of features"
        raise ManifestError(_at(error("geojson-shape", "this is no GeoJSON of features", hint), file))
    return [_feature_row(each, number, file) for number, each in enumerate(features, 1)]


def _outlined(row: Row) -> Row:
    geometry = row.fields.get("geometry")
    if not isinstance(geometry, dict):
        return row
    try:
        return replace(row, fields={"wkt": to_wkt(geometry), "bbox": bounds(geometry), **row.fields})
    except (TypeError, ValueError, LookupError):
        return row


def _feature_row(feature: Mapping[str, Any], number: int, file: str) -> Row:
    properties = feature.get("properties") or {}
    shape: dict[str, Any] = {"geometry": None, "wkt": None, "bbox": None}
    try:
        if (geometry := feature.get("geometry")) is not None:
            shape = {"geometry": to_wkt(geometry), "wkt": to_wkt(geometry), "bbox": bounds(geometry)}
    except (TypeError, ValueError, KeyError, LookupError):
        message = f"the geometry of feature {number} cannot be read"
        raise ManifestError(
            _at(error("geojson-shape", message, "see whether its coordinates are numbers"), file)
        ) from None
    return Row(_id(feature.get(ID, properties.get(ID))), {**properties, **shape})


def _is_feature(value: object) -> bool:
    return (
        isinstance(value, dict) and value.get("type") == "Feature" and isinstance(value.get("properties") or {}, dict)
    )


def _parsed(content: bytes, file: str) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"), parse_constant=_refuse_constant)
    except UnicodeDecodeError:
        found = error("file-encoding", "the text is not UTF-8", "save the file as UTF-8")
        raise ManifestError(_at(found, file)) from None
    except json.JSONDecodeError as fault:
        found = error("json-syntax", f"this is no JSON: {fault.msg}")
        raise ManifestError(found.at(Position(file, fault.lineno, fault.colno))) from None
    except (ValueError, RecursionError):
        raise ManifestError(_at(error("json-syntax", "this is no JSON that can be read"), file)) from None


def _refuse_constant(name: str) -> Sequence[Any]:
    raise ValueError(name)


def _at(found: Diagnostic, file: str) -> Diagnostic:
    return found.at(Position(file, 1, 1))


def _id(value: object) -> str | None:
    return None if value is None or isinstance(value, (dict, list)) or value == "" else text_of(value)
