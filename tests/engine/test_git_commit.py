"""The commit that a manifest is of: what is checked out, what differs, and that nothing of the repository is run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from eocanvas_apply.engine.inspection.git_commit import git_commit

NAME, TEXT = "eocanvas.yaml", b"version: 1\n"


def _git(folder: Path, *words: str) -> str:
    user = ("-c", "user.name=Jane", "-c", "user.email=jane@example.org")
    done = subprocess.run(["git", *user, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(name="project")
def _project(tmp_path: Path) -> Path:
    """Return a project in a folder of a repository that has one commit."""
    folder = tmp_path / "repository" / "projects" / "coast"
    folder.mkdir(parents=True)
    (folder / NAME).write_bytes(TEXT)
    _git(tmp_path / "repository", "init", "-q")
    _git(folder, "add", NAME)
    _git(folder, "commit", "-qm", "The coast")
    return folder


def test_the_commit_is_that_which_is_checked_out(project: Path) -> None:
    found = git_commit(project, {NAME: TEXT})
    assert found is not None
    assert (found.commit, found.modified, found.repository) == (_git(project, "rev-parse", "HEAD"), (), None)


def test_files_that_differ_or_are_not_in_the_commit_are_modified(project: Path) -> None:
    (project / "graph.xml").write_bytes(b"<graph/>")
    _git(project, "add", "graph.xml")
    found = git_commit(project, {NAME: TEXT + b"# a remark\n", "graph.xml": b"<graph/>", "../../other.yaml": b""})
    assert found is not None
    assert found.modified == ("../../other.yaml", NAME, "graph.xml")


def test_the_line_ends_of_windows_are_no_change(project: Path) -> None:
    found = git_commit(project, {NAME: TEXT.replace(b"\n", b"\r\n")})
    assert found is not None
    assert found.modified == ()


def test_a_name_is_a_name_and_no_pattern(project: Path) -> None:
    (project / "*.yaml").write_bytes(TEXT)
    _git(project, "--literal-pathspecs", "add", "*.yaml")
    _git(project, "commit", "-qm", "An odd name")
    found = git_commit(project, {"*.yaml": TEXT, "ä ö.yaml": b""})
    assert found is not None
    assert found.modified == ("ä ö.yaml",)


@pytest.mark.parametrize(
    ("remote", "shown"),
    [
        ("https://jane:tok3n@git.example.org/coast.git", "https://git.example.org/coast.git"),
        ("https://tok3n@git.example.org/coast.git?token=1", "https://git.example.org/coast.git"),
        ("git@git.example.org:jane/coast.git", "git@git.example.org:jane/coast.git"),
        ("/home/jane/coast.git", None),
        ("file:///home/jane/coast.git", None),
    ],
)
def test_the_remote_is_an_address_without_secrets(project: Path, remote: str, shown: str | None) -> None:
    _git(project, "remote", "add", "origin", remote)
    found = git_commit(project, {NAME: TEXT})
    assert found is not None
    assert found.repository == shown


def test_nothing_that_the_repository_names_is_run(project: Path, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    spy = tmp_path / "spy"
    spy.write_text(f"#!/bin/sh\necho ran >> {ran}\ncat\n", encoding="utf-8")
    spy.chmod(0o755)
    for name in ("core.fsmonitor", "core.pager", "filter.spy.clean", "filter.spy.smudge", "diff.external"):
        _git(project, "config", name, str(spy))
    (project / ".gitattributes").write_text("*.yaml filter=spy\n", encoding="utf-8")
    ran.unlink(missing_ok=True)
    found = git_commit(project, {NAME: TEXT + b"changed"})
    assert found is not None
    assert found.modified == (NAME,)
    assert not ran.exists()


def test_a_program_of_the_project_is_not_taken_for_git(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran = tmp_path / "ran"
    for name in ("git", "git.exe"):
        (project / name).write_text(f"#!/bin/sh\necho ran > {ran}\n", encoding="utf-8")
        (project / name).chmod(0o755)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", os.pathsep.join((".", "", "../coast", os.environ["PATH"])))
    found = git_commit(project, {NAME: TEXT})
    assert not ran.exists()
    assert found is not None
    assert found.modified == ()


def test_the_repository_of_a_hook_is_not_taken_for_that_of_the_project(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "other").mkdir()
    _git(tmp_path / "other", "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    found = git_commit(project, {NAME: TEXT})
    assert found is not None
    assert found.modified == ()


def test_without_git_without_a_repository_and_without_a_commit_nothing_is_known(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert git_commit(tmp_path, {}) is None
    (tmp_path / "new").mkdir()
    _git(tmp_path / "new", "init", "-q")
    assert git_commit(tmp_path / "new", {}) is None
    monkeypatch.setenv("PATH", str(tmp_path))
    assert git_commit(project, {NAME: TEXT}) is None
