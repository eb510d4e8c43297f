"""Results on disk: resumed, checked, named, indexed, left alone once they are the user's, moved when superseded."""

from __future__ import annotations

import asyncio
import csv
import errno
import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.model.job_files import Output
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.state.stored import StoredResult
from eocanvas_apply.render.why import history_line
from eocanvas_apply.report.why import explain
from eocanvas_apply.results.index import IndexRow, write_index
from tests.applying.stage import JOB_ONLY, NO_WAIT, acts, endings, ends, events, fault, launched, types
from tests.simulation.world import Killed, World

JOB = "job.subset"
DOWNLOAD = "*/download/*"


def files(world: World, folder: str = "results/subset") -> dict[str, bytes]:
    """The files of a folder by their names, the index and its marks left out."""
    here = world.folder / folder
    found = sorted(here.iterdir()) if here.exists() else []
    return {p.name: p.read_bytes() for p in found if p.is_file() and "index.csv" not in p.name}


def index(world: World, folder: str = "results/subset") -> list[dict[str, str]]:
    with (world.folder / folder / "index.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def downloads(world: World) -> list[str]:
    """The Range of every download that was asked for, empty for a whole file."""
    found = [r.request for r in world.frontend.received if "/download/" in r.request.path]
    return [request.headers.get("range", "") for request in found]


def run_with(world: World, *outputs: tuple[str, bytes]) -> None:
    """Launch the job and decide what it will leave."""
    world.apply(JOB_ONLY, NO_WAIT)
    job = world.frontend.service.jobs.every()[-1]
    job.outputs = tuple(Output(name, len(content), content) for name, content in outputs)


def test_a_result_is_stored_whole_and_listed(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}
    digest = hashlib.sha256(b"content").hexdigest()
    (job,) = launched(world)
    assert index(world) == [{"instance": "", "job_id": job, "file": "a.nc", "size": "7", "sha256": digest}]
    (stored,) = [event for event in events(world) if isinstance(event, e.ResultStored)]
    assert (stored.file, stored.size, stored.sha256) == ("results/subset/a.nc", 7, digest)


@pytest.mark.parametrize(
    ("output", "folder"),
    [
        ("", "results/subset"),
        ("output: {download: out}", "out"),
        ("output: {download: ./out/../there}", "there"),
        ("output: {download: ../beside}", "../beside"),
        ("output: {download: '$folder/far'}", "../far"),
    ],
)
def test_each_folder_holds_its_results_and_their_index(output: str, folder: str, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    world = World(tmp_path / "project")
    manifest = JOB_ONLY + f"    {output.replace('$folder', str(tmp_path))}\n"
    assert not world.apply(manifest).endings
    ((name, _),) = files(world, folder).items()
    assert [row["file"] for row in index(world, folder)] == [name]
    assert not world.plan(manifest).changes_pending


@pytest.mark.parametrize("kind", ["truncate", "drop-after", "status"])
def test_an_interrupted_download_is_resumed(kind: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(1000)), ("b.nc", b"second"))
    fault(world, kind, DOWNLOAD, "GET", status=503)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": bytes(1000), "b.nc": b"second"}
    # The other file does not wait for the one that failed.
    assert downloads(world) == ["", "", "bytes=500-" if kind == "truncate" else ""]


def test_a_part_left_by_an_earlier_run_is_continued(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", bytes(range(100))))
    fault(world, "truncate", DOWNLOAD, "GET", at=30)
    world.clock.advance(400)
    result = world.apply(JOB_ONLY, NO_WAIT)
    assert endings(result) == {"failed"}
    assert [len(content) for content in files(world).values()] == [30]
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": bytes(range(100))}
    assert downloads(world) == ["", "bytes=30-"]


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


def test_two_results_of_one_name_are_both_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("x*a.nc", b"1"), ("x_a.nc", b"2"), ("X_A.nc", b"3"), ("index.csv", b"4"))
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"x_a.nc": b"1", "x_a-2.nc": b"2", "X_A-3.nc": b"3", "index-2.csv": b"4"}
    assert len(index(world)) == 4


def test_two_results_of_one_title_are_both_kept_in_any_order(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"1"), ("b.nc", b"2"))
    job = world.frontend.service.jobs.every()[-1]
    listing = [{"href": f"/download/{job.id}/output/{name}", "title": "wks3:///same.nc"} for name in ("b.nc", "a.nc")]
    for listed in (listing, listing[::-1], listing):
        fault(world, "status", "*/results", "GET", status=200, body=listed)
    fault(world, "drop-before", DOWNLOAD, "GET")
    assert not world.apply(JOB_ONLY).endings
    assert sorted(files(world).items()) == [("same-2.nc", b"2"), ("same.nc", b"1")]
    stored = [event for event in events(world) if isinstance(event, e.ResultStored)]
    assert sorted((event.title, event.ordinal or 1) for event in stored) == [(listing[0]["title"], n) for n in (1, 2)]
    assert len(index(world)) == 2


@pytest.mark.parametrize("same", [False, True])
def test_a_file_of_the_user_is_not_changed(same: bool, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    own = tmp_path / "results" / "subset" / "a.nc"
    own.parent.mkdir(parents=True)
    own.write_bytes(b"content" if same else b"my own")
    assert not world.apply(JOB_ONLY).endings
    expected = {"a.nc": b"content"} if same else {"a.nc": b"my own", "a-2.nc": b"content"}
    assert files(world) == expected


@pytest.mark.parametrize("step", ["before append", "after append"])
def test_a_run_killed_while_recording_a_result_leaves_no_second_copy(step: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)

    async def kill(name: str) -> None:
        if name == step and files(world).keys() == {"a.nc"}:
            raise Killed(name)

    with pytest.raises((Killed, BaseExceptionGroup)):
        world.apply(JOB_ONLY, step=kill)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}
    assert len(index(world)) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: path.unlink(), "result-missing"),
        (lambda path: path.write_bytes(b"longer than it was"), "result-edited"),
        (lambda path: path.write_bytes(b"CONTENT"), "result-edited"),
    ],
)
def test_an_edited_or_removed_file_is_reported_and_not_fetched_again(
    change: Callable[[Path], object], code: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.apply(JOB_ONLY)
    path = tmp_path / "results" / "subset" / "a.nc"
    change(path)
    os.utime(path, ns=(1, 1)) if path.exists() else None
    left = files(world)
    plan = world.plan(JOB_ONLY)
    assert [(d.code, d.address) for d in plan.diagnostics] == [(code, JOB)]
    assert acts(plan) == {JOB: ("none", "done")}
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == left
    assert downloads(world) == [""]


def test_a_file_with_only_a_new_time_stamp_is_unchanged(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.apply(JOB_ONLY)
    os.utime(tmp_path / "results" / "subset" / "a.nc", ns=(1, 1))
    assert not world.plan(JOB_ONLY).diagnostics


def test_results_of_an_earlier_definition_move_aside(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"first"))
    world.apply(JOB_ONLY)
    (first,) = launched(world)
    changed = JOB_ONLY.replace("/a.zip", "/b.zip")
    world.apply(changed, NO_WAIT)
    world.frontend.service.jobs.every()[-1].outputs = (Output("a.nc", 6, b"second"),)
    assert files(world) == {"a.nc": b"first"}
    assert not world.apply(changed).endings
    assert files(world) == {"a.nc": b"second"}
    assert files(world, f".eocanvas/superseded/{first}") == {"a.nc": b"first"}
    assert [row["job_id"] for row in index(world)] == launched(world)[1:]
    assert not world.plan(changed).diagnostics


def test_the_results_of_every_earlier_definition_are_kept(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"first"))
    world.apply(JOB_ONLY)
    for path, content in (("/b.zip", b"second"), ("/c.zip", b"third")):
        changed = JOB_ONLY.replace("/a.zip", path)
        world.apply(changed, NO_WAIT)
        world.frontend.service.jobs.every()[-1].outputs = (Output("a.nc", len(content), content),)
        assert not world.apply(changed).endings
    first, second, _ = launched(world)
    assert files(world) == {"a.nc": b"third"}
    assert files(world, f".eocanvas/superseded/{first}") == {"a.nc": b"first"}
    assert files(world, f".eocanvas/superseded/{second}") == {"a.nc": b"second"}


DISKS: dict[str, tuple[object, str, Callable[..., Any]]] = {
    "read-only folder": (Path, "mkdir", lambda *_, **__: _refuse(errno.EROFS)),
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
    assert "1 of 2 results here, the others not at the service since" in asyncio.run(history(world))
    assert endings(world.apply(JOB_ONLY)) == set()
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


def test_a_result_at_a_key_is_recorded_and_not_fetched(tmp_path: Path) -> None:
    world = World(tmp_path)
    drive = """keys:
  drive: {type: wekeo-drive, username: jane, password: {env: SECRET}}
"""
    manifest = JOB_ONLY.replace("jobs:", drive + "jobs:") + "    output: {key: drive}\n"
    assert not world.apply(manifest).endings
    assert downloads(world) == []
    assert "results-listed" in types(world)
    assert not (tmp_path / "results").exists()
    assert acts(world.plan(manifest))[JOB] == ("none", "done")


def test_a_ledger_that_cannot_be_written_ends_the_run_and_the_next_one_completes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)
    real = os.pwrite

    def full(descriptor: int, content: bytes, offset: int) -> int:
        if b"result-stored" in content:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(descriptor, content, offset)

    with monkeypatch.context() as broken:
        broken.setattr(os, "pwrite", full)
        with pytest.raises(LedgerError, match="No space left"):
            world.apply(JOB_ONLY)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}


def test_runs_that_write_the_index_at_once_leave_a_complete_one(tmp_path: Path) -> None:
    stored = [
        IndexRow(StoredResult(address=JOB, job_id=f"j-{n}", file=f"r/{n}.nc", size=n, sha256="00"), f"{n}.nc")
        for n in range(50)
    ]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write_index, tmp_path, stored) for _ in range(64)]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["index.csv"]
    assert len((tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()) == 51
