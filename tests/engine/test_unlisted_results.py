"""A job that succeeded and lists no results: it is said, nothing else waits for it, and it ends as no-result."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.render import plan as plan_render
from eocanvas_apply.render import progress as progress_render
from eocanvas_apply.render import status as status_render
from eocanvas_apply.render import why as why_render
from eocanvas_apply.render.results import result as result_render
from eocanvas_apply.report.status import status
from eocanvas_apply.report.why import explain
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT, acts, endings, ends, fault, launched
from tests.simulation.world import World

JOB = "job.subset"
MINUTE = timedelta(minutes=1)
LATER = '  later: {graph: graph.xml, inputs: {img1: {url: "https://data.example.org/b.zip"}}}\n'
ONE_AT_A_TIME = JOB_ONLY.replace("project: demo", "project: demo\nmax_running: 1") + LATER
PENDING = ("fetch", "results-pending")


def without_results(tmp_path: Path, *, times: int | None = None) -> World:
    """A service that lists no results of the first job, so often."""
    world = World(tmp_path)
    world.apply(JOB_ONLY, NO_WAIT)
    (job,) = launched(world)
    fault(world, "status", f"*/{job}/results", "GET", status=404, times=times)
    return world


def test_plan_status_why_and_apply_say_until_when_results_are_looked_for(tmp_path: Path) -> None:
    world = without_results(tmp_path)
    result = world.apply(JOB_ONLY, 7 * MINUTE)
    until = "2026-01-05 08:20:01 UTC"
    words = f"succeeded, but lists no results yet; looked for until {until}"
    assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"unfinished"})
    assert f"{JOB}: {words}\n" in result_render.text(result)
    assert result_render.body(result)["results"][0]["results_until"] == "2026-01-05T08:20:01Z"
    engine = world.runner(JOB_ONLY)
    plan, observed = world.run(engine.plan(Requests()))
    recorded = engine.journal.recorded
    assert f"{JOB}: fetch ({words})\n" in plan_render.text(plan)
    assert plan_render.body(plan)["actions"][0]["results_until"] == "2026-01-05T08:20:01Z"  # type: ignore[typeddict-item]
    found = status(plan, recorded, observed)
    assert f"  {JOB}  {words}\n" in status_render.text(found)
    assert status_render.body(found)["jobs"][0]["results_until"] == "2026-01-05T08:20:01Z"
    why = explain(JOB, plan, engine.desired, recorded, observed)
    assert why
    assert words in why_render.text(why)
    told = [progress_render.line(each) for each in world.progress if each.happening == "unlisted"]
    assert [line.partition(" ")[2] for line in told] == [f"{JOB} lists no results yet; looked for until 08:20:01 UTC"]


def test_a_run_looks_once_more_and_does_not_spend_its_time_on_it(tmp_path: Path) -> None:
    world = without_results(tmp_path)
    world.clock.advance(400)
    begun = world.clock()
    result = world.apply(JOB_ONLY, 10 * MINUTE)
    assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"unfinished"})
    assert world.clock() - begun < MINUTE


def test_a_list_that_is_late_by_one_poll_is_read_by_the_same_run(tmp_path: Path) -> None:
    world = without_results(tmp_path, times=1)
    world.clock.advance(400)
    assert not world.apply(JOB_ONLY, 5 * MINUTE).endings


@pytest.mark.parametrize("wait", [None, timedelta(minutes=16)])
def test_a_run_that_lasts_long_enough_ends_with_no_result(wait: timedelta | None, tmp_path: Path) -> None:
    world = without_results(tmp_path)
    world.clock.advance(400)
    result = world.apply(JOB_ONLY, wait)
    assert (ends(result), endings(result)) == ({JOB: "failed"}, {"failed"})
    assert acts(world.plan(JOB_ONLY))[JOB] == ("none", "no-result")


def test_launches_and_other_jobs_go_on_meanwhile(tmp_path: Path) -> None:
    world = without_results(tmp_path)
    result = world.apply(ONE_AT_A_TIME, 14 * MINUTE)
    assert ends(result) == {JOB: "waiting", "job.later": "done"}
    assert acts(world.plan(ONE_AT_A_TIME))[JOB] == PENDING
    assert ends(world.apply(ONE_AT_A_TIME, None)) == {JOB: "failed", "job.later": "done"}


def test_a_run_that_does_not_wait_ends_at_once(tmp_path: Path) -> None:
    world = without_results(tmp_path)
    world.clock.advance(400)
    begun = world.clock()
    assert endings(world.apply(JOB_ONLY, NO_WAIT)) == {"unfinished"}
    assert world.clock() - begun < timedelta(seconds=5)
