"""The report in a real browser: map, filters, sorting, keyboard, colours, paper, and nothing asked from outside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from eocanvas_apply.render.page import report_html
from tests.browser.conftest import Opened
from tests.planning.scene import AT, MINUTE, Scene
from tests.report.page.scenes import all_done, report_of, scene_of, square

Show = Callable[..., Opened]
LOG = ("line one", "java.lang.OutOfMemoryError: Java heap space")
DAYS = """  days:
    for_each: {list: [{id: d1, bbox: [15, 54, 16, 55]}, {id: d2, bbox: [15, 54, 16, 55]}]}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.id}.zip"}}
quota: [{jobs: 3, per: 1h}, {jobs: 20, per: 1d}]
"""


def _scene() -> Scene:
    """Return six tiles, of which two are done, one failed, one runs and two wait, and two days at one place."""
    scene = scene_of({f"T{n}": square(18 + 2 * n, 57 + n % 2) for n in range(6)}, more=DAYS)
    scene.done('job.tiles["T0"]', 1)
    scene.done('job.tiles["T1"]', 2)
    scene.launched('job.tiles["T2"]', 3, created=AT - 2 * MINUTE)
    job_id = scene.launched('job.tiles["T3"]', 4, status="failed")
    scene.logs[job_id] = "\n".join(LOG)
    scene.events += scene.notes
    return scene


@pytest.fixture(scope="module", name="text")
def _text() -> str:
    return report_html.text(report_of(_scene(), logs={'job.tiles["T3"]': LOG}))


def _shown(opened: Opened) -> list[str]:
    return opened.page.locator("#table tbody:visible th").all_inner_texts()


def test_nothing_is_asked_from_outside(show: Show, text: str) -> None:
    opened = show(text)
    opened.page.locator(".leaflet-interactive").first.wait_for()
    assert [request for request in opened.requests if not request.startswith("file:")] == []
    assert len(opened.requests) == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 400])
def test_axe_finds_nothing(show: Show, text: str, scheme: str, width: int) -> None:
    opened = show(text, scheme=scheme, width=width)
    for button in opened.page.locator("#table button.name").all()[:4]:
        button.click()
    found = Axe().run(opened.page)
    assert found.violations_count == 0, found.generate_report()
    assert opened.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_click_on_a_place_leads_to_its_job(show: Show, text: str) -> None:
    page = show(text).page
    place = page.locator("#chart .place.failed")
    place.hover()
    expect(page.locator(".leaflet-tooltip")).to_have_text("tiles/T3: 1 failed")
    place.click()
    row = page.locator("tbody.chosen")
    expect(row.locator("button")).to_have_text("tiles/T3")
    expect(row.locator("pre")).to_contain_text("Java heap space")
    expect(row.locator("button")).to_be_focused()
    assert page.url.endswith("#job.tiles%5B%22T3%22%5D")


def test_a_place_of_several_jobs_lists_them(show: Show, text: str) -> None:
    page = show(text).page
    page.locator("#chart .place.waiting").first.click()
    popup = page.locator(".leaflet-popup-content")
    expect(popup).to_contain_text("2 waiting")
    popup.get_by_role("link", name="days/d2 (waiting)").click()
    expect(page.locator("tbody.chosen th")).to_have_text("days/d2")


def test_the_map_is_used_by_keyboard(show: Show, text: str) -> None:
    page = show(text).page
    place = page.get_by_role("button", name="days/d1, days/d2: 2 waiting")
    place.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="days/d1 (waiting)")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("tbody.chosen th")).to_have_text("days/d1")
    page.get_by_role("button", name="tiles/T3: 1 failed").focus()
    page.keyboard.press("Enter")
    expect(page.locator("tbody.chosen th")).to_have_text("tiles/T3")


def test_the_map_zooms_by_button_and_by_key(show: Show, text: str) -> None:
    page = show(text).page
    before = page.evaluate("window.reportMap.getZoom()")
    page.get_by_role("button", name="Zoom in").click()
    page.wait_for_function("before => window.reportMap.getZoom() > before", arg=before)
    page.wait_for_function("() => !document.querySelector('.leaflet-zoom-anim')")
    page.locator("#chart").focus()
    page.keyboard.press("-")
    page.wait_for_function("before => window.reportMap.getZoom() === before", arg=before)


def test_filters_hold_for_table_and_map(show: Show, text: str) -> None:
    opened = show(text)
    page = opened.page
    assert len(_shown(opened)) == 8
    page.get_by_role("searchbox").fill("heap space")
    expect(page.locator("#shown")).to_have_text("1 of 8 jobs.")
    assert _shown(opened) == ["tiles/T3"]
    expect(page.locator("#chart .place:visible")).to_have_count(1)
    expect(page.locator("#hidden-places")).to_have_text("The filters of the table hide 6 of 7 places.")
    page.get_by_role("searchbox").fill("no such job")
    expect(page.locator("#shown")).to_have_text("0 of 8 jobs: none fits the search and the filters.")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator("#shown")).to_have_text("8 jobs.")
    page.get_by_label("done (2)").uncheck()
    page.get_by_label("waiting (4)").uncheck()
    assert _shown(opened) == ["tiles/T3", "tiles/T2"]
    page.get_by_label("Failure").select_option("killed")
    assert _shown(opened) == ["tiles/T3"]
    page.reload()
    assert _shown(opened) == ["tiles/T3"]


def test_a_link_to_a_job_that_a_filter_hides_shows_it(show: Show, text: str) -> None:
    opened = show(text)
    opened.page.get_by_label("failed (1)").uncheck()
    expect(opened.page.locator("#shown")).to_have_text("7 of 8 jobs.")
    opened.page.get_by_role("link", name="tiles/T3").click()
    expect(opened.page.locator("tbody.chosen th")).to_have_text("tiles/T3")


def test_columns_sort_both_ways_by_keyboard(show: Show, text: str) -> None:
    opened = show(text)
    header = opened.page.get_by_role("button", name="Duration")
    header.focus()
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("th[aria-sort=ascending]").inner_text().startswith("Duration")
    opened.page.keyboard.press("Enter")
    assert opened.page.locator("th[aria-sort=descending]").inner_text().startswith("Duration")
    assert _shown(opened)[0] == "tiles/T2"
    assert _shown(show(text))[0] == "tiles/T3"


def test_without_a_script_everything_but_the_map_is_there(browser_text: Opened) -> None:
    page = browser_text.page
    assert page.locator("#table tbody:visible").count() == 8
    assert page.locator("svg.chart rect.bar").count() > 3
    expect(page.locator("pre")).to_be_visible()


@pytest.fixture(name="browser_text")
def _browser_text(browser: object, tmp_path: Path, text: str) -> Opened:
    from playwright.sync_api import Browser

    assert isinstance(browser, Browser)
    file = tmp_path / "plain.html"
    file.write_text(text, encoding="utf-8")
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(file.as_uri())
    return Opened(page)


def test_on_paper_all_jobs_are_there_without_buttons(show: Show) -> None:
    scene = all_done({f"tile-{n:03}": square(n % 20, n // 20 * 2) for n in range(260)})
    page = show(report_html.text(report_of(scene))).page
    assert page.locator("#table tbody:visible").count() == 200
    expect(page.get_by_role("button", name="Show all 260")).to_be_visible()
    page.emulate_media(media="print")
    assert page.locator("#table tbody:visible").count() == 260
    expect(page.locator("#filter")).to_be_hidden()
    assert page.pdf().startswith(b"%PDF")


def test_a_thousand_jobs_are_painted_at_once(show: Show) -> None:
    scene = all_done({f"tile-{n:04}": square(n % 100, n // 100 * 4, 0.9) for n in range(1000)})
    opened = show(report_html.text(report_of(scene)))
    expect(opened.page.locator("#shown")).to_have_text("1,000 jobs.")
    assert opened.page.locator("#chart .place.done").count() == 1000
    painted = opened.page.evaluate("performance.getEntriesByName('first-contentful-paint').length")
    assert painted == 1


GEOMETRIES = {
    "point": {"type": "Point", "coordinates": [20, 58]},
    "points": {"type": "MultiPoint", "coordinates": [[21, 58], [22, 58]]},
    "line": {"type": "LineString", "coordinates": [[20, 59], [22, 60]]},
    "hole": {
        "type": "Polygon",
        "coordinates": [*square(24, 58)["coordinates"], *square(24.2, 58.2, 0.5)["coordinates"]],
    },
    "many": {"type": "GeometryCollection", "geometries": [{"type": "Point", "coordinates": [25, 60]}, square(26, 60)]},
    "a b%20'c & d": square(28, 58),
}


def test_every_kind_of_geometry_is_drawn_and_leads_to_its_job(show: Show) -> None:
    page = show(report_html.text(report_of(scene_of(GEOMETRIES)))).page
    assert page.locator("#chart .place").count() == 8
    for number in range(8):
        page.locator("#chart .place").nth(number).dispatch_event("click")
        assert page.locator("tbody.chosen").count() == 1
    page.get_by_role("searchbox").fill("a b%20'c & d")
    assert page.locator("#table tbody:visible").count() == 1
    expect(page.locator("#chart .place:visible")).to_have_count(1)


def test_across_the_antimeridian_the_map_has_both_sides(show: Show) -> None:
    west, east = square(-180, -20)["coordinates"], square(179, -20)["coordinates"]
    page = report_of(scene_of({"fiji": {"type": "MultiPolygon", "coordinates": [west, east]}}))
    opened = show(report_html.text(page))
    assert opened.page.locator("#chart .place").count() == 1
    assert (opened.page.locator("#chart .place").get_attribute("d") or "").count("M") == 2
