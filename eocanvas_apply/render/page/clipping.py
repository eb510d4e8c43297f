"""What of an outline lies within a box."""

from __future__ import annotations

from collections.abc import Sequence

Point = tuple[float, float]
# West, south, east, north.
Box = tuple[float, float, float, float]


def clipped(ring: Sequence[Point], edges: Box) -> Sequence[Point]:
    """Return a ring without what lies beyond the edges, one edge after the other; empty where nothing is left."""
    for axis, edge, sign in ((0, edges[0], 1), (1, edges[1], 1), (0, edges[2], -1), (1, edges[3], -1)):
        if not ring:
            break
        kept: list[Point] = []
        for before, point in zip((ring[-1], *ring[:-1]), ring, strict=True):
            inside, was_inside = (sign * (each[axis] - edge) >= 0 for each in (point, before))
            if inside != was_inside:
                kept.append(_crossing(before, point, axis, edge))
            if inside:
                kept.append(point)
        ring = kept
    return ring


def _crossing(one: Point, other: Point, axis: int, edge: float) -> Point:
    share = (edge - one[axis]) / (other[axis] - one[axis])
    x, y = (one[each] + share * (other[each] - one[each]) for each in (0, 1))
    return x, y
