"""Rings that cross themselves are found, those that touch themselves are not; in bounded time."""

from __future__ import annotations

from collections.abc import Iterator
from math import cos, pi, sin

import pytest

from eocanvas_apply.documents.geometries import ring_crossing
from eocanvas_apply.documents.geometries.ring_crossing import Point, crossing, crossing_fault
from eocanvas_apply.documents.geometries.wkt import wkt_faults


def ring(*points: Point) -> list[Point]:
    return [*points, points[0]]


def circle(count: int) -> list[Point]:
    return ring(*((cos(2 * pi * number / count), sin(2 * pi * number / count)) for number in range(count)))


PENTAGRAM = ring(*((cos(4 * pi * number / 5), sin(4 * pi * number / 5)) for number in range(5)))


@pytest.mark.parametrize(
    ("points", "place"),
    [
        (ring((0, 0), (2, 2), (2, 0), (0, 2)), (1, 1)),
        (ring((0, 0), (1, 1), (2, 2), (2, 0), (0, 2)), (1, 1)),
        (ring((0, 0), (1, 1), (2, 2), (2, 0), (1, 1), (0, 2)), (1, 1)),
        (ring((0, 0), (2, 0), (2, 2), (1, -1)), (1.3333333, 0)),
        (ring((170, 10), (-170, 20), (-170, 10), (170, 20)), (180, 15)),
        ([*circle(3000)[:-2], (0, 0), (3, 0.0001), circle(3000)[0]], (1, 0.0000333)),
    ],
    ids=["bow tie", "at a point of one line", "at a point of both", "triangle", "antimeridian", "long"],
)
def test_a_ring_that_crosses_itself_is_found(points: list[Point], place: Point) -> None:
    found = crossing(points)
    assert found is not None
    assert found == pytest.approx(place, abs=1e-5)


@pytest.mark.parametrize(
    "points",
    [
        [],
        [(0, 0)] * 9,
        ring((0, 0), (1, 0), (1, 1), (0, 1)),
        ring((0, 0), (0, 0), (1, 0), (1, 0), (1, 1), (1, 1), (0, 1), (0, 1)),
        ring((0, 0), (1, 1), (2, 0), (2, 2), (1, 1), (0, 2)),
        ring((0, 0), (4, 0), (4, 4), (2, 0), (0, 4)),
        ring((0, 0), (4, 0), (4, 4), (2, 1e-8), (2.0000001, -1e-8), (0, 4)),
        ring((0, 0), (4, 0), (4, 4), (2, 4), (2, 8), (2, 4), (0, 4)),
        ring((170, 10), (-170, 10), (-170, 20), (170, 20)),
        ring((175, 0), (-175, 5), (178, 10), (-178, 15), (170, 20)),
        ring((-180, -90), (180, -90), (180, 90), (-180, 90)),
        ring((0, 80), (120, 80), (-120, 80), (-60, 70)),
        circle(5000),
    ],
    ids=[
        *("none", "one point", "square", "repeated points", "touches in a point", "touches a line"),
        *("touches a line, rounded", "spike", "antimeridian", "antimeridian often", "globe", "pole", "circle"),
    ],
)
def test_a_ring_that_only_touches_itself_is_none(points: list[Point]) -> None:
    assert crossing(points) is None
    assert crossing([(-east, north) for east, north in reversed(points)]) is None


def test_what_turns_to_one_side_only_but_twice_around_crosses_itself() -> None:
    assert crossing(PENTAGRAM) is not None


def test_a_hatching_is_given_up_after_a_bounded_number_of_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = 0
    may_cross = ring_crossing._may_cross

    def counted(*given: object) -> bool:
        nonlocal compared
        compared += 1
        return may_cross(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(ring_crossing, "_may_cross", counted)
    lines: Iterator[Point] = ((number / 4000 + number % 2 * 50, number % 2 * 50.0) for number in range(4000))
    assert crossing(ring(*lines, (1, -1), (0, -1))) is None
    assert compared < 40_000


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("POLYGON((20 58, 22 60, 22 58, 20 60, 20 58))", ["ring-crosses-itself"]),
        (
            "MULTIPOLYGON(((0 0, 1 0, 1 1, 0 0)), ((20 58 9, 22 60 9, 22 58 9, 20 60 9, 20 58 9)))",
            ["ring-crosses-itself"],
        ),
        ("POLYGON((58 200, 60 202, 58 202, 60 200, 58 200))", ["wkt-range"]),
        ("POLYGON((20 58, 22 60, 22 58, 20 60))", ["bad-wkt"]),
        ("LINESTRING(20 58, 22 60, 22 58, 20 60, 20 58)", []),
    ],
)
def test_a_geometry_as_text_is_judged_once(text: str, codes: list[str]) -> None:
    assert [each.code for each in wkt_faults(text)] == codes


def test_the_message_says_where_in_degrees() -> None:
    found = crossing_fault(ring((170, 10), (-150, 20), (-150, 10), (170, 20)))
    assert found is not None
    assert found.message == "a ring of this geometry crosses itself near -170 15"
