"""Where and when what a result shows was: from the row, else from the job's region and the names of its inputs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.report.provenance.sensing_times import Interval, times_of_names, times_of_row
from eocanvas_apply.report.row_geometry import Json, geometry_of

Box = tuple[float, float, float, float]
TimeSource = Literal["row", "inputs", "job"]


@dataclass(frozen=True, slots=True)
class PlaceAndTime:
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
    if (geometry := geometry_of(fields)) and (box := box_of(geometry)):
        return geometry, box
    if region:
        return polygon(region.box), region.box
    box = next((found for name, value in fields.items() if _is(name, "bbox") and (found := _box(value))), None)
    return (polygon(box), box) if box else (None, None)


def _is(name: str, wanted: str) -> bool:
    return name.rpartition(".")[2] == wanted


def _box(value: object) -> Box | None:
    if not isinstance(value, list | tuple) or len(value) != 4:
        return None
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in value):
        return None
    west, south, east, north = (float(each) for each in value)
    degrees = max(abs(west), abs(east)) <= 180 and -90 <= south <= north <= 90
    return (west, south, east, north) if degrees else None


def polygon(box: Box) -> Json:
    """Return a box as GeoJSON, cut in two where it crosses the antimeridian (RFC 7946)."""
    west, south, east, north = box
    if west <= east:
        return {"type": "Polygon", "coordinates": [_ring(west, south, east, north)]}
    halves = [[_ring(west, south, 180, north)], [_ring(-180, south, east, north)]]
    return {"type": "MultiPolygon", "coordinates": halves}


def _ring(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def box_of(geometry: Json) -> Box | None:
    """Return the box around a geometry, None for one without positions."""
    positions = [*_positions(geometry)]
    if not positions:
        return None
    longitudes, latitudes = zip(*((float(x), float(y)) for x, y, *_ in positions), strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _positions(geometry: Json) -> Iterator[Sequence[float]]:
    for each in geometry.get("geometries", ()):
        yield from _positions(each)
    yield from _leaves(geometry.get("coordinates", []))


def _leaves(coordinates: Any) -> Iterator[Sequence[float]]:
    if coordinates and not isinstance(coordinates[0], list | tuple):
        yield coordinates
        return
    for each in coordinates:
        yield from _leaves(each)
