"""The layers of the report's map as JSON: the land, the places of jobs, the boxes of searches."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from eocanvas_apply.render.layout import counted
from eocanvas_apply.render.page.clipping import Point
from eocanvas_apply.render.page.job_entries import row_id, row_name
from eocanvas_apply.report.page.footprints import Footprint
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.row_geometry import Json
from eocanvas_apply.report.row_places import bounds

# A page of a thousand countries would else be too large to send.
_MOST_POINTS = 60_000
# About a metre.
_DIGITS = 5
_LEAST_IN_RING = 8


def layers(page: ReportPage) -> dict[str, Any]:
    """Return the places with their jobs (id of the row, name, phase), and the searches; `bounds` is of all, or None."""
    geometries = [*(each.geometry for each in page.footprints), *(each.geometry for each in page.search_areas)]
    points = sum(map(_points, geometries))
    keep = max(1, -(-points // _MOST_POINTS))
    return {
        "places": [_place(each, keep) for each in page.footprints],
        "searches": [{"address": each.address, "geometry": _drawn(each.geometry, keep)} for each in page.search_areas],
        "bounds": _around(geometries),
    }


def map_words(page: ReportPage) -> str:
    """Return how many jobs are on the map, and how many are not."""
    placed = sum(len(each.jobs) for each in page.footprints)
    words = f"{counted(placed, 'job')} at {counted(len(page.footprints), 'place')}"
    unplaced = len(page.status.jobs) - placed
    return words + (f"; {counted(unplaced, 'job')} without a geometry" if unplaced else "")


def _place(each: Footprint, keep: int) -> dict[str, Any]:
    jobs = [[row_id(address), row_name(address), phase.slug] for address, phase in each.jobs.items()]
    counts = [f"{count} {phase}" for phase, count in each.counts.items()]
    return {
        "phase": each.phase.slug,
        "words": ", ".join(counts),
        "jobs": jobs,
        "geometry": _drawn(each.geometry, keep),
    }


def _around(geometries: Iterable[Json]) -> list[float] | None:
    """Return the box around all of them: west, south, east, north."""
    boxes = list(map(bounds, geometries))
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return [min(west), min(south), max(east), max(north)]


def _points(geometry: Json) -> int:
    if geometry["type"] == "GeometryCollection":
        return sum(map(_points, geometry["geometries"]))
    return _numbers(geometry["coordinates"])


def _numbers(given: Any) -> int:
    return 1 if not given or not isinstance(given[0], list | tuple) else sum(map(_numbers, given))


def _drawn(geometry: Json, keep: int) -> Json:
    """Return a geometry as it is drawn: rounded, and of long rings every `keep`-th point."""
    if geometry["type"] == "GeometryCollection":
        return {**geometry, "geometries": [_drawn(each, keep) for each in geometry["geometries"]]}
    return {"type": geometry["type"], "coordinates": _thinned(geometry["coordinates"], keep)}


def _thinned(given: Any, keep: int) -> Any:
    if not isinstance(given[0], list | tuple):
        return [round(number, _DIGITS) for number in given[:2]]
    if isinstance(given[0][0], list | tuple) or len(given) <= max(keep, _LEAST_IN_RING):
        return [_thinned(each, keep) for each in given]
    return [_thinned(each, keep) for each in (*given[:-1:keep], given[-1])]


@cache
def land() -> list[str]:
    """Return the outlines of the land of the Earth as encoded polylines, in hundredths of a degree."""
    found: list[str] = json.loads(files(__package__).joinpath("data/land.json").read_text(encoding="utf-8"))
    return found


def outlines() -> Iterator[list[Point]]:
    """Yield the outlines of the land as points in degrees."""
    return map(decoded, land())


def decoded(text: str) -> list[Point]:
    """Return an encoded polyline as points in degrees."""
    numbers, value, shift = [], 0, 0
    for character in text:
        bits = ord(character) - 63
        value |= (bits & 31) << shift
        shift += 5
        if bits < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    x = y = 0
    points = []
    for step_x, step_y in zip(numbers[::2], numbers[1::2], strict=True):
        x, y = x + step_x, y + step_y
        points.append((x / 100, y / 100))
    return points
