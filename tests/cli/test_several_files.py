"""A folder whose manifests are one: its ledger, its saved plans and its commands."""

from __future__ import annotations

from pathlib import Path

import pytest

import eocanvas_apply as eoc
from tests.cli.conftest import MANIFEST, Project

KEYS, JOBS = MANIFEST.split("jobs:\n")


@pytest.fixture(name="folder")
def _folder(project: Project) -> Path:
    """The project cut into two files."""
    project.manifest.unlink()
    project.named = (project.folder,)
    (project.folder / "a.eocanvas.yaml").write_text(KEYS, encoding="utf-8")
    (project.folder / "b.eocanvas.yaml").write_text(f"version: 1\njobs:\n{JOBS}", encoding="utf-8")
    return project.folder


def test_a_folder_is_applied_as_one_manifest(project: Project, folder: Path) -> None:
    assert project.run("validate") == 0, project.err
    assert project.out == f"{folder}: 1 key and 1 job, no errors\n"
    assert project.run("apply", "--yes") == 0, project.err
    assert {path.name for path in folder.iterdir()} >= {".eocanvas", "results"}
    assert [path.name for path in (folder / ".eocanvas").glob("*.jsonl")] == ["default.jsonl"]
    assert project.run("plan", "--detailed-exitcode") == 0, project.out
    for words in (["status", "--offline"], ["results"], ["ledger", "show"], ["why", "subset"], ["doctor"], ["deps"]):
        assert project.run(*words) == 0, project.err


@pytest.mark.parametrize(
    ("name", "text", "part"),
    [
        ("a.eocanvas.yaml", KEYS + "# a comment\n", "a.eocanvas.yaml has changed"),
        ("b.eocanvas.yaml", f"jobs:\n{JOBS}", "b.eocanvas.yaml has changed"),
        ("c.eocanvas.yaml", "x-more: 1\n", "c.eocanvas.yaml is new"),
        ("b.eocanvas.yaml", None, "b.eocanvas.yaml is gone"),
    ],
)
def test_a_saved_plan_names_the_file_that_is_another(
    project: Project, folder: Path, name: str, text: str | None, part: str
) -> None:
    plan = str(folder / "review.plan")
    assert project.run("plan", "--out", plan) == 0, project.err
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text, encoding="utf-8")
    assert project.run("apply", plan) == 6, project.err
    assert f"{part} since the plan was made" in project.err


def test_a_record_without_any_file_is_read_all_the_same(project: Project, folder: Path) -> None:
    assert project.run("apply", "--yes") == 0, project.err
    for file in folder.glob("*.eocanvas.yaml"):
        file.unlink()
    assert project.run("results") == 0, project.err
    assert project.run("plan") == 1
    assert f"the folder {folder} has no *.eocanvas.yaml" in project.err


def test_a_folder_without_manifests_and_ledger_says_both(project: Project) -> None:
    project.named = (project.folder,)
    assert project.run("results") == 1
    assert "has no *.eocanvas.yaml and no ledger" in project.err


def test_python_opens_a_folder(project: Project, folder: Path) -> None:
    assert [*eoc.load(folder).jobs] == ["subset"]
    assert eoc.validate(folder) == []
    with eoc.open(folder) as opened:
        assert opened.plan().summary["launch"] == 1
        assert repr(opened) == f"<Project: {folder}>"
