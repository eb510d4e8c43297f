from __future__ import annotations

import json
from pathlib import Path

import pytest

from eocanvas_apply.cli import main

Captured = pytest.CaptureFixture[str]


def test_writes_a_manifest_named_after_the_folder(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path / "Baltic 2024")]) == 0
    assert "\nproject: baltic-2024\n" in (tmp_path / "Baltic 2024/eocanvas.yaml").read_text(encoding="utf-8")
    assert (tmp_path / "Baltic 2024/graphs/subset.xml").is_file()
    assert "eocanvas-apply plan" in capsys.readouterr().out


def test_a_folder_without_letters_still_gives_a_project(tmp_path: Path) -> None:
    assert main(["init", str(tmp_path / "2024")]) == 0
    assert "\nproject: my-project\n" in (tmp_path / "2024/eocanvas.yaml").read_text(encoding="utf-8")


def test_never_overwrites_and_then_writes_nothing_at_all(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "graphs").mkdir()
    (tmp_path / "graphs/subset.xml").write_text("mine")
    assert main(["init", str(tmp_path), "--format", "json"]) == 1
    assert [d["code"] for d in json.loads(capsys.readouterr().out)["diagnostics"]] == ["file-exists"]
    assert (tmp_path / "graphs/subset.xml").read_text() == "mine"
    assert not (tmp_path / "eocanvas.yaml").exists()


def test_json_names_the_written_files(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["init"] == [
        {"file": str(tmp_path / "eocanvas.yaml")},
        {"file": str(tmp_path / "graphs/subset.xml")},
        {"file": str(tmp_path / ".gitignore")},
    ]


def test_git_leaves_results_and_report_of_a_new_manifest_out(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path)]) == 0
    ignored = (tmp_path / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"results/", "report.html"} <= set(ignored)
    assert "wrote" in capsys.readouterr().err


def test_a_gitignore_that_is_there_is_left_as_it_is(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / ".gitignore").write_text("*.tmp\n", encoding="utf-8")
    assert main(["init", str(tmp_path), "--format", "json"]) == 0
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)["init"]) == 2
    assert "with a line results/ it keeps downloaded results out of Git" in shown.err
    assert (tmp_path / ".gitignore").read_text(encoding="utf-8") == "*.tmp\n"


def test_a_new_manifest_has_no_diagnostics(tmp_path: Path, capsys: Captured) -> None:
    assert main(["init", str(tmp_path / "a")]) == 0
    capsys.readouterr()
    assert main(["validate", "-f", str(tmp_path / "a/eocanvas.yaml"), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["diagnostics"] == []
