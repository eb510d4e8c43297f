"""`plan --refresh-only`: what is no longer as it is recorded, and nothing is changed for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project

SCHEMA = Path(__file__).parents[2] / "schemas/plan.json"
EXIT = "--detailed-exitcode"


def kinds(project: Project, code: int) -> list[tuple[str, str]]:
    document = project.json("plan", "--refresh-only", EXIT, code=code)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert document["actions"] == []
    return [(each["address"], each["drift"]) for each in document["drift"]]


def files(project: Project) -> dict[Path, tuple[int, bytes]]:
    return {each: (each.stat().st_mtime_ns, each.read_bytes()) for each in project.folder.rglob("*") if each.is_file()}


def sent(emulator: RunningEmulator) -> list[str]:
    """Everything but reads that the service received, log-ins apart."""
    with emulator.model() as wire:
        requests = [each.request for each in wire.received]
    return [each.path for each in requests if each.method != "GET" and "gettoken" not in each.path]


def test_without_a_ledger_nothing_drifts(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("plan", "--refresh-only") == 0
    assert "Nothing is on record yet" in project.out
    assert not (project.folder / ".eocanvas").exists()
    assert sent(emulator) == []


def test_a_job_that_ended_is_drift_until_an_apply_records_it(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("plan", "--refresh-only", EXIT) == 3
    with emulator.model() as wire:
        (job,) = wire.service.jobs.every()
        job.dismiss(job.created)
    before, requests = files(project), sent(emulator)
    assert kinds(project, 2) == [("job.subset", "dismissed")]
    assert project.run("plan", "--refresh-only") == 0
    assert "! job.subset: was dismissed at the service\n" in project.out
    assert (files(project), sent(emulator)) == (before, requests)
    assert project.run("apply", "--yes") == 0
    assert kinds(project, 0) == []


def test_a_failure_has_its_class_and_line(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("status", "--watch") == 0
    (found,) = project.json("plan", "--refresh-only", EXIT, code=2)["drift"]
    assert (found["drift"], found["failure"], found["counts"]) == ("failed", "graph", True)
    assert "NodeId" in found["failure_line"]
    assert project.run("apply", "--yes") == 4
    assert kinds(project, 4) == []


def test_a_key_that_somebody_deleted_and_files_that_were_touched(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    (result,) = (project.folder / "results").glob("*.nc")
    content = result.read_bytes()
    result.write_bytes(content + b"x")
    assert kinds(project, 2) == [("job.subset", "file-edited")]
    result.unlink()
    with emulator.model() as wire:
        (key,) = (each for each in wire.service.keystore if "key.scenes" in each.description)
        wire.service.keystore.delete(emulator.options.users[0], key.name, key.created)
    assert kinds(project, 2) == [("key.scenes", "gone-unneeded"), ("job.subset", "file-removed")]
    assert project.run("plan", "--refresh-only") == 0
    assert "Drift: 1 job is not as recorded. Nothing was changed.\n" in project.out
    # What the report says is not said once more.
    assert project.err == ""


@pytest.mark.parametrize(
    "words",
    [
        ["--offline"],
        ["--destroy"],
        ["--out", "a.plan"],
        ["--relaunch", "subset"],
        ["--retry-failed"],
        ["--only", "subset"],
        ["--limit", "1"],
        ["--simulate"],
        ["--refresh-searches"],
        ["--allow-deletes"],
        ["--allow-protected", "subset"],
    ],
    ids=lambda words: words[0],
)
def test_what_asks_for_a_plan_is_refused_beside_it(
    project: Project, words: list[str], emulator: RunningEmulator
) -> None:
    found: dict[str, Any] = project.json("plan", "--refresh-only", *words, code=1)
    assert [each["code"] for each in found["diagnostics"]] == ["usage"]
    with emulator.model() as wire:
        assert not wire.received
