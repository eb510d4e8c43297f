"""`index.csv`: which files it lists, when it is written, and how it is repaired."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eocanvas_apply.documents.yaml.nodes import resolve_plain
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.planning.state.stored import StoredResult
from eocanvas_apply.results.index import Indexes, IndexRow, write_index
from tests.applying.fetched import JOB, files, index, run_with
from tests.applying.simulated_runs import JOB_ONLY, endings, ends
from tests.simulation.world import Killed, World


def test_runs_that_write_the_index_at_once_leave_a_complete_one(tmp_path: Path) -> None:
    stored = [
        IndexRow(JOB, "done", {}, f"{n}.nc", StoredResult(JOB, job_id=f"j-{n}", file=f"r/{n}.nc", size=n, sha256="00"))
        for n in range(50)
    ]
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(write_index, tmp_path, stored) for _ in range(64)]:
            done.result()
    assert [path.name for path in tmp_path.iterdir()] == ["index.csv"]
    assert len((tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()) == 51


def test_the_numbers_of_a_row_stand_in_the_index_as_they_were_written(tmp_path: Path) -> None:
    stored = StoredResult(address=JOB, job_id="j", file="r/a.nc", size=1, sha256="00")
    fields = {"orbit": resolve_plain("007"), "baseline": resolve_plain("05.10"), "area": None}
    write_index(tmp_path, [IndexRow(JOB, "done", fields, "a.nc", stored)])
    header, row = (tmp_path / "index.csv").read_text(encoding="utf-8").splitlines()
    assert header.startswith("instance,each.area,each.baseline,each.orbit,")
    assert row.startswith(",,05.10,007,")


def test_an_index_is_written_once_for_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []
    real = Indexes._write

    async def counted(self, folder, rows, addresses):  # type: ignore[no-untyped-def]
        written.append(len(rows))
        return await real(self, folder, rows, addresses)

    monkeypatch.setattr(Indexes, "_write", counted)
    world = World(tmp_path)
    run_with(world, *((f"{n}.nc", bytes([n])) for n in range(30)))
    assert not world.apply(JOB_ONLY).endings
    assert written == [30]


def test_an_outdated_index_of_a_killed_run_is_rewritten_by_the_next(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)
    appends = 0

    async def kill(step: str) -> None:
        nonlocal appends
        appends += step == "after append" and files(world).keys() == {"a.nc"}
        if appends:
            raise Killed(step)

    with pytest.raises((Killed, BaseExceptionGroup)):
        world.apply(JOB_ONLY, step=kill)
    assert not (tmp_path / "results/subset/index.csv").exists()
    assert not world.plan(JOB_ONLY).changes_pending
    assert not world.apply(JOB_ONLY).endings
    assert [row["file"] for row in index(world)] == ["a.nc"]
    assert not list((tmp_path / "results/subset").glob(".*"))


def test_an_unwritable_index_is_a_failure_and_rewritten_by_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    (tmp_path / "results/subset/index.csv").mkdir(parents=True)
    result = world.apply(JOB_ONLY)
    assert (ends(result), endings(result)) == ({JOB: "failed"}, {"failed"})
    assert result.results[0].error
    assert result.results[0].error.code == "index-unwritable"
    (tmp_path / "results/subset/index.csv").rmdir()
    assert not world.apply(JOB_ONLY).endings
    assert [row["file"] for row in index(world)] == ["a.nc"]


@pytest.mark.parametrize("download", [".", "out", "../beside", "a/b/c"])
def test_an_index_lists_its_files_for_every_folder_and_project_name(
    download: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    world = World(Path(), allowed=(tmp_path,))
    run_with(world, ("a.nc", b"content"))
    manifest = JOB_ONLY + f"    output: {{download: {download}}}\n"
    assert not world.apply(manifest).endings
    assert [row["file"] for row in index(world, download)] == ["a.nc"]


def test_a_column_stands_in_the_index_once(tmp_path: Path) -> None:
    rows = [{"id": "a", "name": "A", "geometry": "POINT(1 2)", "wkt": "POINT(1 2)"}, {"id": "b", "name": "b"}]
    write_index(tmp_path, [IndexRow(f'job.tiles["{row["id"]}"]', "waiting", row) for row in rows])
    assert (tmp_path / "index.csv").read_text(encoding="utf-8").splitlines() == [
        "instance,each.name,each.wkt,state,job_id,file,size,sha256,remarks",
        "a,A,POINT(1 2),waiting,,,,,",
        "b,b,,waiting,,,,,",
    ]


CAMPAIGN = """
  tiles:
    for_each: {list: [a, b, c, d, e]}
    canary: 2
    stop_after: 1
    skip: {e: cloudy}
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/${each.value}.zip"}}
"""


def test_every_instance_has_a_row_with_its_state(tmp_path: Path) -> None:
    world = World(tmp_path)
    manifest = JOB_ONLY.partition("jobs:")[0] + "jobs:" + CAMPAIGN
    world.frontend.service.job_faults.append(JobFault("graph", "*b.zip*"))
    world.apply(manifest)
    states = {row["instance"]: (row["state"], row["file"] != "") for row in index(world, "results/tiles")}
    assert states["a"] == ("done", True)
    assert states["b"] == ("failed", False)
    assert states["c"] == states["d"] == ("waiting", False)
    assert states["e"] == ("skipped", False)


def test_a_campaign_whose_jobs_all_fail_has_an_index(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("graph", "*", times=None))
    world.apply(JOB_ONLY.partition("jobs:")[0] + "jobs:" + CAMPAIGN)
    assert {row["state"] for row in index(world, "results/tiles")} == {"failed", "waiting", "skipped"}
