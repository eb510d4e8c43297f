from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.cli.commands import demo


def test_it_plays_the_main_job_and_leaves_nothing_behind(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # What the user's own environment says must not reach into it.
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(tmp_path / "own.jsonl"))
    monkeypatch.setenv("CI", "true")
    assert main(["demo"]) == 0
    shown = capfd.readouterr().out
    places = [shown.index(f"$ eocanvas-apply {command}") for command in demo.COMMANDS[:4]]
    assert places == sorted(places)
    assert "5 addresses: 5 done." in shown
    assert "Nothing to do: 5 addresses as the manifest says." in shown
    assert list(tmp_path.iterdir()) == []


def test_it_ends_where_a_command_fails(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(demo.SECRETS, "DRIVE_PASSWORD")
    assert main(["demo"]) == 1
    captured = capfd.readouterr()
    assert "DRIVE_PASSWORD is not set" in captured.err
    assert "$ eocanvas-apply results" not in captured.out
