"""Geometries as text (WKT): which texts are meant as one, and what keeps SNAP from reading them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import chain, islice

from eocanvas_apply.diagnostics import Diagnostic, error, nearest, warning
from eocanvas_apply.documents.geometries.ring_crossing import crossing_fault

_FLAGS = re.IGNORECASE | re.ASCII
_NUMBER = r"[-+]?+(?:\d++(?:\.\d*+)?+|\.\d++)(?:[eE][-+]?+\d++)?+"
_POINT = rf"\s*+{_NUMBER}(?:\s++{_NUMBER}){{1,3}}+\s*+"


def _list_of(part: str) -> str:
    return rf"\s*+\({part}(?:,{part})*+\)\s*+"


_ONE_POINT = rf"\s*+\({_POINT}\)\s*+"
_POINTS = _list_of(_POINT)
_RINGS = _list_of(_POINTS)
_BODIES = {
    "POINT": _ONE_POINT,
    "LINESTRING": _POINTS,
    "LINEARRING": _POINTS,
    "POLYGON": _RINGS,
    "MULTIPOINT": f"(?:{_list_of(_ONE_POINT)}|{_POINTS})",
    "MULTILINESTRING": _RINGS,
    "MULTIPOLYGON": _list_of(_RINGS),
}
# A collection is read no further than its brackets.
_KINDS = (*_BODIES, "GEOMETRYCOLLECTION")
_BEGIN = re.compile(rf"\s*+(?:SRID=\d+;\s*+)?({'|'.join(_KINDS)})\s*+(?:ZM|Z|M)?+\s*+(?:\(|EMPTY\b|[-+]?\d)", _FLAGS)
_OTHER_WORD = re.compile(rf"\s*+([A-Za-z_]{{4,20}})\s*+(?:ZM|Z|M)?+\s*+\(++{_POINT}[,)]", _FLAGS)
# Texts: `re` compiles those of the kinds that are used, and keeps them.
_WHOLE = {kind: rf"\s*+{kind}(?:\s*+(?:ZM|Z|M))?+(?:{body}|\s*+EMPTY\s*+)" for kind, body in _BODIES.items()}
_PAIR = re.compile(rf"(?<=[(,\s])({_NUMBER})\s++({_NUMBER})", _FLAGS)
_EMPTY = re.compile(r"\bEMPTY\b", _FLAGS)
_RING = re.compile(r"\(([^()]*)\)")
_LEAST_POINTS = 4
# Each is looked at as a pair of numbers.
_MOST_POINTS = 1_000_000


def is_meant_as_geometry(text: str) -> bool:
    """Whether a text is meant as a geometry, also one whose kind is misspelt."""
    return _BEGIN.match(text) is not None or _misspelt(text) is not None


def bounds(text: str) -> tuple[float, float, float, float] | None:
    """Return west, south, east and north of a geometry in degrees, None for any other text."""
    if not is_meant_as_geometry(text):
        return None
    points = [(float(found[1]), float(found[2])) for found in islice(_PAIR.finditer(text), _MOST_POINTS)]
    if not points or not all(abs(x) <= 180 and abs(y) <= 90 for x, y in points):
        return None
    longitudes, latitudes = zip(*points, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def wkt_faults(text: str) -> Iterable[Diagnostic]:
    """Return what is wrong with a text that is meant as a geometry; nothing for any other text."""
    if found := _BEGIN.match(text):
        return _faults(found[1].upper(), text)
    misspelt = _misspelt(text) if "(" in text else None
    return (misspelt,) if misspelt else ()


def _faults(kind: str, text: str) -> Iterator[Diagnostic]:
    if text.count(",") >= _MOST_POINTS:
        yield error("bad-wkt", f"a geometry has at most {_MOST_POINTS:,} points", "simplify it, or use several")
        return
    if unreadable := _unreadable(kind, text):
        yield error("bad-wkt", *unreadable)
        return
    rings = [ring.split(",") for ring in _RING.findall(text)]
    is_area = kind.endswith("POLYGON")
    if is_area and (found_in_rings := _ring_fault(rings)):
        yield found_in_rings
    if _EMPTY.search(text):
        yield warning("bad-wkt", "this geometry is empty: nothing lies in it", f"write its points: {_example(kind)}")
    elif kind != "GEOMETRYCOLLECTION":
        # One for a geometry; of points that are no degrees it is not asked how they lie.
        crossings = (crossing_fault([_pair(point) for point in ring]) for ring in rings if is_area)
        yield from islice(filter(None, chain(map(_range_fault, rings), crossings)), 1)


def _misspelt(text: str) -> Diagnostic | None:
    """Return an error where a word like the kind of a geometry stands before points."""
    found = _OTHER_WORD.match(text) if "(" in text else None
    kind = _kind_like(found[1].upper()) if found else None
    return error("bad-wkt", f"{found[1]} is no kind of geometry", f"did you mean {kind}?") if found and kind else None


@lru_cache(1000)
def _kind_like(word: str) -> str | None:
    """Return the kind that a word was meant as. Few are compared: a file may hold a hundred thousand such words."""
    return nearest(word, [kind for kind in _KINDS if kind[0] == word[0] and abs(len(kind) - len(word)) <= 2])


def _unreadable(kind: str, text: str) -> tuple[str, str] | None:
    """Return why a text cannot be read as this kind of geometry and what to write, None where it can."""
    if text.lstrip()[:4].upper() == "SRID":
        return "SNAP does not read SRID=...; before a geometry", "remove it; write longitude and latitude (WGS 84)"
    if text.count("(") != text.count(")"):
        return "a bracket of this geometry is not closed", f"write {_example(kind)}; inside {{ }} put it in quotes"
    if kind not in _WHOLE or re.fullmatch(_WHOLE[kind], text, _FLAGS):
        return None
    if kind == "POLYGON" and "((" not in re.sub(r"\s", "", text):
        return "the points of a polygon stand in two brackets", f"write {_example(kind)}"
    if re.fullmatch(rf"(?:\s*{_NUMBER}\s*,)+\s*{_NUMBER}\s*", (_RING.findall(text) or [""])[0]):
        return "a comma stands between points, not between longitude and latitude", f"write {_example(kind)}"
    return f"this {kind} cannot be read", f"write {_example(kind)}"


def _example(kind: str) -> str:
    examples = {"POINT": "POINT(20 58)", "LINESTRING": "LINESTRING(20 58, 21 58)", "MULTIPOINT": "MULTIPOINT(20 58)"}
    if kind == "MULTIPOLYGON":
        return "MULTIPOLYGON(((20 58, 21 58, 21 59, 20 58)))"
    return examples.get(kind, "POLYGON((20 58, 21 58, 21 59, 20 58)), the first point once more at the end")


def _ring_fault(rings: list[list[str]]) -> Diagnostic | None:
    for ring in rings:
        first, last = _numbers(ring[0]), _numbers(ring[-1])
        if first != last:
            ends = f"it begins with {ring[0].strip()[:40]} and ends with {ring[-1].strip()[:40]}"
            message = f"a ring of this geometry is not closed: {ends}"
            return error("bad-wkt", message, "write the first point once more at its end")
        if len(ring) < _LEAST_POINTS:
            message = f"a ring needs at least {_LEAST_POINTS} points, and has {len(ring)}"
            return error("bad-wkt", message, "the last point is the first one once more")
    return None


def _range_fault(ring: list[str]) -> Diagnostic | None:
    """Return a warning about the first of these points that is outside of all longitudes and latitudes."""
    # Of all points at once: a campaign may have a hundred thousand outlines.
    size, numbers = len(ring[0].split()), _numbers(" ".join(ring))
    if max(map(abs, numbers[::size])) <= 180 and max(map(abs, numbers[1::size])) <= 90:
        return None
    point = next((each for each in ring if _is_outside(*_numbers(each)[:2])), None)
    if point is None:
        return None
    swapped = not _is_outside(*reversed(_numbers(point)[:2]))
    hint = "write longitude before latitude" if swapped else "write degrees, longitude before latitude"
    message = f"{point.strip()[:40]} is no longitude from -180 to 180 with a latitude from -90 to 90"
    return warning("wkt-range", message, hint)


def _is_outside(east: float, north: float) -> bool:
    return abs(east) > 180 or abs(north) > 90


def _pair(point: str) -> tuple[float, float]:
    east, north, *_ = _numbers(point)
    return east, north


def _numbers(point: str) -> list[float]:
    return [float(number) for number in point.split()]
