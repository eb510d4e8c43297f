from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.cli.commands import demo
from tests.examples.cases import EXAMPLES, ORBITS


def test_the_demo_runs_a_campaign_through_a_kill_and_leaves_no_files(
    capfd: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    # Variables of the user's environment must not change it.
    monkeypatch.setenv("EOCANVAS_APPLY_LEDGER", str(tmp_path / "own.jsonl"))
    monkeypatch.setenv("CI", "true")
    assert main(["demo"]) == 0
    captured = capfd.readouterr()
    shown = captured.out
    places = [shown.index(words) for words, _, _ in demo.STEPS]
    assert places == sorted(places)
    assert ": 8 done." in shown
    assert "Nothing to do: 8 addresses up to date." in shown
    assert captured.err.count("] launched ") == len(ORBITS)
    assert list(tmp_path.iterdir()) == []


def test_its_project_is_the_example() -> None:
    templates = Path(demo.__file__).parents[1] / "templates" / "demo"
    for name in demo.FILES:
        assert (templates / name).read_bytes() == (EXAMPLES / "search-campaign" / name).read_bytes()


def test_it_ends_where_a_command_fails(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "STEPS", (("One that fails.", "plan -f nowhere.yaml", False), *demo.STEPS))
    assert main(["demo"]) == 1
    captured = capfd.readouterr()
    assert "nowhere.yaml" in captured.err
    assert "$ eocanvas-apply lock" not in captured.out
