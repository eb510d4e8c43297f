"""Rows from the features of a GeoJSON file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from eocanvas_apply.campaign.readers.json import parse_json
from eocanvas_apply.campaign.readers.wkt import bounds, to_wkt
from eocanvas_apply.campaign.rows import ID, Row, id_of
from eocanvas_apply.diagnostics import Position, error
from eocanvas_apply.errors import ManifestError


def geojson_rows(content: bytes, file: str) -> list[Row]:
    """Return a row for each feature: its properties, `geometry` and `wkt` as WKT, `bbox` as [west, south, east, north].

    The feature's `id`, else its property `id`, names it. Raises ManifestError.
    """
    data = parse_json(content, file)
    features = data.get("features") if isinstance(data, dict) and "features" in data else [data]
    if not isinstance(features, list) or not all(_is_feature(each) for each in features):
        raise _wrong_shape(file, "this file has no GeoJSON features", "it needs a FeatureCollection with `features`")
    return [_feature_row(each, number, file) for number, each in enumerate(features, 1)]


def _feature_row(feature: Mapping[str, Any], number: int, file: str) -> Row:
    properties = feature.get("properties") or {}
    shape: dict[str, Any] = {"geometry": None, "wkt": None, "bbox": None}
    try:
        if (geometry := feature.get("geometry")) is not None:
            wkt = to_wkt(geometry)
            shape = {"geometry": wkt, "wkt": wkt, "bbox": bounds(geometry)}
    except (TypeError, ValueError, LookupError):
        message = f"the geometry of feature {number} cannot be read"
        raise _wrong_shape(file, message, "check that its coordinates are numbers") from None
    return Row(id_of(feature.get(ID, properties.get(ID))), {**properties, **shape})


def _is_feature(value: object) -> bool:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        return False
    return isinstance(value.get("properties") or {}, dict)


def _wrong_shape(file: str, message: str, hint: str) -> ManifestError:
    return ManifestError(error("geojson-shape", message, hint).at(Position(file, 1, 1)))
