"""Superseded results are kept beside the manifest for every job id, and are never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.applying.results.storing import move_aside
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.emulator.model.job_files import Output
from tests.applying.fetched import files, index, run_with
from tests.applying.simulated_runs import JOB_ONLY, NO_WAIT, launched
from tests.simulation.world import World


def test_files_of_the_same_name_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    for content in ("first", "second", "third"):
        path.write_text(content)
        move_aside(path, Boundary(tmp_path), "job")
    kept = tmp_path / ".eocanvas" / "superseded" / "job"
    assert {p.name: p.read_text() for p in kept.iterdir()} == {"a.nc": "first", "a.nc.1": "second", "a.nc.2": "third"}
    assert not path.exists()


def test_a_missing_file_creates_no_folder(tmp_path: Path) -> None:
    move_aside(tmp_path / "a.nc", Boundary(tmp_path), "job")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("job_id", ["../../out", "/out", "..", "a/b"])
def test_no_job_id_leaves_the_folder_of_superseded_results(job_id: str, tmp_path: Path) -> None:
    path = tmp_path / "project" / "a.nc"
    path.parent.mkdir()
    path.write_text("content")
    move_aside(path, Boundary(path.parent), job_id)
    (kept,) = (found for found in tmp_path.rglob("a.nc"))
    assert kept.parent.parent == path.parent / ".eocanvas" / "superseded"


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
