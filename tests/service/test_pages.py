from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from eocanvas_apply.errors import Doubt
from eocanvas_apply.service import pages
from eocanvas_apply.service.eocanvas import EOCanvas

from .scripted_service import BASE, START, Stage, Step, http_date, says

FIRST = "GET /jobs?limit=100&offset=0"


def run(stage: Stage, act: Callable[[EOCanvas], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with stage.canvas() as canvas:
            return await act(canvas)

    return asyncio.run(main())


def job(number: int, **more: object) -> dict[str, object]:
    """Return a job that was created that many minutes before the start."""
    created = (START - timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"jobID": f"j{number}", "created": created, **more}


def page(jobs: list[Any], following: int | None = None, **headers: Any) -> Step:
    links = [] if following is None else [{"rel": "next", "href": f"{BASE}/jobs?limit=100&offset={following}"}]
    return says(200, {"jobs": jobs, "links": links}, **headers)


def ids(listed: Any) -> list[str]:
    return [j.job_id for j in listed.jobs]


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_all_pages_are_followed_to_an_empty_one_that_links_on(stage: Stage) -> None:
    stage.on(FIRST, page([job(1), job(2)], 2))
    stage.on("GET /jobs?limit=100&offset=2", page([job(3)], 4))
    stage.on("GET /jobs?limit=100&offset=4", page([], 6))
    listed = run(stage, EOCanvas.jobs)
    assert ids(listed) == ["j1", "j2", "j3"]
    assert listed.complete


def test_jobs_that_move_to_a_later_page_come_once(stage: Stage) -> None:
    stage.on(FIRST, page([job(1), job(2)], 2))
    stage.on("GET /jobs?limit=100&offset=2", page([job(2, status="failed"), job(3)]))
    listed = run(stage, lambda c: c.jobs(START - timedelta(minutes=10)))
    assert ids(listed) == ["j1", "j2", "j3"]
    assert listed.complete


def test_it_stops_at_the_time_asked_for_when_the_order_allows(stage: Stage) -> None:
    stage.on(FIRST, page([job(1), job(9)], 2))
    listed = run(stage, lambda c: c.jobs(START - timedelta(minutes=5)))
    assert ids(listed) == ["j1", "j9"]
    assert listed.complete
    assert len(stage.sent("GET", "/jobs")) == 1


@pytest.mark.parametrize("mixed", [[job(9), job(1)], [{"jobID": "x"}, job(9)], [job(9), {"jobID": "x"}]])
def test_without_that_order_every_page_is_read(stage: Stage, mixed: list[Any]) -> None:
    stage.on(FIRST, page(mixed, 2))
    stage.on("GET /jobs?limit=100&offset=2", page([job(0)]))
    listed = run(stage, lambda c: c.jobs(START - timedelta(minutes=5)))
    assert "j0" in ids(listed)
    assert listed.complete


def test_a_page_as_old_as_the_limit_is_not_the_end(stage: Stage) -> None:
    stage.on(FIRST, page([job(5)], 2))
    stage.on("GET /jobs?limit=100&offset=2", page([job(5, jobID="twin")]))
    assert ids(run(stage, lambda c: c.jobs(START - timedelta(minutes=5)))) == ["j5", "twin"]


def test_an_entry_without_a_job_id_is_passed_over(stage: Stage) -> None:
    stage.on(FIRST, page([job(1), {"processID": "snap-function"}, job(3)]))
    listed = run(stage, EOCanvas.jobs)
    assert ids(listed) == ["j1", "j3"]
    assert listed.complete
    assert [each.created for each in listed.unreadable] == [START - timedelta(minutes=1)]


def test_links_in_a_cycle_end_and_the_list_is_incomplete(stage: Stage) -> None:
    stage.on(FIRST, page([job(1)], 0))
    listed = run(stage, EOCanvas.jobs)
    assert ids(listed) == ["j1"]
    assert not listed.complete


def test_a_page_repeated_under_new_links_ends_the_list(stage: Stage) -> None:
    for offset in range(10):
        stage.on(f"GET /jobs?limit=100&offset={offset}", page([job(1)], offset + 1))
    listed = run(stage, EOCanvas.jobs)
    assert not listed.complete
    assert len(stage.sent("GET", "/jobs")) == 3


def test_the_start_of_a_pass_is_in_service_time_before_the_first_answer(stage: Stage) -> None:
    slow = page([job(1)], date=http_date(START + timedelta(hours=1)))

    def after_seven_seconds(request: Any) -> Any:
        stage.clock.elapsed += 7
        assert not isinstance(slow, Exception)
        return slow(request)

    stage.on(FIRST, after_seven_seconds)
    assert run(stage, EOCanvas.jobs).begun == START + timedelta(hours=1, seconds=-7)


def test_a_page_that_fails_later_fails_the_pass(stage: Stage) -> None:
    stage.on(FIRST, page([job(1)], 2))
    stage.on("GET /jobs?limit=100&offset=2", says(502))
    with pytest.raises(Doubt):
        run(stage, EOCanvas.jobs)


def test_a_service_that_refuses_large_pages_gets_default_ones(stage: Stage) -> None:
    stage.on(FIRST, says(400, {"detail": "limit is at most 50"}))
    stage.on("GET /jobs", page([job(1)]))
    assert ids(run(stage, EOCanvas.jobs)) == ["j1"]


@pytest.mark.parametrize(
    "href",
    [
        "https://other.test/serverless/jobs?offset=2",
        "https://canvas.test/serverless/keys?offset=2",
        "https://canvas.test@other.test/serverless/jobs",
        "//other.test/jobs",
        "file:///etc/passwd",
        "http://[bad",
        "..",
        {"no": "text"},
    ],
)
def test_a_list_whose_next_link_leads_elsewhere_is_paged_by_offset(stage: Stage, href: object) -> None:
    links = [{"rel": "next", "href": href}]
    stage.on(FIRST, says(200, {"jobs": [job(1), job(2)], "links": links}))
    stage.on("GET /jobs?limit=100&offset=2", page([job(3)]))
    listed = run(stage, EOCanvas.jobs)
    assert ids(listed) == ["j1", "j2", "j3"]
    assert listed.complete
    assert {r.url.path for r in stage.got if r.method == "GET"} == {"/serverless/jobs"}
    assert all(r.url.host == "canvas.test" for r in stage.got)


def test_results_whose_next_page_is_elsewhere_are_paged_by_offset(stage: Stage) -> None:
    following = {"title": "next-page", "href": "https://other.test/jobs/j/results?offset=1"}
    stage.on("GET /jobs/j/results", says(200, [result("a.nc"), following]))
    stage.on("GET /jobs/j/results?limit=100&offset=1", says(200, [result("b.nc")]))
    assert [r.name for r in run(stage, lambda c: c.results("j"))] == ["a.nc", "b.nc"]
    assert all(r.url.host == "canvas.test" for r in stage.got)


def test_a_list_that_always_has_new_jobs_ends_and_is_not_complete(stage: Stage) -> None:
    def more(request: Any) -> Any:
        number = int(request.url.params["offset"])
        stage.clock.elapsed += 10
        step = page([job(0, jobID=f"j{number}")], number + 1)
        assert not isinstance(step, Exception)
        return step(request)

    stage.on("GET /jobs", more)
    listed = run(stage, EOCanvas.jobs)
    assert not listed.complete
    assert len(listed.jobs) == 91


def test_a_next_link_of_a_service_behind_a_tls_proxy_stays_on_https(stage: Stage) -> None:
    links = [{"rel": "next", "href": "http://canvas.test/serverless/jobs?offset=2"}]
    stage.on(FIRST, says(200, {"jobs": [job(1)], "links": links}))
    stage.on("GET /jobs?offset=2", page([job(2)]))
    assert ids(run(stage, EOCanvas.jobs)) == ["j1", "j2"]
    assert {r.url.scheme for r in stage.got} == {"https"}


def result(name: str) -> dict[str, str]:
    return {"href": f"{BASE}/files/{name}", "title": f"wks3:///j/output/{name}", "rel": "x"}


def test_results_with_page_links_among_them(stage: Stage) -> None:
    following = {"title": "next-page", "href": "/jobs/j/results?offset=2"}
    before = {"title": "prev-page", "href": "/jobs/j/results?offset=0"}
    stage.on("GET /jobs/j/results", says(200, [result("a.nc"), result("b.nc"), following]))
    stage.on("GET /jobs/j/results?offset=2", says(200, [result("c.nc"), before]))
    results = run(stage, lambda c: c.results("j"))
    assert [r.name for r in results] == ["a.nc", "b.nc", "c.nc"]


def test_a_next_page_that_is_empty_ends_the_results(stage: Stage) -> None:
    stage.on("GET /jobs/j/results", says(200, [result("a.nc"), {"title": "next-page", "href": "/jobs/j/results?o=1"}]))
    stage.on("GET /jobs/j/results?o=1", says(200, [{"title": "next-page", "href": "/jobs/j/results?o=2"}]))
    assert len(run(stage, lambda c: c.results("j"))) == 1


def test_results_that_are_not_there_yet(stage: Stage) -> None:
    assert run(stage, lambda c: c.results("j")) is None
    stage.on("GET /jobs/j/results", says(200, []))
    assert run(stage, lambda c: c.results("j")) == ()


def test_result_pages_that_lead_back_have_all_been_read_and_count_with_a_warning(stage: Stage) -> None:
    stage.on("GET /jobs/j/results", says(200, [result("a.nc"), {"title": "next-page", "href": "/jobs/j/results?o=1"}]))
    stage.on(
        "GET /jobs/j/results?o=1", says(200, [result("b.nc"), {"title": "next-page", "href": "/jobs/j/results?o=1"}])
    )

    async def act(canvas: EOCanvas) -> Any:
        return await canvas.results("j"), canvas.irregularities.diagnostics()

    found, warnings = run(stage, act)
    assert [each.name for each in found] == ["a.nc", "b.nc"]
    assert [(each.code, each.severity) for each in warnings] == [("service-list-endless", "warning")]
    assert "as far as 2 entries" in warnings[0].hint


def test_result_pages_that_always_repeat_the_first_are_in_doubt(stage: Stage) -> None:
    def more(request: Any) -> Any:
        number = int(request.url.params.get("offset", 0))
        step = says(200, [result("a.nc"), {"title": "next-page", "href": f"/jobs/j/results?offset={number + 1}"}])
        assert not isinstance(step, Exception)
        return step(request)

    stage.on("GET /jobs/j/results", more)
    with pytest.raises(Doubt, match="have no end"):
        run(stage, lambda c: c.results("j"))


def test_a_list_that_takes_long_says_how_far_it_is_read(stage: Stage) -> None:
    def slow(request: Any) -> Any:
        number = int(request.url.params["offset"])
        stage.clock.elapsed += 9
        step = page([job(0, jobID=f"j{number}")], number + 1 if number < 9 else None)
        assert not isinstance(step, Exception)
        return step(request)

    heard: list[Any] = []

    async def act(canvas: EOCanvas) -> Any:
        canvas.outages.listener = heard.append
        return await canvas.jobs()

    stage.on("GET /jobs", slow)
    assert run(stage, act).complete
    # No more than half a minute without a word.
    assert [(each.request, each.pages, each.entries) for each in heard] == [
        ("GET /jobs", 3, 3),
        ("GET /jobs", 6, 6),
        ("GET /jobs", 9, 9),
    ]
    assert [(each.at - each.since).total_seconds() for each in heard] == [27, 54, 81]


def test_the_start_of_a_listing_has_a_time_zone(stage: Stage) -> None:
    stage.on(FIRST, page([job(1)]))
    listed = run(stage, EOCanvas.jobs)
    assert isinstance(listed.begun, datetime)
    assert listed.begun.tzinfo is not None


def test_pages_that_take_too_much_memory_together_are_as_good_as_endless(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "MOST_MEMORY", 100_000)
    for offset in range(30):
        # Each page is small enough, and has a new entry and much that is no entry.
        large = job(offset, ballast="x" * 10_000)
        stage.on(f"GET /jobs?limit=100&offset={offset}", page([large], offset + 1))
    listed = run(stage, EOCanvas.jobs)
    assert len(listed.jobs) == 9
    assert not listed.complete


@pytest.mark.parametrize("order", [1, -1])
def test_a_process_that_is_listed_twice_has_all_its_versions_in_any_order(stage: Stage, order: int) -> None:
    versions = ["10.0.0", "9.0.0", "10.0.0", ""][::order]
    listed = [{"id": "snap-function", "version": each} for each in versions]
    stage.on("GET /processes?limit=100&offset=0", says(200, {"processes": listed}))
    assert run(stage, EOCanvas.processes) == {"snap-function": "10.0.0 and 9.0.0"}


def test_a_list_of_processes_without_end_is_given_up_soon(stage: Stage) -> None:
    for offset in range(100):
        following = {"rel": "next", "href": f"{BASE}/processes?limit=100&offset={offset + 1}"}
        body = {"processes": [{"id": f"process-{offset}"}], "links": [following]}
        stage.on(f"GET /processes?limit=100&offset={offset}", says(200, body))
    assert run(stage, EOCanvas.processes) is None
    assert len(stage.sent("GET", "/processes")) == pages.MOST_PAGES_OF_PROCESSES
