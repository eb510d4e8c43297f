"""Rings that cross themselves, such as a bow tie: neither SNAP nor a catalogue takes them for the area that is meant.

Stretches of a ring are compared by their boxes, halved as long as these overlap, so that a usual outline of a hundred
thousand points takes a second. What touches is no crossing: rings repeat points, and run along themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import atan2, hypot

from eocanvas_apply.diagnostics import Diagnostic, warning

Point = tuple[float, float]
# West, south, east and north of what lies between two points of a ring, and the ways it goes.
_Stretch = tuple[float, float, float, float, int]
_EAST, _WEST, _NORTH, _SOUTH = 1, 2, 4, 8
_ALONG, _ACROSS = _EAST | _WEST, _NORTH | _SOUTH
# Of coordinates that were computed or rounded, in degrees, and of directions in radians.
_NOISE, _LEAST_ANGLE = 1e-6, 1e-3
_SMALLEST = 4
# So many pairs of stretches are compared for each point: outlines need about three, a hatching has no bound.
_PAIRS_OF_A_POINT, _LEAST_PAIRS, _MOST_PAIRS = 4, 2_000, 400_000
_WHOLE_TURN, _HALF_TURN = 360, 180


def crossing(ring: Sequence[Point]) -> Point | None:
    """Return a point where a closed ring crosses itself, None where it does not.

    Of a ring across the antimeridian the longitudes are followed around the globe.
    """
    points = _unrolled([ring[0], *(b for a, b in pairwise(ring) if a != b)]) if ring else []
    # Of a ring around a pole, which does not close, a plane shows nothing.
    if len(points) <= _SMALLEST or points[0] != points[-1]:
        return None
    return None if _is_convex(points) else _Ring(points[:-1]).crossing()


def crossing_fault(ring: Sequence[Point]) -> Diagnostic | None:
    """Return a warning about a ring that crosses itself."""
    if (found := crossing(ring)) is None:
        return None
    east = (found[0] + _HALF_TURN) % _WHOLE_TURN - _HALF_TURN if abs(found[0]) > _HALF_TURN else found[0]
    message = f"a ring of this geometry crosses itself near {east:.6g} {found[1]:.6g}"
    hint = "write its points in order around the area; SNAP and catalogues may take it for another area"
    return warning("ring-crosses-itself", message, hint)


def _unrolled(points: list[Point]) -> list[Point]:
    if all(abs(a[0] - b[0]) <= _HALF_TURN for a, b in pairwise(points)):
        return points
    turns, unrolled = 0, points[:1]
    for before, point in pairwise(points):
        step = point[0] - before[0]
        turns += _WHOLE_TURN if step < -_HALF_TURN else -_WHOLE_TURN if step > _HALF_TURN else 0
        unrolled.append((point[0] + turns, point[1]))
    return unrolled


def _is_convex(points: Sequence[Point]) -> bool:
    """Whether a closed ring turns to one side only, and once around: most rings are boxes."""
    ways = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(points)]
    turns = [a[0] * b[1] - a[1] * b[0] for a, b in pairwise((*ways, ways[0]))]
    if min(turns) < 0 < max(turns):
        return False
    east = [x > 0 for x, _ in ways if x]
    return sum(a != b for a, b in pairwise(east)) <= 2


class _Ring:
    """The points of a ring without the last, which is the first, and its stretches.

    On the lowest level a stretch is one line, from a point to the next; above it each is made of two.
    """

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points
        ends = zip(points, (*points[1:], points[0]), strict=True)
        self._levels: list[list[_Stretch]] = [[_line(a, b) for a, b in ends]]
        while len(below := self._levels[-1]) > 1:
            pairs = zip(below[::2], below[1::2], strict=False)
            self._levels.append([_joined(a, b) for a, b in pairs] + (below[-1:] if len(below) % 2 else []))

    def crossing(self) -> Point | None:
        """Return the first crossing that is found."""
        left = [(len(self._levels) - 1, 0, 0)]
        allowed = min(_LEAST_PAIRS + _PAIRS_OF_A_POINT * len(self._points), _MOST_PAIRS)
        while left and allowed > 0:
            level, one, other = left.pop()
            if level:
                pairs = self._pairs_below(level - 1, one, other)
                allowed -= 3
                left += pairs
            elif one != other and (found := self._lines_cross(one, other)):
                return found
        return None

    def _pairs_below(self, level: int, one: int, other: int) -> list[tuple[int, int, int]]:
        """Return the halves of two stretches that may cross, each with a half of the other or with itself."""
        stretches = self._levels[level]
        last = len(stretches) - 1
        ones = range(2 * one, min(2 * one + 1, last) + 1)
        others = range(2 * other, min(2 * other + 1, last) + 1)
        pairs = ((a, b) for a in ones for b in others if a <= b)
        return [(level, a, b) for a, b in pairs if _may_cross(stretches[a], stretches[b], b - a)]

    def _lines_cross(self, one: int, other: int) -> Point | None:
        count = len(self._points)
        if other - one in (1, count - 1):
            return None
        a, b, c, d = (self._points[number % count] for number in (one, one + 1, other, other + 1))
        of_a, of_b = _side(c, d, a), _side(c, d, b)
        if of_a * of_b > 0:
            return None
        of_c, of_d = _side(a, b, c), _side(a, b, d)
        if of_a * of_b < 0 and of_c * of_d < 0:
            return _meeting(a, b, c, d)
        # Each point is judged with the line that ends in it.
        after_b, after_d = self._points[(one + 2) % count], self._points[(other + 2) % count]
        if _close(b, d):
            return b if _interleaved(b, (a, after_b), (c, after_d)) else None
        if of_b == 0 and of_c * of_d < 0 and of_a * _side(c, d, after_b) < 0:
            return b
        if of_d == 0 and of_a * of_b < 0 and of_c * _side(a, b, after_d) < 0:
            return d
        return None


def _line(a: Point, b: Point) -> _Stretch:
    east, north = b[0] - a[0], b[1] - a[1]
    ways = (_EAST if east > 0 else _WEST if east < 0 else 0) | (_NORTH if north > 0 else _SOUTH if north < 0 else 0)
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]), ways


def _joined(a: _Stretch, b: _Stretch) -> _Stretch:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3]), a[4] | b[4]


def _may_cross(a: _Stretch, b: _Stretch, distance: int) -> bool:
    # What follows each other and never turns back, east to west or north to south, does not meet itself.
    if distance <= 1 and ((a[4] | b[4]) & _ALONG != _ALONG or (a[4] | b[4]) & _ACROSS != _ACROSS):
        return False
    return a[0] <= b[2] and b[0] <= a[2] and a[1] <= b[3] and b[1] <= a[3]


def _side(a: Point, b: Point, point: Point) -> int:
    """Return 1 or -1 for a point left or right of a line, 0 on it."""
    x, y = b[0] - a[0], b[1] - a[1]
    area = x * (point[1] - a[1]) - y * (point[0] - a[0])
    return 0 if abs(area) <= _NOISE * hypot(x, y) else 1 if area > 0 else -1


def _close(a: Point, b: Point) -> bool:
    return abs(a[0] - b[0]) <= _NOISE and abs(a[1] - b[1]) <= _NOISE


def _meeting(a: Point, b: Point, c: Point, d: Point) -> Point:
    x, y, u, v = b[0] - a[0], b[1] - a[1], d[0] - c[0], d[1] - c[1]
    along = ((c[0] - a[0]) * v - (c[1] - a[1]) * u) / (x * v - y * u)
    return a[0] + along * x, a[1] + along * y


def _interleaved(middle: Point, one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether two ways through one point cross there: seen around it, their ends take turns."""
    directions = sorted(
        (atan2(y - middle[1], x - middle[0]), way) for way, ends in enumerate((one, other)) for x, y in ends
    )
    angles = [angle for angle, _ in directions]
    gaps = [b - a for a, b in pairwise((*angles, angles[0] + 6.283185307179586))]
    return min(gaps) > _LEAST_ANGLE and [way for _, way in directions] in ([0, 1, 0, 1], [1, 0, 1, 0])
