"""The reference system that a GeoJSON file names: WGS 84 in its spellings, or an error."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from eocanvas_apply.campaign.readers.geometry import WRITE_WGS_84, fault

_WGS_84 = re.compile(
    r"""
      (?: (?:urn:(?:x-)?ogc:def:crs:|https?://(?:www\.)?opengis\.net/def/crs/)?
          (?: epsg[:/](?:[0-9.]*[:/])?(?:4326|4979) | ogc[:/](?:[0-9.]*[:/])?(?:crs84h?|84) ) )
    | https?://(?:www\.)?opengis\.net/gml/srs/epsg\.xml\#4326
    | https?://(?:www\.)?(?:spatialreference\.org/ref/epsg|epsg\.io)/4326/?
    | crs84h? | wgs[ _]?(?:19)?84 | gcs_wgs_1984 | 4326
    """,
    re.VERBOSE | re.IGNORECASE,
)


def guard_reference_system(data: Any) -> None:
    """Raise GeometryFault where a file, feature or geometry names another reference system than WGS 84 in its `crs`."""
    given = data.get("crs") if isinstance(data, Mapping) else None
    if given is None or not (name := _name(given)) or _WGS_84.fullmatch(name):
        return
    message = f"this is in the reference system `{name[:60]}`; only WGS 84 (longitudes and latitudes) can be read"
    raise fault("geojson-crs", message, WRITE_WGS_84)


def _name(given: Any) -> str:
    """Return the name in a `crs` member, of whatever form; empty where it is null."""
    properties = given.get("properties") if isinstance(given, Mapping) else None
    if isinstance(properties, Mapping):
        if "code" in properties:
            return f"EPSG:{properties['code']}"
        given = properties.get("name", properties.get("href", properties))
    return "" if given is None else str(given).strip()
