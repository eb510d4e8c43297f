"""Fetching that fails: disks, folders, the ledger, and results that the service does not give."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.applying.results import receiving
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends import local
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.render.why import history_line
from eocanvas_apply.report.why import explain
from tests.applying.fetched import DOWNLOAD, JOB, files, run_with
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT, acts, endings, ends, events, fault, launched, types
from tests.simulation.world import World

DISKS: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "read-only folder": (receiving, "make_folder", lambda *_: _refuse(errno.EROFS)),
    "full while syncing": (os, "fsync", lambda descriptor: _refuse(errno.ENOSPC)),
    "full when renaming": (Path, "replace", lambda *_: _refuse(errno.EDQUOT)),
}


def _refuse(code: int) -> None:
    raise OSError(code, os.strerror(code), "results/subset")


@pytest.mark.parametrize("name", DISKS)
def test_an_unwritable_disk_is_one_clear_failure_and_nothing_is_lost(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    where, function, refusal = DISKS[name]
    world.clock.advance(400)
    with monkeypatch.context() as broken:

        async def break_disk(step: str) -> None:
            if step.startswith("before GET") and "/download/" in step:
                broken.setattr(where, function, refusal)

        if name == "read-only folder":
            broken.setattr(where, function, refusal)
        result = world.apply(JOB_ONLY, step=break_disk)
    assert ends(result) == {JOB: "failed"}
    error = result.results[0].error
    assert error
    assert error.code == "result-unwritable"
    assert endings(result) == {"failed"}
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}


def test_an_impossible_folder_name_is_a_failure_of_its_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.apply(JOB_ONLY + '    output: {download: "a\\0b"}\n')
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "result-unwritable"


def test_a_folder_that_is_a_file_is_one_clear_failure(tmp_path: Path) -> None:
    world = World(tmp_path)
    (tmp_path / "results").write_text("mine", encoding="utf-8")
    result = world.apply(JOB_ONLY)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "result-unwritable"
    (tmp_path / "results").unlink()
    assert not world.apply(JOB_ONLY).endings
    assert len(launched(world)) == 1


async def history(world: World) -> str:
    """What `why` says of the job."""
    runner = world.runner(JOB_ONLY)
    plan, observed = await runner.plan(Requests())
    found = explain(JOB, plan, runner.desired, runner.journal.recorded, observed)
    assert found
    return "\n".join(map(history_line, found.history))


@pytest.mark.parametrize("kind", ["listed-no-more", "no-list", "no-list-410", "no-file", "no-file-410"])
def test_results_that_are_lost_are_reported_and_run_again_on_request(kind: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"1"), ("b.nc", b"2"))
    fault(world, "drop-before", "*/b.nc", "GET")
    world.clock.advance(400)
    world.apply(JOB_ONLY, NO_WAIT)
    if kind == "listed-no-more":
        job = world.frontend.service.jobs.every()[-1]
        job.outputs = job.outputs[:1]
    else:
        path = "*/results" if "list" in kind else "*/b.nc"
        fault(world, "status", path, "GET", status=410 if "410" in kind else 404, times=None)
    # The service's time has whole seconds: advance so that the next look has a later one.
    world.clock.advance(2)
    begun = world.clock()
    result = world.apply(JOB_ONLY)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "results-gone"
    assert 900 < (world.clock() - begun).total_seconds() < 3600
    assert files(world) == {"a.nc": b"1"}
    assert sum(1 for event in events(world) if isinstance(event, e.ResultsListed) and event.gone) == 2
    plan = world.plan(JOB_ONLY)
    assert acts(plan) == {JOB: ("none", "results-gone")}
    assert [d.code for d in plan.diagnostics] == ["results-gone"]
    assert "1 of 2 results downloaded, the others not at the service since" in asyncio.run(history(world))
    assert endings(world.apply(JOB_ONLY)) == {"failed"}
    world.frontend.faults.clear()
    assert not world.apply(JOB_ONLY, requests=Requests(relaunch=frozenset({JOB}))).endings
    assert len(launched(world)) == 2
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("none", "done")}


@pytest.mark.parametrize(("status", "path"), [(503, "*/results"), (500, "*/b.nc"), (403, "*/b.nc"), (404, "*/b.nc")])
def test_results_that_fail_temporarily_are_fetched_later(status: int, path: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"1"), ("b.nc", b"2"))
    world.clock.advance(400)
    fault(world, "drop-before", "*/b.nc", "GET")
    world.apply(JOB_ONLY, NO_WAIT)
    for _ in range(3):
        fault(world, "status", path, "GET", status=status, times=4)
        assert endings(world.apply(JOB_ONLY, NO_WAIT)) == {"failed"}
        world.frontend.faults.clear()
        # A result that is available in between starts the wait again.
        fault(world, "truncate", "*/b.nc", "GET", at=0)
        world.apply(JOB_ONLY, NO_WAIT)
        world.frontend.faults.clear()
        world.clock.advance(600)
        assert acts(world.plan(JOB_ONLY)) == {JOB: ("fetch", "results-pending")}
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"1", "b.nc": b"2"}


def test_a_job_without_results_is_reported_after_the_settle_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", "*/results", "GET", status=404, times=None)
    begun = world.clock()
    result = world.apply(JOB_ONLY)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "no-result"
    assert 300 + 900 <= (world.clock() - begun).total_seconds() < 1400
    assert acts(world.plan(JOB_ONLY)) == {JOB: ("none", "no-result")}


def test_a_ledger_that_cannot_be_written_ends_the_run_and_the_next_one_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)
    real = local._write_all

    def full(file: FileIO, content: bytes) -> None:
        if b"result-stored" in content:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(file, content)

    with monkeypatch.context() as broken:
        broken.setattr(local, "_write_all", full)
        result = world.apply(JOB_ONLY)
        assert (ends(result), endings(result)) == ({JOB: "waiting"}, {"error", "unfinished"})
        assert "No space left" in result.diagnostics[-1].message
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}


def test_an_answer_of_the_wrong_size_is_rejected(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(100)))
    headers = {"content-length": "100"}
    fault(world, "status", DOWNLOAD, "GET", status=200, body="short", headers=headers, times=None)
    world.clock.advance(400)
    result = world.apply(JOB_ONLY, NO_WAIT)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert "5 of 100 bytes" in result.results[0].error.message
    assert "result-stored" not in types(world)
