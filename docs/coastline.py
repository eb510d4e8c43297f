"""Writes the land of the report's map, `make coastline`: Natural Earth's 1:50m land, which is in the public domain.

It comes as TopoJSON in the npm package `world-atlas`. What ships is a JSON list of texts, one for each outline: pairs
of longitude and latitude in hundredths of a degree, each as its difference to the one before, as encoded polylines.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from eocanvas_apply.render.page.clipping import clipped

PACKAGE = "world-atlas@2.0.2"
TARGET = Path(__file__).parent.parent / "eocanvas_apply/render/page/data/land.json"
# Hundredths of a degree: about a kilometre, as fine as a map of 1:50 million is true.
_STEPS = 100
# An island that is smaller than this on both sides (in steps) is a dot on every map.
_SMALLEST = 4
_TURN = 360 * _STEPS
_MAP = (-_TURN / 2, -math.inf, _TURN / 2, math.inf)
Point = tuple[int, int]


def main() -> None:
    """Fetch the package by npm, and write the outlines."""
    with tempfile.TemporaryDirectory() as folder:
        npm = ["npm", "pack", PACKAGE, "--silent", "--pack-destination", folder]
        name = subprocess.run(npm, check=True, capture_output=True, text=True).stdout.strip()  # noqa: S603
        with tarfile.open(Path(folder, name)) as archive, archive.extractfile("package/land-50m.json") as file:  # type: ignore[union-attr]
            pieces = (piece for ring in rings(json.load(file)) for piece in pieces_of(ring))
            outlines = [encoded(piece) for piece in pieces if _is_seen(piece)]
    TARGET.write_text(json.dumps(outlines, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(f"{TARGET.name}: {len(outlines)} outlines, {TARGET.stat().st_size} bytes\n")


def rings(topology: Any) -> Iterator[list[Point]]:
    """Yield the outlines of a TopoJSON of land, in steps."""
    (collection,) = topology["objects"].values()
    for geometry in collection["geometries"]:
        polygons = geometry["arcs"] if geometry["type"] == "MultiPolygon" else [geometry["arcs"]]
        for ring in (ring for polygon in polygons for ring in polygon):
            points = (point for number in ring for point in _arc(topology, number))
            yield [point for point, _ in groupby(points)]


def _arc(topology: Any, number: int) -> Iterable[Point]:
    """Return the points of one arc; a negative number is that of a reversed one."""
    (scale_x, scale_y), (left, bottom) = topology["transform"]["scale"], topology["transform"]["translate"]
    x = y = 0
    points = []
    for step_x, step_y in topology["arcs"][number if number >= 0 else ~number]:
        x, y = x + step_x, y + step_y
        points.append((round((x * scale_x + left) * _STEPS), round((y * scale_y + bottom) * _STEPS)))
    return points if number >= 0 else reversed(points)


def pieces_of(ring: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the parts of an outline between the two sides of the map: there it goes on across the antimeridian."""
    whole = _unrolled(ring)
    for turn in (-_TURN, 0, _TURN):
        shifted = [(x + turn, y) for x, y in whole]
        piece = [(round(x), round(y)) for x, y in clipped(shifted, _MAP)]
        if piece and min(x for x, _ in piece) < max(x for x, _ in piece):
            yield piece if piece[0] == piece[-1] else [*piece, piece[0]]


def _unrolled(ring: Sequence[Point]) -> list[Point]:
    """Return an outline without jumps from one side of the map to the other; one around a pole is closed there."""
    turn, before, points = 0, ring[0][0], []
    for x, y in ring:
        turn += _TURN * ((x - before < -_TURN // 2) - (x - before > _TURN // 2))
        points.append((x + turn, y))
        before = x
    if points[-1][0] != points[0][0]:
        pole = -_TURN // 4 if points[0][1] < 0 else _TURN // 4
        points += [(points[-1][0], pole), (points[0][0], pole), points[0]]
    return points


def _is_seen(ring: Sequence[Point]) -> bool:
    return any(max(values) - min(values) >= _SMALLEST for values in zip(*ring, strict=True))


def encoded(points: Iterable[Point]) -> str:
    """Return points as an encoded polyline: five bits a character, the lowest first, a set sixth bit goes on."""
    text, before = "", (0, 0)
    for point in points:
        for now, then in zip(point, before, strict=True):
            text += _number(now - then)
        before = point
    return text


def _number(value: int) -> str:
    rest, text = (~(value << 1) if value < 0 else value << 1), ""
    while rest >= 32:
        text += chr((rest & 31 | 32) + 63)
        rest >>= 5
    return text + chr(rest + 63)


if __name__ == "__main__":
    main()
