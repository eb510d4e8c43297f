"""Which failed jobs are retried automatically, which on request, and how often."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.job_failures import FailureKind, JobFault
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.render.progress import line
from eocanvas_apply.report.progress import ApplyResult, Happening
from tests.applying.simulated_runs import fault
from tests.simulation.test_first_run import MANIFEST
from tests.simulation.world import World


def failing(folder: Path, kind: FailureKind, times: int, behaviour: Behaviour | None = None) -> World:
    world = World(folder, behaviour=behaviour or Behaviour())
    world.frontend.service.job_faults.append(JobFault(kind, "*", times))
    return world


def outcome(result: ApplyResult) -> str:
    return next(r.outcome for r in result.results if r.address == "job.subset")


def launched(world: World) -> int:
    return len(world.frontend.service.jobs.every())


@pytest.mark.parametrize(
    ("kind", "times", "jobs", "ends"),
    [
        ("staging-in", 1, 2, "done"),
        ("staging-out", 1, 2, "done"),
        ("key", 1, 2, "done"),
        ("staging-in", 2, 2, "failed"),
        ("input-config", 1, 1, "failed"),
        ("graph", 1, 1, "failed"),
        ("killed", 1, 1, "failed"),
        ("unknown", 1, 1, "failed"),
    ],
)
def test_a_temporary_failure_runs_once_more(
    tmp_path: Path, kind: FailureKind, times: int, jobs: int, ends: str
) -> None:
    world = failing(tmp_path, kind, times)
    assert outcome(world.apply(MANIFEST)) == ends
    assert launched(world) == jobs


@pytest.mark.parametrize(("retries", "jobs"), [("0", 1), ("2", 3), ("{graph: 1}", 2), ("{killed: 3}", 1)])
def test_retries_in_the_manifest_limit_the_number_of_launches(tmp_path: Path, retries: str, jobs: int) -> None:
    world = failing(tmp_path, "graph", 9)
    world.apply(MANIFEST + f"    retries: {retries}\n")
    assert launched(world) == jobs


def test_failed_jobs_run_once_more_on_request(tmp_path: Path) -> None:
    world = failing(tmp_path, "graph", 2)
    world.apply(MANIFEST)
    assert outcome(world.apply(MANIFEST)) == "failed"
    assert outcome(world.apply(MANIFEST, requests=Requests(retry_failed=True))) == "failed"
    assert launched(world) == 2
    assert outcome(world.apply(MANIFEST, requests=Requests(retry_failed=True))) == "done"
    assert launched(world) == 3


def test_a_finished_job_runs_again_when_asked_to(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(MANIFEST)
    again = Requests(relaunch=frozenset({"job.subset"}))
    assert outcome(world.apply(MANIFEST, requests=again)) == "done"
    assert launched(world) == 2
    assert not world.plan(MANIFEST).changes_pending


def test_a_late_log_is_waited_for_before_it_is_decided(tmp_path: Path) -> None:
    world = failing(tmp_path, "staging-in", 1, Behaviour(logs="late", log_delay=120))
    assert outcome(world.apply(MANIFEST)) == "done"
    assert launched(world) == 2


def test_an_empty_log_decides_nothing_and_nothing_runs_again(tmp_path: Path) -> None:
    world = failing(tmp_path, "staging-in", 1, Behaviour(logs="empty"))
    assert outcome(world.apply(MANIFEST)) == "failed"
    assert launched(world) == 1


def test_an_unreadable_log_is_given_up_after_an_hour_and_delays_no_other_job(tmp_path: Path) -> None:
    world = failing(tmp_path, "staging-in", 1)
    fault(world, "status", "*/logs", "GET", status=504, times=None)
    begun = world.clock()
    assert outcome(world.apply(MANIFEST, timedelta(days=2))) == "failed"
    assert launched(world) == 1
    assert timedelta(hours=1) < world.clock() - begun < timedelta(hours=1, minutes=15)


def test_the_class_and_the_line_of_the_log_are_reported(tmp_path: Path) -> None:
    world = failing(tmp_path, "input-config", 1)
    result = world.apply(MANIFEST)
    error = next(r.error for r in result.results if r.address == "job.subset")
    assert error is not None
    assert "(input-config): Zero or more than one item found for" in error.message
    failed = [p for p in world.progress if p.happening is Happening.STATUS][-1]
    assert (failed.detail, failed.failure) == ("failed", "input-config")
    assert line(failed).partition("failed (input-config) ")[2].startswith("Zero or more than one item")
