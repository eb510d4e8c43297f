"""`--metrics` of apply and status."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.cli.conftest import CANARIES, Project


def _samples(file: Path) -> dict[tuple[str, str], float]:
    families = text_string_to_metric_families(file.read_text(encoding="utf-8"))
    found = (sample for family in families for sample in family.samples)
    of = ("command", "state", "key", "window")
    return {
        (each.name.removeprefix("eocanvas_apply_"), next((each.labels[n] for n in of if n in each.labels), "")): (
            each.value
        )
        for each in found
    }


def test_apply_writes_how_it_ended_and_where_everything_stands(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "coast.prom"
    file.write_text("# TYPE eocanvas_apply_before gauge\n", encoding="utf-8")
    file.chmod(0o640)
    assert project.run("apply", "--yes", "--metrics", str(file)) == 0
    found = _samples(file)
    assert found["run_exit_code", "apply"] == 0
    assert found["jobs", "done"] == 1
    assert found["key_live", "scenes"] == 1
    assert not [each for each in tmp_path.iterdir() if each.name.startswith(".coast")]
    assert os.name == "nt" or file.stat().st_mode & 0o777 == 0o640
    assert not [secret for secret in CANARIES.values() if secret in file.read_text(encoding="utf-8")]


@pytest.mark.parametrize("words", [(), ("--offline",), ("--watch",)])
def test_status_writes_it_too(project: Project, tmp_path: Path, words: tuple[str, ...]) -> None:
    assert project.run("apply", "--yes") == 0
    assert project.run("status", *words, "--metrics", str(tmp_path / "m")) == 0
    found = _samples(tmp_path / "m")
    assert (found["run_exit_code", "status"], found["jobs", "done"]) == (0, 1)


def test_a_run_that_is_refused_writes_its_exit_code(project: Project, tmp_path: Path) -> None:
    assert project.run("apply", "--metrics", str(tmp_path / "m")) == 5
    assert _samples(tmp_path / "m")["run_exit_code", "apply"] == 5


def test_a_service_that_is_gone_is_seen_in_the_exit_code(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    monkeypatch.setenv("EOCANVAS_TOKEN_URL", "http://127.0.0.1:9/gettoken")
    assert project.run("status", "--metrics", str(tmp_path / "m")) == 1
    assert {name for name, _ in _samples(tmp_path / "m")} == {"run_exit_code", "run_end_timestamp_seconds"}


def test_a_file_that_cannot_be_written_changes_nothing_else(project: Project, tmp_path: Path) -> None:
    document = project.json("apply", "--yes", "--metrics", str(tmp_path / "none" / "m"))
    assert [each["code"] for each in document["diagnostics"]] == ["metrics-unwritable"]
    assert document["summary"]["done"] == 2
