"""Geometries of GeoJSON as WKT and as a bounding box, checked as SNAP and the catalogue need them.

Coordinates are longitude and latitude in WGS 84. The bounding box is [west, south, east, north]; of a geometry that is
cut at the antimeridian west is greater than east, as in RFC 7946.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, warning
from eocanvas_apply.documents.geometries.ring_crossing import crossing_fault
from eocanvas_apply.documents.numbers import WrittenFloat, WrittenInt, without_text

COLLECTION = "GeometryCollection"
_DEPTHS = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2, "MultiPolygon": 3}
KINDS = (*_DEPTHS, COLLECTION)
_LINE_KINDS = frozenset({"LineString", "MultiLineString"})
_NUMBERS = frozenset({int, float, WrittenInt, WrittenFloat})
_EDGE, _POLE = 180, 90
# Of computed coordinates, in degrees.
_NOISE = 1e-6
_LONGITUDE_FIRST = "write [longitude, latitude]; the longitude comes first in GeoJSON"
WRITE_WGS_84 = "write it in WGS 84, with GDAL: `ogr2ogr -t_srs EPSG:4326 NEW.geojson OLD.geojson`"
_WITHIN = "longitudes run from -180 to 180; cut a geometry that crosses the antimeridian there (RFC 7946)"
_RINGS = "a ring has four positions or more, and the last equals the first"

Position = Sequence[float]


class GeometryFault(Exception):
    """A geometry cannot be used; carries what is wrong."""

    def __init__(self, found: Diagnostic) -> None:
        super().__init__(found.message)
        self.found = found


class Outline(Struct, frozen=True):
    """A geometry as WKT with its bounding box, and warnings about it."""

    wkt: str
    bbox: list[float]
    warnings: tuple[Diagnostic, ...] = ()


class _Box(Struct, frozen=True):
    """The bounds of a point, line or polygon."""

    west: float
    south: float
    east: float
    north: float


class _Parts(Struct):
    """What the parts of a geometry give."""

    boxes: list[_Box] = field(default_factory=list)
    jump: tuple[Position, Position] | None = None
    crossing: Diagnostic | None = None


def outline(geometry: object) -> Outline | None:
    """Return a geometry's outline, None for one without coordinates; raises GeometryFault."""
    parts = _Parts()
    if (wkt := _wkt(geometry, parts)) is None:
        return None
    return Outline(wkt, _bounds(parts.boxes), (*_jumps(parts), *filter(None, [parts.crossing])))


def fault(code: str, message: str, hint: str) -> GeometryFault:
    """Return a fault of a geometry."""
    return GeometryFault(error(code, message, hint))


def _wkt(geometry: object, parts: _Parts) -> str | None:
    if not isinstance(geometry, Mapping):
        raise fault("geojson-shape", "a geometry is an object with `type` and `coordinates`", "")
    kind = geometry.get("type")
    if kind == COLLECTION:
        inner = [_wkt(part, parts) for part in _listed(geometry.get("geometries"), "geometries")]
        texts = [text for text in inner if text is not None]
        return f"GEOMETRYCOLLECTION({', '.join(texts)})" if texts else None
    if not isinstance(kind, str) or kind not in _DEPTHS:
        hint = did_you_mean(str(kind), KINDS) or f"the types are {', '.join(KINDS)}"
        raise fault("geojson-shape", f"`{str(kind)[:60]}` is not a type of geometry", hint)
    coordinates = _listed(geometry.get("coordinates"), "coordinates")
    text = _nested(coordinates, _DEPTHS[kind], kind, parts)
    if text is None:
        return None
    return f"{kind.upper()}({text})" if kind == "Point" else f"{kind.upper()}{text}"


def _listed(value: object, name: str) -> Sequence[Any]:
    if not isinstance(value, list):
        raise fault("geojson-shape", f"`{name}` must be a list", "check how deep its brackets are nested")
    return value


def _nested(coordinates: Sequence[Any], depth: int, kind: str, parts: _Parts) -> str | None:
    """Return the coordinates as WKT, None where there are none."""
    if not coordinates:
        return None
    if depth == 0:
        return _positions([coordinates], parts)
    if kind in ("Polygon", "MultiPolygon") and depth == 2:
        return _polygon(coordinates, parts)
    if depth == 1:
        if kind in _LINE_KINDS and len(coordinates) < 2:
            raise fault("geojson-shape", "a line has two positions or more", "")
        if kind == "MultiPoint":
            return f"({', '.join(_positions([each], parts) for each in coordinates)})"
        return f"({_positions(coordinates, parts)})"
    inner = [_nested(_listed(each, "coordinates"), depth - 1, kind, parts) for each in coordinates]
    texts = [text for text in inner if text is not None]
    return f"({', '.join(texts)})" if texts else None


def _polygon(rings: Sequence[Any], parts: _Parts) -> str:
    texts, boxes = [], []
    for ring in rings:
        own = _Parts()
        texts.append(f"({_positions(_listed(ring, 'coordinates'), own)})")
        _guard_ring(ring)
        parts.crossing = parts.crossing or crossing_fault([(each[0], each[1]) for each in ring])
        boxes += own.boxes
        parts.jump = parts.jump or own.jump
    if any(not _holds(boxes[0], hole) for hole in boxes[1:]):
        message = "a hole lies outside of its polygon"
        raise fault("geojson-ring", message, "the first ring is the outer one, those behind it are its holes")
    parts.boxes.append(boxes[0])
    return f"({', '.join(texts)})"


def _guard_ring(ring: Sequence[Position]) -> None:
    if ring[0][:2] != ring[-1][:2]:
        message = f"a ring is not closed: it begins at {_text(ring[0])} and ends at {_text(ring[-1])}"
        raise fault("geojson-ring", message, _RINGS)
    if len({(each[0], each[1]) for each in ring}) < 3:
        raise fault("geojson-ring", f"a ring has {len(ring)} positions, which make no area", _RINGS)


def _holds(outer: _Box, inner: _Box) -> bool:
    west_and_south = outer.west - _NOISE <= inner.west and outer.south - _NOISE <= inner.south
    return west_and_south and inner.east <= outer.east + _NOISE and inner.north <= outer.north + _NOISE


def _positions(positions: Sequence[Any], parts: _Parts) -> str:
    """Return positions as WKT, and add their bounds to the parts."""
    if not positions:
        raise fault("geojson-ring", "a ring has no positions", _RINGS)
    for each in positions:
        _guard_position(each)
    longitudes, latitudes = [each[0] for each in positions], [each[1] for each in positions]
    parts.boxes.append(_Box(min(longitudes), min(latitudes), max(longitudes), max(latitudes)))
    if parts.boxes[-1].east - parts.boxes[-1].west > _EDGE and parts.jump is None:
        parts.jump = _jump(positions)
    return ", ".join(map(_text, positions))


def _guard_position(position: Any) -> None:
    if not isinstance(position, list) or len(position) < 2 or not _are_numbers(position[0], position[1]):
        if isinstance(position, list) and None in position[:2]:
            raise fault(
                "geojson-shape", "a coordinate is null or NaN", "write null as the geometry where there is none"
            )
        raise fault("geojson-shape", "a position is a list of two numbers or more", _LONGITUDE_FIRST)
    longitude, latitude = position[0], position[1]
    if -_EDGE <= longitude <= _EDGE and -_POLE <= latitude <= _POLE:
        return
    if abs(longitude) <= _POLE and abs(latitude) <= _EDGE:
        message = f"{_text(position)} has the latitude {_number(latitude)}; latitudes run from -90 to 90"
        raise fault("geojson-coordinates", message, _LONGITUDE_FIRST)
    message = f"{_text(position)[:80]} is outside of the longitudes -180 to 180 and the latitudes -90 to 90"
    hint = WRITE_WGS_84 if abs(longitude) > 2 * _EDGE or abs(latitude) > _POLE else _WITHIN
    raise fault("geojson-coordinates", message, hint)


def _are_numbers(one: object, other: object) -> bool:
    # A boolean is a number to Python.
    return type(one) in _NUMBERS and type(other) in _NUMBERS


def _text(position: Position) -> str:
    return f"{_number(position[0])} {_number(position[1])}"


def _number(value: float) -> str:
    return repr(value).removesuffix(".0")


def _jump(positions: Sequence[Position]) -> tuple[Position, Position] | None:
    """Return two neighbours half the globe apart, which may be meant across the antimeridian."""
    wide = (pair for pair in pairwise(positions) if abs(pair[0][0] - pair[1][0]) > _EDGE)
    return next((pair for pair in wide if {abs(pair[0][0]), abs(pair[1][0])} != {_EDGE}), None)


def _jumps(parts: _Parts) -> Iterator[Diagnostic]:
    if parts.jump:
        first, second = map(_text, parts.jump)
        message = f"the line from {first} to {second} runs the long way around the globe"
        hint = "if it is meant across the antimeridian, cut the geometry there (RFC 7946, 3.1.9)"
        yield warning("geojson-antimeridian", message, hint)


def _bounds(boxes: Sequence[_Box]) -> list[float]:
    west, east = min(box.west for box in boxes), max(box.east for box in boxes)
    if _is_whole(west, east) and not any(_is_whole(box.west, box.east) for box in boxes) and (cut := _cut(boxes)):
        west, east = cut
    south, north = min(box.south for box in boxes), max(box.north for box in boxes)
    return [without_text(each) for each in (west, south, east, north)]


def _is_whole(west: float, east: float) -> bool:
    return west <= -_EDGE + _NOISE and east >= _EDGE - _NOISE


def _cut(boxes: Sequence[_Box]) -> tuple[float, float] | None:
    """Return west and east of parts that meet at the antimeridian: around the widest gap between them."""
    gaps: list[tuple[float, float, float]] = []
    reached: float = -_EDGE + _NOISE
    for box in sorted(boxes, key=lambda box: box.west):
        if box.west > reached:
            gaps.append((box.west - reached, box.west, reached))
        reached = max(reached, box.east)
    if not gaps:
        return None
    _, west, east = max(gaps)
    return west, east
