"""The pictures of a notebook: a map and a calendar as images without a script, and small whatever there is to draw."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from eocanvas_apply.render.notebook.project_display import html, summary
from tests.planning.scene import HEAD, SCENES, Scene
from tests.report.page.scenes import all_done, report_of, scene_of, square

_SVG = "{http://www.w3.org/2000/svg}"
_IMAGE = re.compile(r'<img src="data:image/svg\+xml;base64,([^"]+)" width="860" alt="([^"]*)">')
SEARCH = """  days:
    for_each: {hda: {dataset_id: "EO:X", bbox: [-170, 50, 170, 60]}}
    graph: graph.xml
    inputs: {img1: {product: "${each.id}"}}
"""


def pictures(shown: str) -> list[ET.Element]:
    """Return the drawings of what a notebook shows, none of which asks for anything."""
    assert "<script" not in shown
    found = [b64decode(source).decode() for source, _ in _IMAGE.findall(shown)]
    assert len(found) == shown.count("<img")
    for each in found:
        assert set(re.findall(r"url\(([^)]*)\)", each)) <= {"#ahead"}
        assert "href" not in each
    return [ET.fromstring(each) for each in found]


def places(picture: ET.Element, phase: str) -> list[ET.Element]:
    """Return what is drawn of the jobs in a phase, the legend apart."""
    drawn = picture.iter()
    return [each for each in drawn if each.get("class") == f"place {phase}" and each.tag != f"{_SVG}rect"]


def texts(picture: ET.Element) -> list[str]:
    return [each.text or "" for each in picture.iter(f"{_SVG}text")]


def test_a_summary_has_a_map_a_calendar_and_the_campaigns() -> None:
    tiles = {f"T{n}": square(15 + 2 * n, 55) for n in range(3)}
    scene = scene_of(tiles, more="quota: [{jobs: 2, per: 1h}]\n")
    scene.done('job.tiles["T0"]', 1)
    shown = summary(report_of(scene))
    earth, calendar = pictures(shown)
    assert (len(places(earth, "done")), len(places(earth, "waiting"))) == (1, 2)
    assert {"1 done", "2 waiting"} <= {*texts(earth)}
    assert {"launched", "ended", "now", "At most 2 jobs in 1h"} <= {*texts(calendar)}
    assert [alt.partition(":")[0] for _, alt in _IMAGE.findall(shown)] == ["Map", "Calendar"]
    assert 'alt="Map: 3 jobs at 3 places; 1 done, 2 waiting"' in shown
    assert "<b>baltic: 1 of 3 jobs done, 2026-03-01 12:00:00 UTC, at the last look at the service</b>" in shown
    assert "<td>job.tiles</td><td>3</td><td>1</td><td></td><td>2</td>" in shown


def test_a_report_without_places_and_launches_is_its_table() -> None:
    assert html(report_of(Scene(HEAD + SCENES)), "<table></table>") == "<div><table></table></div>"
    assert "no jobs yet" in summary(report_of(Scene(HEAD + SCENES)))


@pytest.mark.parametrize(
    ("geometry", "tag"),
    [
        ({"type": "Point", "coordinates": [18, 57]}, "circle"),
        (square(18, 57, 0.001), "circle"),
        ({"type": "LineString", "coordinates": [[18, 57], [19, 58]]}, "path"),
        ({"type": "MultiPolygon", "coordinates": [square(18, 57)["coordinates"]]}, "path"),
        ({"type": "GeometryCollection", "geometries": [square(18, 57)]}, "path"),
    ],
)
def test_a_place_of_any_kind_is_drawn_inside_of_the_picture(geometry: dict[str, Any], tag: str) -> None:
    earth = pictures(summary(report_of(scene_of({"a": geometry, "far": square(25, 60)}))))[0]
    width, height = float(earth.get("width", 0)), float(earth.get("height", 0))
    [drawn] = [each for each in places(earth, "waiting") if each.tag == f"{_SVG}{tag}"][-1:]
    numbers = (
        [drawn.get("cx", ""), drawn.get("cy", "")] if tag == "circle" else re.findall(r"[-\d.]+", drawn.get("d", ""))
    )
    xs, ys = [float(each) for each in numbers[::2]], [float(each) for each in numbers[1::2]]
    assert 0 < min(xs) <= max(xs) < width
    assert 0 < min(ys) <= max(ys) < height


def test_a_search_around_the_earth_is_drawn_with_a_line_in_the_legend() -> None:
    scene = scene_of({"a&b": square(18, 57)}, more=SEARCH)
    earth = pictures(summary(report_of(scene)))[0]
    assert "search" in texts(earth)
    assert any(each.get("class") == "searched" and each.tag == f"{_SVG}path" for each in earth.iter())
    titles = [each.text for each in earth.iter(f"{_SVG}title")]
    assert "tiles/a&b: 1 waiting" in titles


def test_many_places_are_dots_and_the_picture_stays_small() -> None:
    tiles = {f"T{n}": square(10 + n % 50 / 4, 50 + n // 50 / 4, 0.2) for n in range(1600)}
    shown = summary(report_of(all_done(tiles)))
    earth = pictures(shown)[0]
    dots = places(earth, "done")
    assert {each.tag for each in dots} == {f"{_SVG}circle"}
    assert 400 < len(dots) <= 1600
    assert len(shown) < 250_000


def test_the_land_is_only_drawn_where_it_is_seen() -> None:
    baltic, ocean = (pictures(summary(report_of(scene_of({"a": square(*at)}))))[0] for at in ((18, 57), (-30, 30)))
    [land] = [each for each in baltic.iter() if each.get("class") == "land"]
    assert 500 < len(land.get("d", "")) < 40_000
    assert [each.get("d") for each in ocean.iter() if each.get("class") == "land"] == [""]
