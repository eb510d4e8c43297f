"""What a manifest may name outside of its own folder, as the person allows it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.files import ALLOW_PATHS
from tests.cli.conftest import GRAPH

MANIFEST = """\
version: 1
project: outside
jobs:
  subset:
    graph: ../graphs/subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 58))"}
    inputs: {img1: {url: https://data.example.org/a.nc}}
    output: {download: ../out}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("project", "graphs", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "graphs" / "subset.xml").write_bytes(GRAPH.read_bytes())
    (tmp_path / "project" / "eocanvas.yaml").write_text(MANIFEST, encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv(ALLOW_PATHS, raising=False)
    return tmp_path


def test_what_leads_out_is_an_error_at_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate"]) == 1
    err = capsys.readouterr().err
    assert "eocanvas.yaml:5" in err
    assert "'../graphs/subset.xml' leads out of the manifest's folder [path-outside]" in err
    assert "--allow-path FOLDER" in err
    assert ALLOW_PATHS in err


def test_a_download_folder_outside_is_an_error_at_its_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--allow-path", "../graphs"]) == 1
    err = capsys.readouterr().err
    assert "eocanvas.yaml:8" in err
    assert "'../out' leads out of the manifest's folder" in err


@pytest.mark.parametrize(
    ("to", "owner"),
    [
        (".git/hooks", "git"),
        ("a/../.Git", "Git"),
        (".github/workflows", "github"),
        (".eocanvas", "eocanvas"),
        ("linked", "git"),
    ],
)
def test_results_do_not_go_to_folders_of_programs(
    folder: Path, capsys: pytest.CaptureFixture[str], to: str, owner: str
) -> None:
    Path(".git").mkdir()
    Path("linked").symlink_to(".git")
    Path("eocanvas.yaml").write_text(MANIFEST.replace("../out", to), encoding="utf-8")
    assert main(["validate", "--allow-path", "../graphs"]) == 1
    assert f"{to!r} leads into .{owner}, where a program keeps files" in capsys.readouterr().err


def test_the_folder_that_nothing_names_is_judged_too(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("results").symlink_to(folder / "out")
    text = MANIFEST.replace("    output: {download: ../out}\n", "")
    Path("eocanvas.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", "--allow-path", "../graphs"]) == 1
    assert "leads out of the manifest's folder by a link" in capsys.readouterr().err


def test_rows_that_lead_out_are_told_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = 'for_each: {map: {a: {to: ok}, b: {to: ../../x}, c: {to: /etc}}}\n    output: {download: "${each.to}"}'
    text = MANIFEST.replace("output: {download: ../out}", rows)
    Path("eocanvas.yaml").write_text(text, encoding="utf-8")
    assert main(["validate", "--allow-path", "../graphs"]) == 1
    assert "'../../x' leads out of the manifest's folder (in 2 rows, first b)" in capsys.readouterr().err


@pytest.mark.parametrize("way", ["option", "variable", "settings"])
def test_the_person_allows_folders(folder: Path, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    options: list[str] = []
    if way == "option":
        options = ["--allow-path", "../graphs", "--allow-path", "../out"]
    elif way == "variable":
        monkeypatch.setenv(ALLOW_PATHS, os.pathsep.join(("../graphs", str(folder / "out"))))
    else:
        file = folder / "config" / "eocanvas-apply" / "settings.toml"
        file.parent.mkdir(parents=True)
        file.write_text(f"allow_paths = ['{folder / 'graphs'}', '{folder / 'out'}']\n", encoding="utf-8")
        monkeypatch.setattr("eocanvas_apply.engine.personal_settings.settings_file", lambda: file)
    assert main(["validate", *options]) == 0


def test_an_option_without_a_folder_allows_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["validate", "--allow-path", ""]) == 1
    assert "--allow-path has no folder" in capsys.readouterr().err


def test_settings_that_are_no_list_of_folders_are_an_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := folder / "settings.toml").write_text("allow_paths = true\n", encoding="utf-8")
    monkeypatch.setattr("eocanvas_apply.engine.personal_settings.settings_file", lambda: file)
    assert main(["validate"]) == 1
    assert "allow_paths is not a list of folders" in capsys.readouterr().err
