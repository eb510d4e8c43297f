"""Superseded results are kept beside the manifest for every job id, and are never overwritten."""

from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.applying.results.storing import move_aside


def test_files_of_the_same_name_are_all_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.nc"
    for content in ("first", "second", "third"):
        path.write_text(content)
        move_aside(path, tmp_path, "job")
    kept = tmp_path / ".eocanvas" / "superseded" / "job"
    assert {p.name: p.read_text() for p in kept.iterdir()} == {"a.nc": "first", "a.nc.1": "second", "a.nc.2": "third"}
    assert not path.exists()


def test_a_missing_file_creates_no_folder(tmp_path: Path) -> None:
    move_aside(tmp_path / "a.nc", tmp_path, "job")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("job_id", ["../../out", "/out", "..", "a/b"])
def test_no_job_id_leaves_the_folder_of_superseded_results(job_id: str, tmp_path: Path) -> None:
    path = tmp_path / "project" / "a.nc"
    path.parent.mkdir()
    path.write_text("content")
    move_aside(path, path.parent, job_id)
    (kept,) = (found for found in tmp_path.rglob("a.nc"))
    assert kept.parent.parent == path.parent / ".eocanvas" / "superseded"
