"""Several files that are one manifest: its ledger, its saved plans and its commands."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import eocanvas_apply as eoc
from eocanvas_apply.errors import UsageError
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


OVERLAY = """\
keys:
  scenes: {secret_key: {file: secret}}
jobs:
  subset: {graph: small.xml, output: {download: results}}
"""


@pytest.fixture(name="overlay")
def _overlay(project: Project) -> Path:
    """A file in a folder of its own, beside the project's, that is laid over its manifest; all its paths lie there."""
    base, other = project.folder / "coast", project.folder / "production"
    base.mkdir()
    other.mkdir()
    for name in ("eocanvas.yaml", "subset.xml"):
        (project.folder / name).rename(base / name)
    shutil.copy(base / "subset.xml", other / "small.xml")
    (other / "secret").write_text("canary-secret-key", encoding="utf-8")
    (other / "secret").chmod(0o600)
    overlay = other / "overlay.yaml"
    overlay.write_text(OVERLAY, encoding="utf-8")
    project.named = (base / "eocanvas.yaml", overlay)
    return overlay


def test_a_later_file_is_laid_over_the_first_and_its_paths_lead_to_its_folder(project: Project, overlay: Path) -> None:
    base = project.folder / "coast"
    assert project.run("validate") == 0, project.err
    assert project.out == f"{base / 'eocanvas.yaml'}, {overlay}: 1 key and 1 job, no errors\n"
    assert project.run("apply", "--yes") == 0, project.err
    assert [path.name for path in (base / ".eocanvas").glob("*.jsonl")] == ["default.jsonl"]
    assert [*overlay.parent.joinpath("results").glob("*")]
    assert not (base / "results").exists()
    rows = project.json("results")["results"]
    assert [(base / row["file"]).resolve().is_relative_to(overlay.parent) for row in rows] == [True]
    assert project.run("plan", "--detailed-exitcode") == 0, project.out
    for words in (["status", "--offline"], ["ledger", "show"], ["why", "subset"], ["doctor"], ["lock"]):
        assert project.run(*words) == 0, project.err


def test_a_fault_of_a_file_that_the_overlay_names_shows_its_path(project: Project, overlay: Path) -> None:
    overlay.parent.joinpath("small.xml").write_text("<graph/>", encoding="utf-8")
    assert project.run("validate") == 1
    assert f"{overlay.parent / 'small.xml'}:1:1: error: " in project.err
    overlay.parent.joinpath("small.xml").unlink()
    assert project.run("validate") == 1
    assert f"{overlay}:4:19: error: there is no file '../production/small.xml'" in " ".join(project.err.split())


def test_a_manifest_names_nothing_outside_of_the_folders_of_its_files(project: Project, overlay: Path) -> None:
    outside = project.folder / "other.xml"
    shutil.copy(overlay.parent / "small.xml", outside)
    overlay.write_text(OVERLAY.replace("small.xml", "../other.xml"), encoding="utf-8")
    assert [each["code"] for each in project.json("validate", code=1)["diagnostics"]] == ["path-outside"]
    assert project.run("validate", "--allow-path", str(outside)) == 0, project.err


@pytest.mark.parametrize("file", ["coast/eocanvas.yaml", "production/overlay.yaml", "production/small.xml"])
def test_a_saved_plan_is_of_all_files_and_of_those_that_they_name(project: Project, overlay: Path, file: str) -> None:
    plan = str(project.folder / "review.plan")
    assert project.run("plan", "--out", plan) == 0, project.err
    path = project.folder / file
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    assert project.run("apply", plan) == 6, project.err
    name = file.removeprefix("coast/") if "coast" in file else f"../{file}"
    assert f"{name} has changed since the plan was made" in project.err
    # The same files in another order are another manifest.
    project.named = project.named[::-1]
    assert project.run("apply", plan) in (1, 6)


def test_a_saved_plan_is_applied_with_the_same_files_only(project: Project, overlay: Path) -> None:
    plan = str(project.folder / "review.plan")
    assert project.run("plan", "--out", plan) == 0, project.err
    both, project.named = project.named, project.named[:1]
    assert project.run("apply", plan) == 6, project.err
    assert "../production/overlay.yaml is gone since the plan was made" in project.err
    project.named = both
    assert project.run("apply", plan) == 0, project.err


@pytest.mark.skipif(os.name == "nt", reason="a pipe has no name there")
def test_a_text_that_is_piped_is_laid_over_the_manifest(project: Project) -> None:
    def piped(text: str) -> Path:
        reading, writing = os.pipe()
        os.write(writing, text.encode())
        os.close(writing)
        return Path(f"/dev/fd/{reading}")

    plan, manifest = str(project.folder / "review.plan"), project.manifest
    project.named = (manifest, piped("jobs: {subset: {output: {download: piped}}}"))
    assert project.run("plan", "--out", plan) == 0, project.err
    project.named = (manifest, piped("jobs: {subset: {output: {download: other}}}"))
    assert project.run("apply", plan) == 6, project.err
    assert "the text piped as file 2 has changed since the plan was made" in project.err
    project.named = (manifest, piped("jobs: {subset: {output: {download: piped}}}"))
    assert project.run("apply", plan) == 0, project.err
    # Its paths are relative to the manifest's folder: it lies in none.
    assert [*(project.folder / "piped").iterdir()]


def test_commands_of_secrets_run_only_where_the_folders_of_all_files_are_allowed(
    project: Project, overlay: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = project.folder / "settings.toml"
    monkeypatch.setattr("eocanvas_apply.engine.opening.settings_file", lambda: settings)
    overlay.write_text("keys: {scenes: {secret_key: {command: [echo, x]}}}", encoding="utf-8")
    settings.write_text(f"allow_commands = [{str(project.folder / 'coast')!r}]", encoding="utf-8")
    assert [each["code"] for each in project.json("plan")["diagnostics"]] == ["secret-absent"]
    settings.write_text(f"allow_commands = [{str(project.folder)!r}]", encoding="utf-8")
    assert project.json("plan")["diagnostics"] == []


def test_what_is_missing_or_named_twice_is_said(project: Project) -> None:
    project.named = (project.manifest, project.folder / "prod.yaml")
    for words in (["validate"], ["plan"]):
        assert project.run(*words) == 1
        assert f"there is no manifest {project.folder / 'prod.yaml'}" in " ".join(project.err.split())
    project.named = (project.manifest, project.manifest)
    assert project.run("validate") == 1
    assert f"-f {project.manifest} is given twice" in " ".join(project.err.split())


def test_python_takes_a_list(project: Project, overlay: Path) -> None:
    names: list[str | os.PathLike[str]] = [str(project.named[0]), overlay]
    assert eoc.validate(names) == []
    (job,) = eoc.load(names).jobs.values()
    assert job.download_folder == "../production/results"
    with eoc.open(names) as opened:
        assert opened.plan().summary["launch"] == 1
    with pytest.raises(UsageError, match="path names no file"):
        eoc.open([])
    wrong: Any
    for wrong in (None, 1, [None]):
        with pytest.raises(TypeError, match="path of a manifest or a list of paths"):
            eoc.validate(wrong)
