"""Where and when what a result shows was: from the row, else from the job's region and the names of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.report.provenance.sensing_times import Interval, times_of_names, times_of_row
from eocanvas_apply.report.row_geometry import Json
from eocanvas_apply.report.row_places import bounds, box_geometry, place_of

Box = tuple[float, float, float, float]
TimeSource = Literal["row", "inputs", "job"]


class PlaceAndTime(Struct, frozen=True):
    """A geometry as GeoJSON with its box (west, south, east, north), both None where unknown, and a time.

    `time_of` is what the time is of: the row, the names of the `inputs`, or the job itself where neither has one.
    """

    geometry: Json | None
    box: Box | None
    times: Interval | None
    time_of: TimeSource


def place_and_time(
    fields: Mapping[str, Any], region: Region | None, names: Sequence[Iterable[str]], made: datetime | None
) -> PlaceAndTime:
    """Return place and time of a result.

    `fields` are the row's, `names` those of inputs, sure ones before others; `made` is when its job ended.
    """
    geometry, box = _place(fields, region)
    if times := times_of_row(fields):
        return PlaceAndTime(geometry, box, times, "row")
    if times := next(filter(None, map(times_of_names, names)), None):
        return PlaceAndTime(geometry, box, times, "inputs")
    return PlaceAndTime(geometry, box, Interval(made, made) if made else None, "job")


def _place(fields: Mapping[str, Any], region: Region | None) -> tuple[Json | None, Box | None]:
    if geometry := place_of(fields):
        return geometry, _box(geometry)
    # One that crosses the antimeridian keeps its west, which is greater than its east.
    return (box_geometry(region.box), region.box) if region else (None, None)


def _box(geometry: Json) -> Box:
    """Return the box of a geometry; of one that is cut at the antimeridian west is greater than east (RFC 7946)."""
    west, south, east, north = whole = bounds(geometry)
    if geometry["type"] != "MultiPolygon" or (west, east) != (-180, 180):
        return whole
    parts = [bounds({"type": "Polygon", "coordinates": each}) for each in geometry["coordinates"]]
    left = [each for each in parts if each[0] >= 0]
    right = [each for each in parts if each[0] < 0 and each[2] <= 0]
    if not left or len(left) + len(right) < len(parts):
        return whole
    return min(each[0] for each in left), south, max(each[2] for each in right), north
