"""The version of a process is on record with every launch, also with one that repeats another."""

from __future__ import annotations

import json

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project


def _versions(project: Project) -> list[str | None]:
    lines = (project.folder / ".eocanvas/default.jsonl").read_text(encoding="utf-8").splitlines()
    events = map(json.loads, lines)
    return [event.get("process_version") for event in events if event["type"] == "job-intended"]


def test_a_failed_job_that_runs_again_has_it(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    assert project.run("apply", "--yes", "--retry-failed") == 0
    assert _versions(project) == ["10.0.0", "10.0.0"]


@pytest.mark.parametrize("change", ["relaunch", "definition"])
def test_a_finished_job_that_runs_again_has_it(project: Project, change: str) -> None:
    assert project.run("apply", "--yes") == 0
    if change == "definition":
        project.change("20 58, 21 58", "20 58, 21.5 58")
    words = ("--relaunch", "subset") if change == "relaunch" else ()
    assert project.run("apply", "--yes", *words) == 0
    assert _versions(project) == ["10.0.0", "10.0.0"]


def test_where_nothing_is_launched_it_is_not_asked_for(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    with emulator.model() as wire:
        before = len(wire.received)
    assert project.run("plan") == 0
    with emulator.model() as wire:
        assert [each for each in list(wire.received)[before:] if each.request.path.endswith("/processes")] == []
