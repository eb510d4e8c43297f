"""The drawings of the report: what stands where on a time axis, in the graph, and on the map."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from docs.coastline import encoded, pieces_of
from eocanvas_apply.render.page.clipping import clipped
from eocanvas_apply.render.page.map_layers import decoded, layers, outlines
from eocanvas_apply.render.page.node_layout import drawing_of
from eocanvas_apply.render.page.timeline_chart import BARS, LEFT, RIGHT, WIDTH, chart_of
from eocanvas_apply.report.dependencies import Dependencies
from eocanvas_apply.report.page.timeline import Curve, Timeline
from tests.report.page.scenes import report_of, scene_of, square

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
moments = st.lists(st.timedeltas(timedelta(0), timedelta(days=900)), max_size=30)


def _line(past: list[timedelta], ended: list[timedelta], ahead: list[timedelta]) -> Timeline:
    before, future = sorted(NOW - each for each in past), sorted(NOW + each for each in ahead)
    ends = tuple(sorted(NOW - each for each in ended))
    curve = Curve(3, timedelta(hours=1), tuple((each, n % 4) for n, each in enumerate(sorted({*before, *future}))))
    return Timeline(NOW, tuple(before), ends[::2], ends[1::2], tuple(future), tuple(future), (curve,))


@given(moments, moments, moments)
def test_every_moment_is_in_one_bar_inside_of_the_drawing(
    past: list[timedelta], ended: list[timedelta], ahead: list[timedelta]
) -> None:
    line = _line(past, ended, ahead)
    chart = chart_of(line)
    assert LEFT <= chart.now_x <= WIDTH - RIGHT
    height = {"launched": 0.0, "succeeded": 0.0, "failed": 0.0, "to_launch": 0.0, "to_end": 0.0}
    for bar in (bar for each in chart.bins for bar in each.bars):
        assert bar.x >= LEFT
        assert bar.x + bar.width <= WIDTH
        assert bar.y >= -0.2
        assert bar.y + bar.height <= 2 * BARS + 0.2
        height[bar.kind] += bar.height
    for kind, length in height.items():
        number = len(getattr(line, kind))
        assert abs(length - number / max(chart.most, 1) * BARS) <= 0.06 * max(number, 1)


@given(moments, moments, moments)
def test_few_bars_and_ticks_however_long_it_takes(
    past: list[timedelta], ended: list[timedelta], ahead: list[timedelta]
) -> None:
    chart = chart_of(_line(past, ended, ahead))
    assert len(chart.bins) <= 100
    assert len(chart.ticks) <= 10
    assert [tick.x for tick in chart.ticks] == sorted({tick.x for tick in chart.ticks})


def test_data_flows_from_left_to_right() -> None:
    found = (
        Dependencies("key.in"),
        Dependencies("key.unused"),
        Dependencies("job.second", follows=("job.first",), writes=("key.in",)),
        Dependencies("job.first", reads=("key.in",)),
    )
    drawing = drawing_of(found)
    where = [(node.address, node.x) for node in drawing.nodes]
    assert [address for address, _ in sorted(where, key=lambda each: each[1])] == [
        *("key.in", "key.unused", "job.first", "job.second", "key.in")
    ]
    assert len(drawing.arrows) == 3
    assert len({(node.x, node.y) for node in drawing.nodes}) == len(drawing.nodes)
    assert all(node.x < drawing.width and node.y < drawing.height for node in drawing.nodes)


def test_nothing_is_an_empty_drawing() -> None:
    assert drawing_of(()).nodes == ()


@given(st.lists(st.tuples(st.integers(-18000, 18000), st.integers(-9000, 9000)), min_size=1))
def test_an_encoded_outline_is_read_back(points: list[tuple[int, int]]) -> None:
    assert [(round(x * 100), round(y * 100)) for x, y in decoded(encoded(points))] == points


def test_the_land_has_the_continents_where_they_are() -> None:
    found = list(outlines())
    assert all(abs(x) <= 180 and abs(y) <= 90 for outline in found for x, y in outline)
    largest = max(found, key=len)
    assert min(x for x, _ in largest) < 0 < 100 < max(x for x, _ in largest)


def test_a_map_of_very_long_outlines_is_thinned_but_keeps_its_rings_closed() -> None:
    ring = [[20 + n / 100_000, 58 + (n % 7) / 100] for n in range(100_000)]
    ring[-1] = ring[0]
    page = report_of(scene_of({"a": {"type": "Polygon", "coordinates": [ring]}, "b": square(22, 58)}))
    found = layers(page)
    rings = {each["jobs"][0][1]: each["geometry"]["coordinates"][0] for each in found["places"]}
    drawn = rings["tiles/a"]
    assert 1000 < len(drawn) <= 60_001
    assert drawn[0] == drawn[-1]
    assert len(rings["tiles/b"]) == 5


def test_no_outline_of_the_land_crosses_the_map() -> None:
    for outline in outlines():
        steps = [abs(one[0] - other[0]) for one, other in pairwise(outline) if abs(one[1]) < 89.9]
        assert max(steps, default=0) < 20
        assert outline[0] == outline[-1]


def test_an_outline_across_the_antimeridian_is_cut_there() -> None:
    ring = [(17000, 0), (17900, 0), (-17900, 0), (-17900, 1000), (17000, 1000), (17000, 0)]
    west, east = sorted(pieces_of(ring), key=lambda piece: min(x for x, _ in piece))
    assert {x for x, _ in west} == {-18000, -17900}
    assert {x for x, _ in east} == {17000, 17900, 18000}


@given(
    st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=30),
    st.integers(-100, 100),
    st.integers(-80, 60),
)
def test_what_is_clipped_lies_within_the_box(ring: list[tuple[float, float]], west: int, south: int) -> None:
    box = (west, south, west + 40, south + 20)
    for x, y in clipped(ring, box):
        assert box[0] - 1e-6 <= x <= box[2] + 1e-6
        assert box[1] - 1e-6 <= y <= box[3] + 1e-6
    inside = [(west + 1.0, south + 1.0), (west + 2.0, south + 1.0), (west + 2.0, south + 2.0)]
    assert clipped(inside, box) == inside
