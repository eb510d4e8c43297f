"""`index.csv`: which files it lists, when it is written, and how it is repaired."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from eocanvas_apply.documents.yaml.nodes import resolve_plain
from eocanvas_apply.planning.state.stored import StoredResult
from eocanvas_apply.results.index import Indexes, IndexRow, write_index
from tests.applying.fetched import JOB, files, index, run_with
from tests.applying.stage import JOB_ONLY, endings, ends
from tests.simulation.world import Killed, World


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


def test_the_numbers_of_a_row_stand_in_the_index_as_they_were_written(tmp_path: Path) -> None:
    stored = StoredResult(address=JOB, job_id="j", file="r/a.nc", size=1, sha256="00")
    fields = {"orbit": resolve_plain("007"), "baseline": resolve_plain("05.10"), "area": None}
    write_index(tmp_path, [IndexRow(stored, "a.nc", fields)])
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
    world = World(Path())
    run_with(world, ("a.nc", b"content"))
    manifest = JOB_ONLY + f"    output: {{download: {download}}}\n"
    assert not world.apply(manifest).endings
    assert [row["file"] for row in index(world, download)] == ["a.nc"]
