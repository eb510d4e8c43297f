"""Geometries of rows as GeoJSON (RFC 7946): from the WKT that rows have, or as they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, TypeVar

_TOKEN = re.compile(r"[A-Za-z]+|[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[(),]")
_DEPTHS = {"Point": 0, "LineString": 1, "MultiPoint": 1, "Polygon": 2, "MultiLineString": 2, "MultiPolygon": 3}
_COLLECTION = "GeometryCollection"
_KINDS = {kind.upper(): kind for kind in (*_DEPTHS, _COLLECTION)}
# Of geometries in geometries.
_MOST_LEVELS = 8
_EDGE, _POLE, _SHORTEST_RING = 180, 90, 4
Json = dict[str, Any]
T = TypeVar("T")


def geometry_of(fields: Mapping[str, Any]) -> Json | None:
    """Return the geometry of a row as GeoJSON: of its field `geometry` or `wkt`, also behind a prefix.

    None where it has none, and where it is none of WGS 84 in degrees with closed rings.
    """
    for wanted in ("geometry", "wkt"):
        for name, value in fields.items():
            if name.rpartition(".")[2] == wanted and (found := _geometry(value)):
                return found
    return None


def _geometry(value: object) -> Json | None:
    try:
        if isinstance(value, str):
            return _checked(_Reader(value).whole())
        return _checked(value) if isinstance(value, Mapping) else None
    except (ValueError, TypeError, KeyError, IndexError):
        return None


class _Reader:
    """Reads one WKT geometry; raises ValueError for a text that is none."""

    def __init__(self, text: str) -> None:
        # PostGIS writes `SRID=4326;` before it.
        plain = text.partition(";")[2] or text
        if _TOKEN.sub("", plain).strip():
            raise ValueError("a character that no WKT holds")
        self._tokens: list[str] = _TOKEN.findall(plain)
        self._at = 0

    def whole(self) -> Json:
        found = self._geometry(_MOST_LEVELS)
        if self._at != len(self._tokens):
            raise ValueError("something follows the geometry")
        return found

    def _next(self) -> str:
        self._at += 1
        if self._at > len(self._tokens):
            raise ValueError("the geometry ends too early")
        return self._tokens[self._at - 1]

    def _peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _geometry(self, levels: int) -> Json:
        kind = _KINDS.get(self._next().upper())
        if kind is None or not levels:
            raise ValueError("no geometry, or one in too many others")
        while self._peek().upper() in ("Z", "M", "ZM"):
            self._next()
        if kind == _COLLECTION:
            return {"type": kind, "geometries": list(self._listed(lambda: self._geometry(levels - 1)))}
        return {"type": kind, "coordinates": self._coordinates(_DEPTHS[kind], several=kind == "MultiPoint")}

    def _coordinates(self, depth: int, *, several: bool = False) -> list[Any]:
        if depth == 0:
            (position,) = self._listed(self._position)
            return position
        if depth == 1:
            return list(self._listed(self._bracketed if several else self._position))
        return list(self._listed(lambda: self._coordinates(depth - 1)))

    def _bracketed(self) -> list[float]:
        """Return a point of a MultiPoint, which may stand in brackets of its own."""
        return self._coordinates(0) if self._peek() == "(" else self._position()

    def _position(self) -> list[float]:
        numbers = [_number(self._next())]
        while self._peek() not in (",", ")", ""):
            numbers.append(_number(self._next()))
        if not 2 <= len(numbers) <= 4:
            raise ValueError("a position has two to four numbers")
        # RFC 7946 knows no fourth one.
        return numbers[:3]

    def _listed(self, read: Callable[[], T]) -> Iterator[T]:
        if self._next() != "(":
            raise ValueError("no bracket")
        yield read()
        while (mark := self._next()) == ",":
            yield read()
        if mark != ")":
            raise ValueError("no closing bracket")


def _number(token: str) -> float:
    value = float(token)
    return int(value) if value.is_integer() else value


def _checked(geometry: Mapping[str, Any], levels: int = _MOST_LEVELS) -> Json:
    """Return a geometry with outer rings counterclockwise and holes clockwise, as RFC 7946 asks."""
    kind = geometry["type"]
    if kind == _COLLECTION and levels and geometry["geometries"]:
        return {"type": kind, "geometries": [_checked(each, levels - 1) for each in geometry["geometries"]]}
    coordinates = _positions(geometry["coordinates"], _DEPTHS[kind])
    if kind == "Polygon":
        coordinates = _rings(coordinates)
    elif kind == "MultiPolygon":
        coordinates = [_rings(each) for each in coordinates]
    return {"type": kind, "coordinates": coordinates}


def _positions(given: Any, depth: int) -> Any:
    if not given:
        raise ValueError("nowhere")
    if depth:
        return [_positions(each, depth - 1) for each in given]
    longitude, latitude, *height = given
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in given):
        raise ValueError("not a number")
    if not (abs(longitude) <= _EDGE and abs(latitude) <= _POLE):
        raise ValueError("not in degrees")
    # RFC 7946 knows no fourth number.
    return [longitude, latitude, *height[:1]]


def _rings(rings: Sequence[Any]) -> list[Any]:
    if not all(len(ring) >= _SHORTEST_RING and ring[0] == ring[-1] for ring in rings):
        raise ValueError("a ring that is not closed")
    return [ring if _turns_left(ring) == (number == 0) else ring[::-1] for number, ring in enumerate(rings)]


def _turns_left(ring: Sequence[Sequence[float]]) -> bool:
    return sum(one[0] * other[1] - other[0] * one[1] for one, other in pairwise(ring)) >= 0
