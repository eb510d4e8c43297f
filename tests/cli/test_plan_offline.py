"""`plan --offline`: from manifest and ledger alone, with the words, the JSON and the exit codes of `plan`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from tests.cli.conftest import Project


@pytest.fixture
def applied(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project after its apply, in a terminal without account, service and secrets."""
    monkeypatch.chdir(project.folder)
    assert main(["apply", "--yes"]) == 0
    for name in ("HDA_USER", "HDA_PASSWORD", "EOCANVAS_URL", "EOCANVAS_TOKEN_URL", "HDA_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(project.folder / "home"))
    return project


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, dict[str, str]]:
    capsys.readouterr()
    assert main(["plan", "--offline", "--format", "json", *words]) == 0
    return {action["address"]: action for action in json.loads(capsys.readouterr().out)["actions"]}


def test_what_is_recorded_as_done_is_done(applied: Project, capsys: pytest.CaptureFixture[str]) -> None:
    found = planned(capsys)
    assert {action["action"] for action in found.values()} == {"none"}
    assert main(["plan", "--offline", "--detailed-exitcode"]) == 0
    assert "planned without the service" in capsys.readouterr().err


def test_what_has_moved_is_done_under_its_new_address(applied: Project, capsys: pytest.CaptureFixture[str]) -> None:
    applied.change("  subset:\n", "  lowlands:\n")
    manifest = applied.folder / "eocanvas.yaml"
    moved = "moved: [{from: job.subset, to: job.lowlands}]\n"
    manifest.write_text(manifest.read_text(encoding="utf-8") + moved, encoding="utf-8")
    found = planned(capsys)
    assert found["job.lowlands"]["reason"] == "done"
    assert "job.subset" not in found
    assert main(["plan", "--offline"]) == 0
    said = capsys.readouterr()
    assert "job.subset is now job.lowlands" in said.out
    assert "renamed" not in said.err


def test_without_a_ledger_all_is_new(applied: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert {a["action"] for a in planned(capsys, "--ledger", "none.jsonl").values()} <= {"create", "launch"}
    assert main(["plan", "--offline", "--ledger", "none.jsonl", "--detailed-exitcode"]) == 2
    assert not Path("none.jsonl").exists()


def test_a_ledger_of_another_project_is_refused(applied: Project, capsys: pytest.CaptureFixture[str]) -> None:
    ledger = applied.folder / ".eocanvas" / "default.jsonl"
    first, rest = ledger.read_text(encoding="utf-8").split("\n", 1)
    opened = json.loads(first)
    ledger.write_text(json.dumps({**opened, "project": "other"}) + "\n" + rest, encoding="utf-8")
    assert main(["plan", "--offline"]) == 1
    assert "belongs to the project 'other'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--offline --refresh-searches", "--offline makes no search"),
        ("--offline --out x", "so that --out has no meaning beside it"),
        (f"--offline --require-sealing-key {'0' * 64}", "so that --require-sealing-key has no meaning beside it"),
        ("--destroy --refresh-searches", "--destroy makes no search"),
        ("--destroy --limit 3", "so that --limit has no meaning beside it"),
    ],
)
def test_what_has_no_meaning_beside_it_is_refused(
    words: str, message: str, applied: Project, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plan", *words.split()]) == 1
    assert message in capsys.readouterr().err
