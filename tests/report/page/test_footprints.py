"""Places of jobs on a map: of rows, of graphs, of searches, and what state a place has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.report.page.footprints import Footprint
from eocanvas_apply.report.row_geometry import geometry_of
from eocanvas_apply.report.row_places import bounds, box_geometry
from tests.planning.scene import GRAPH, HEAD, SCENES, Scene
from tests.report.page.scenes import report_of, scene_of, square

DAYS = """jobs:
  days:
    for_each: {list: [{id: a, bbox: [20, 58, 21, 59]}, {id: b, bbox: [20, 58, 21, 59]}, {id: c}]}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.id}.zip"}}
"""
SEARCH = """jobs:
  found:
    for_each: {hda: {dataset_id: "EO:X", bbox: [15, 53, 22, 58]}}
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/${each.id}.zip"}}
"""


def test_a_row_with_a_geometry_is_a_place() -> None:
    scene = scene_of({"a": square(20, 58), "b": square(22, 58)})
    scene.done('job.tiles["a"]', 1)
    places = {tuple(each.jobs): each for each in report_of(scene).footprints}
    assert places[('job.tiles["a"]',)].geometry == square(20, 58)
    assert places[('job.tiles["a"]',)].phase is Phase.DONE
    assert places[('job.tiles["b"]',)].phase is Phase.WAITING


def test_jobs_of_one_box_share_a_place_and_a_row_without_one_has_none() -> None:
    (place,) = report_of(Scene(HEAD + SCENES + DAYS)).footprints
    assert list(place.jobs) == ['job.days["a"]', 'job.days["b"]']
    assert bounds(place.geometry) == (20, 58, 21, 59)


def test_a_job_without_rows_is_where_its_param_says() -> None:
    job = "jobs:\n  one:\n    graph: graph.xml\n    params: {aoi: 'POLYGON((20 58, 21 58, 21 59, 20 58))'}\n"
    node = (
        b'<node id="Subset"><operator>Subset</operator><sources><sourceProduct refid="Read"/></sources>'
        b'<parameters><geoRegion>$aoi</geoRegion></parameters></node><node id="Write">'
    )
    graph = GRAPH.replace(b'<node id="Write">', node).replace(b"$img1", b"/a.nc")
    graph = graph.replace(b'refid="Read"/></sources>\n', b'refid="Subset"/></sources>\n')
    (place,) = report_of(Scene(HEAD + SCENES + job, {"graph.xml": graph})).footprints
    assert list(place.jobs) == ["job.one"]
    assert bounds(place.geometry) == (20, 58, 21, 59)


def test_the_box_of_a_search_is_shown_before_anything_is_found() -> None:
    (area,) = report_of(Scene(HEAD + SCENES + SEARCH)).search_areas
    assert area.address == "job.found"
    assert bounds(area.geometry) == (15, 53, 22, 58)


def test_small_places_come_after_large_ones_that_would_hide_them() -> None:
    found = report_of(scene_of({"small": square(20, 58, 0.5), "large": square(19, 57, 5)})).footprints
    assert [bounds(each.geometry)[0] for each in found] == [19, 20]


@pytest.mark.parametrize("phase", [each for each in Phase if each is not Phase.FAILED])
def test_a_place_where_one_job_failed_says_so(phase: Phase) -> None:
    place = Footprint(square(0, 0), {"job.a": phase, "job.b": Phase.FAILED})
    assert place.phase is Phase.FAILED
    assert list(place.counts) == [Phase.FAILED, phase]


def test_a_box_across_the_antimeridian_is_two() -> None:
    box = box_geometry([170, -20, -170, -10])
    assert box
    assert box["type"] == "MultiPolygon"
    assert [part[0][0][0] for part in box["coordinates"]] == [170, -180]


@pytest.mark.parametrize(
    "value", [None, "${each.box}", [1, 2, 3], [0, 10, 1, 5], [0, 0, 200, 1], [0, True, 1, 1], "ab"]
)
def test_what_is_no_box_is_no_place(value: object) -> None:
    assert box_geometry(value) is None


@given(st.lists(st.floats(-180, 180), min_size=2, max_size=2), st.lists(st.floats(-90, 90), min_size=2, max_size=2))
def test_every_box_lies_where_it_says(longitudes: list[float], latitudes: list[float]) -> None:
    (west, east), (south, north) = longitudes, sorted(latitudes)
    box = box_geometry([west, south, east, north])
    assert box
    assert bounds(box) == (west, south, east, north) if west <= east else bounds(box) == (-180, south, 180, north)


@pytest.mark.parametrize(
    "geometry",
    [
        *(
            {"type": kind, "coordinates": []}
            for kind in ("Point", "LineString", "Polygon", "MultiPoint", "MultiPolygon")
        ),
        {"type": "MultiLineString", "coordinates": [[]]},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "Point", "coordinates": [True, False]},
        {"type": "Point", "coordinates": [1, 2, "<script>"]},
    ],
)
def test_a_geometry_that_is_nowhere_is_no_place(geometry: dict[str, object]) -> None:
    assert geometry_of({"geometry": geometry}) is None


def test_a_fourth_number_of_a_position_is_left_out() -> None:
    assert geometry_of({"geometry": {"type": "Point", "coordinates": [1, 2, 3, 4]}}) == {
        "type": "Point",
        "coordinates": [1, 2, 3],
    }
