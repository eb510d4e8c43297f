"""The page of a report as text: whole without a browser, safe with any text in it, and small."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.render.page import report_html
from eocanvas_apply.render.page.job_entries import MOST_WITH_DETAILS, entries
from tests.planning.scene import HEAD, SCENES, Scene
from tests.report.page.scenes import all_done, report_of, scene_of, square

HOSTILE = "</script><script>alert(1)</script>"


class _Page(HTMLParser):
    """Collects what a page could load, and the number of its scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.scripts = 0
        self.ids: list[str] = []
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.scripts += tag == "script"
        self.ids += [found["id"] or ""] if "id" in found else []
        self.loads += [value or "" for name, value in attrs if name in {"src", "srcset", "poster", "data"}]
        self.links += [found["href"] or ""] if tag == "a" else []
        if tag == "link":
            self.loads.append(found.get("href") or "")


def test_the_page_loads_nothing_and_every_link_has_a_target() -> None:
    text = report_html.text(report_of(scene_of({"a": square(20, 58), "b": square(22, 58)})))
    page = _Page(text)
    assert page.loads == []
    assert not re.search(r"url\((?!#)|@import", re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL))
    assert [link for link in page.links if link.removeprefix("#") not in page.ids] == []
    assert len(page.ids) == len(set(page.ids))
    assert text.startswith(report_html.BEGINNING)


def test_no_text_of_a_row_or_a_log_becomes_code() -> None:
    scene = scene_of({"<img src=x onerror=alert(1)>": square(20, 58), "b & 'c'": square(22, 58)})
    scripts = _Page(report_html.text(report_of(scene))).scripts
    address = next(job.address for job in report_of(scene).status.jobs)
    scene.launched(address, 1, status="failed")
    text = report_html.text(report_of(scene, logs={address: (HOSTILE, "{{ 7 * 7 }}")}))
    assert HOSTILE not in text
    assert "<img src=x" not in text
    assert "{{ 7 * 7 }}" in text
    assert _Page(text).scripts == scripts


def test_what_signs_an_address_in_a_row_is_left_out() -> None:
    rows = '{list: [{id: a, link: "https://jane:pw@data.example.org/a.nc?X-Amz-Signature=feed"}]}'
    job = (
        f"jobs:\n  one:\n    for_each: {rows}\n    graph: graph.xml\n    inputs: {{img1: {{url: '${{each.link}}'}}}}\n"
    )
    text = report_html.text(report_of(Scene(HEAD + SCENES + job)))
    assert "data.example.org/a.nc" in text
    assert "feed" not in text
    assert "jane:pw" not in text


def test_a_failed_job_has_its_class_its_line_what_helps_and_its_log() -> None:
    scene = scene_of({"a": square(20, 58)})
    job_id = scene.launched('job.tiles["a"]', 1, status="failed")
    scene.logs[job_id] = "java.lang.OutOfMemoryError: Java heap space"
    scene.events += scene.notes
    (entry,) = entries(report_of(scene, logs={'job.tiles["a"]': ("one", "two")}))
    assert entry.failure == "killed"
    assert entry.words.startswith("killed: java.lang.OutOfMemoryError")
    assert ("What helps", HINTS["killed"]) in entry.details
    assert entry.log == ("one", "two")
    text = report_html.text(report_of(scene))
    assert "1 killed" in re.sub(r"<.*?>", "", text)


def test_a_thousand_jobs_are_below_three_megabytes() -> None:
    page = report_of(all_done({f"tile-{n:04}": square(n % 100, n // 100 * 4, 0.9) for n in range(1000)}))
    text = report_html.text(page)
    assert page.total.counts[Phase.DONE] == 1000
    assert len(text.encode()) < 3_000_000


def test_of_very_many_jobs_what_is_done_has_no_details() -> None:
    scene = scene_of({f"tile-{n:04}": square(n % 100, n // 100, 0.9) for n in range(MOST_WITH_DETAILS + 1)})
    scene.done('job.tiles["tile-0000"]', 1)
    found = {entry.address: entry for entry in entries(report_of(scene))}
    assert found['job.tiles["tile-0000"]'].details == ()
    assert found['job.tiles["tile-0001"]'].details


def test_a_project_without_jobs_has_a_page_all_the_same() -> None:
    text = report_html.text(report_of(Scene(HEAD + SCENES)))
    assert "No jobs" in text
    assert "<table" in text
    assert 'id="map"' not in text


def test_a_job_that_cannot_start_says_why() -> None:
    more = "  maps:\n    for_each: {job: tiles}\n    graph: graph.xml\n    inputs: {img1: {result: tiles}}\n"
    scene = scene_of({"a": square(20, 58)}, more=more)
    scene.logs[scene.launched('job.tiles["a"]', 1, status="failed")] = "Error: [NodeId: Read] broken"
    scene.events += scene.notes
    found = {entry.address: entry for entry in entries(report_of(scene))}
    assert found['job.maps["a"]'].words == 'cannot start: needs job.tiles["a"], which failed'


def test_every_state_is_explained() -> None:
    text = report_html.text(report_of(scene_of({"a": square(20, 58)})))
    assert "<dt>waiting</dt><dd>not launched yet" in text
    assert report_html.MEANINGS.keys() == set(Phase)


def test_letters_that_turn_a_text_around_are_not_shown() -> None:
    scene = scene_of({"a\u202etxt": square(20, 58)})
    text = report_html.text(report_of(scene, logs={next(iter(scene.desired.jobs)): ("x\u202ey",)}), version="1")
    seen = re.sub(r"<script.*?</script>| (?:id|href|data-\w+|aria-label)=\"[^\"]*\"", "", text, flags=re.DOTALL)
    assert "\u202e" not in seen
