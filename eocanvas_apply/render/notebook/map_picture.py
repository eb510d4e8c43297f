"""The map of a report as a picture (SVG): the land, the places of jobs coloured by phase, the boxes of searches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import cache
from html import escape
from itertools import groupby
from typing import Any

from msgspec import Struct

from eocanvas_apply.render.layout import one_line
from eocanvas_apply.render.page.clipping import Box, Point, clipped
from eocanvas_apply.render.page.map_layers import layers, outlines
from eocanvas_apply.report.page.report_page import ReportPage
from eocanvas_apply.report.row_places import bounds

_WIDTH, _HIGHEST, _LOWEST = 860, 480, 200
# How much is seen around the places, as a share of their extent, and at least in degrees.
_AROUND, _LEAST = 0.15, 0.5
_LEAST_SHRINK = 0.1
# A place that is drawn smaller than this is a dot.
_SMALLEST = 4.0
_MOST_NAMES = 5
# More of them are dots: a picture stays small.
_MOST_PLACES = 1500
# The land is cut a share of the picture beyond its edge, so that no cut is seen.
_BEYOND = 0.1

Ring = Sequence[Sequence[float]]


class _View(Struct, frozen=True):
    """The part of the Earth that is drawn, in degrees; `across` and `down` are units of the drawing for each."""

    west: float
    south: float
    east: float
    north: float
    across: float
    down: float

    @classmethod
    def around(cls, west: float, south: float, east: float, north: float) -> _View:
        """Return the view of a box with something around it that fills the drawing."""
        wide, high = (
            end - begin + 2 * max((end - begin) * _AROUND, _LEAST) for begin, end in ((west, east), (south, north))
        )
        middle_x, middle_y = (west + east) / 2, (south + north) / 2
        # A degree of longitude is shorter than one of latitude.
        shrink = max(math.cos(math.radians(middle_y)), _LEAST_SHRINK)
        down = min(_WIDTH / (wide * shrink), _HIGHEST / high)
        half_x, half_y = _WIDTH / (shrink * down) / 2, max(high, _LOWEST / down) / 2
        return cls(middle_x - half_x, middle_y - half_y, middle_x + half_x, middle_y + half_y, shrink * down, down)

    @property
    def height(self) -> float:
        """Of the drawing."""
        return round((self.north - self.south) * self.down, 1)

    def point(self, longitude: float, latitude: float) -> Point:
        """Return where a place lies in the drawing."""
        return round((longitude - self.west) * self.across, 1), round((self.north - latitude) * self.down, 1)


class MapPicture(Struct, frozen=True):
    """The elements of the drawing, its size, and a line of the legend for the boxes of searches if there are any."""

    drawing: str
    width: float
    height: float
    searches: tuple[tuple[str, str], ...]


def map_picture(page: ReportPage) -> MapPicture | None:
    """Return the map, None where nothing has a place."""
    found = layers(page)
    if not found["bounds"]:
        return None
    view = _View.around(*found["bounds"])
    searches = "".join(_drawn(each["geometry"], view, "searched") for each in found["searches"])
    drawn = _place if len(found["places"]) <= _MOST_PLACES else _dot
    # As dots many places are drawn as one.
    places = "".join(dict.fromkeys(drawn(each, view) for each in found["places"]))
    ground = f'<rect class="sea" width="{_WIDTH}" height="{view.height}"/><path class="land" d="{_land(view)}"/>'
    # Of its own size, so that what lies beyond the edge is not drawn.
    drawing = f'<svg width="{_WIDTH}" height="{view.height}">{ground}{searches}{places}</svg>'
    return MapPicture(drawing, _WIDTH, view.height, (("search", "searched"),) if searches else ())


def _place(place: dict[str, Any], view: _View) -> str:
    names = [address for _, address, _ in place["jobs"][:_MOST_NAMES]]
    more = [f"and {len(place['jobs']) - _MOST_NAMES} more"] if len(place["jobs"]) > _MOST_NAMES else []
    title = f"<title>{escape(one_line(': '.join([', '.join(names + more), place['words']])))}</title>"
    return f"<g>{title}{_drawn(place['geometry'], view, 'place ' + place['phase'])}</g>"


def _dot(place: dict[str, Any], view: _View) -> str:
    """Return a place as a dot in its middle, without a title, on a grid of dots."""
    west, south, east, north = bounds(place["geometry"])
    x, y = (round(each / _SMALLEST) * _SMALLEST for each in view.point((west + east) / 2, (south + north) / 2))
    return f'<circle class="place {place["phase"]}" cx="{x:g}" cy="{y:g}" r="{_SMALLEST / 2}"/>'


def _drawn(geometry: dict[str, Any], view: _View, kind: str) -> str:
    """Return the elements that draw a geometry of GeoJSON."""
    if geometry["type"] == "GeometryCollection":
        return "".join(_drawn(each, view, kind) for each in geometry["geometries"])
    closed = "Polygon" in geometry["type"]
    parts = [[view.point(*each[:2]) for each in ring] for ring in _rings(geometry["coordinates"])]
    points = [point for part in parts for point in part]
    if max(_extents(points)) < _SMALLEST:
        x, y = points[0]
        return f'<circle class="{kind}" cx="{x}" cy="{y}" r="{_SMALLEST}"/>'
    path = "".join(_path(part, closed=closed) for part in parts)
    return f'<path class="{kind}{"" if closed else " line"}" d="{path}"/>'


def _rings(given: Any) -> Iterator[Ring]:
    """Yield the lists of positions in coordinates of any depth."""
    if not isinstance(given[0], list | tuple):
        yield [given]
    elif not isinstance(given[0][0], list | tuple):
        yield given
    else:
        for each in given:
            yield from _rings(each)


def _extents(points: Sequence[Point]) -> tuple[float, float]:
    xs, ys = zip(*points, strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


def _path(points: Sequence[Point], *, closed: bool) -> str:
    return "M" + "L".join(f"{x:g} {y:g}" for x, y in points) + ("Z" if closed else "")


def _land(view: _View) -> str:
    """Return the path of the land as far as it is seen, of points in one place of the screen the first."""
    wide, high = (view.east - view.west) * _BEYOND, (view.north - view.south) * _BEYOND
    edges = (view.west - wide, view.south - high, view.east + wide, view.north + high)
    outlines = (clipped(outline, edges) for outline, box in _outlines() if _meets(box, edges))
    drawn = (
        [next(near) for _, near in groupby((view.point(*each) for each in ring), _pixel)] for ring in outlines if ring
    )
    return "".join(_path(points, closed=True) for points in drawn)


def _pixel(point: Point) -> tuple[int, int]:
    return round(point[0]), round(point[1])


def _meets(one: Box, other: Box) -> bool:
    return one[0] <= other[2] and one[2] >= other[0] and one[1] <= other[3] and one[3] >= other[1]


@cache
def _outlines() -> list[tuple[list[Point], Box]]:
    """Return the outlines of the land in degrees, each with the box around it."""
    found = []
    for points in outlines():
        xs, ys = zip(*points, strict=True)
        found.append((points, (min(xs), min(ys), max(xs), max(ys))))
    return found
