from __future__ import annotations

import ntpath
import posixpath
from pathlib import Path

import pytest

from eocanvas_apply.cli.source_paths import in_repository, relative, source_root


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        ("eocanvas.yaml", "maps/eocanvas.yaml"),
        ("graphs/a b.xml", "maps/graphs/a b.xml"),
        ("../eocanvas.yaml", "eocanvas.yaml"),
        ("./x/../eocanvas.yaml", "maps/eocanvas.yaml"),
        ("../../other/a.xml", "../../other/a.xml"),
        ("/repo/maps/a.xml", "maps/a.xml"),
        ("/repository/a.xml", "/repository/a.xml"),
        (r"a\b.xml", r"maps/a\b.xml"),
    ],
)
def test_a_file_is_shown_from_the_root_of_the_repository(file: str, shown: str) -> None:
    assert relative(file, "/repo/maps", "/repo", posixpath) == shown


@pytest.mark.parametrize(
    ("file", "shown"),
    [
        (r"graphs\a.xml", "maps/graphs/a.xml"),
        ("graphs/a.xml", "maps/graphs/a.xml"),
        (r"d:\REPO\Maps\a.xml", "Maps/a.xml"),
        (r"C:\Users\jane\a.xml", "C:/Users/jane/a.xml"),
        (r"..\..\a.xml", "../../a.xml"),
    ],
)
def test_paths_of_windows_have_slashes(file: str, shown: str) -> None:
    assert relative(file, r"D:\repo\maps", r"D:\repo", ntpath) == shown


def test_files_of_the_root_folder_itself() -> None:
    assert relative("a.yaml", "/", "/", posixpath) == "a.yaml"


def test_the_root_is_what_the_ci_system_names_then_the_repository_then_the_folder(tmp_path: Path) -> None:
    folder = tmp_path.resolve() / "repo" / "maps"
    folder.mkdir(parents=True)
    assert source_root({}, str(folder)) == str(folder)
    (folder.parent / ".git").write_text("gitdir: elsewhere", encoding="utf-8")
    assert source_root({}, str(folder)) == str(folder.parent)
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        assert source_root({name: str(tmp_path)}, str(folder)) == str(tmp_path.resolve())
        assert source_root({name: str(tmp_path / "elsewhere")}, str(folder)) == str(folder.parent)


def test_a_workspace_that_is_a_link_is_the_folder_behind_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real" / "maps").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "real")
    monkeypatch.chdir(tmp_path / "link" / "maps")
    shown = in_repository({"GITHUB_WORKSPACE": str(tmp_path / "link")})
    assert shown("eocanvas.yaml") == "maps/eocanvas.yaml"
    assert shown(str(tmp_path / "real" / "maps" / "a.xml")) == "maps/a.xml"
