"""What the log of a successful job says of its results, from apply to the files."""

from __future__ import annotations

import csv
import json

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import MANIFEST, Project

TILE = JobFault("dem-tile-missing")


@pytest.fixture(name="doubtful")
def _doubtful(emulator: RunningEmulator, project: Project) -> Project:
    with emulator.model() as wire:
        wire.service.job_faults.append(TILE)
    return project


def logs_read(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return sum(entry.request.path.endswith("/logs") for entry in wire.received)


def test_a_job_is_done_with_a_remark(doubtful: Project, emulator: RunningEmulator) -> None:
    assert doubtful.run("apply", "--yes") == 0
    assert "Remarks\n  job.subset: a tile of the elevation model was not found" in doubtful.out
    assert "[dem-tile-missing]" in doubtful.out
    assert "next: nothing to do where the tile lies in the sea" in doubtful.out
    assert logs_read(emulator) == 1
    assert doubtful.run("status") == 0
    assert "Remarks\n  job.subset: a tile of the elevation model" in doubtful.out
    assert doubtful.run("status", "--format", "json") == 0
    (job,) = json.loads(doubtful.out)["jobs"]
    assert [(each["code"], each["severity"], each["lines"]) for each in job["remarks"]] == [
        ("dem-tile-missing", "warning", 1)
    ]
    assert doubtful.run("results", "--format", "json") == 0
    assert json.loads(doubtful.out)["results"][0]["remarks"] == ["dem-tile-missing"]
    assert doubtful.run("results", "--format", "csv") == 0
    assert next(csv.DictReader(doubtful.out.splitlines()))["remarks"] == "dem-tile-missing"
    rows = (doubtful.folder / "results" / "index.csv").read_text("utf-8").splitlines()
    assert next(csv.DictReader(rows))["remarks"] == "dem-tile-missing"
    assert doubtful.run("why", "subset") == 0
    assert "dem-tile-missing: WARNING: org.esa.snap" in doubtful.out
    assert doubtful.run("plan") == 0
    assert logs_read(emulator) == 1


def test_checks_make_it_a_failure_that_is_not_retried(doubtful: Project) -> None:
    doubtful.manifest.write_text(MANIFEST + "    retries: 2\n    checks: {dem-tile-missing: error}\n", "utf-8")
    assert doubtful.run("apply", "--yes") == 4
    assert "succeeded, and `checks:` makes dem-tile-missing an error" in doubtful.out
    assert not (doubtful.folder / "results" / "index.csv").exists()
    assert doubtful.run("status", "--exit-code") == 4
    assert "job.subset  failed earlier; not retried (--retry-failed): the job succeeded" in doubtful.out
    doubtful.manifest.write_text(MANIFEST + "    checks: {dem-tile-missing: info}\n", "utf-8")
    assert doubtful.run("apply", "--yes") == 0
    assert "Remarks" not in doubtful.out
    assert doubtful.run("status") == 0
    assert "Remarks" not in doubtful.out


@pytest.mark.parametrize("below", ["checks: {dem-tile-missing: error}\n", "    checks: {dem-tile-missing: error}\n"])
def test_what_reads_the_ledger_alone_knows_what_checks_make_a_failure(doubtful: Project, below: str) -> None:
    assert doubtful.run("apply", "--yes") == 0
    assert doubtful.run("status", "--offline", "--exit-code") == 0
    assert "Remarks\n  job.subset: a tile" in doubtful.out
    doubtful.manifest.write_text(MANIFEST + below, "utf-8")
    assert doubtful.run("plan") == 0
    (planned,) = [line for line in doubtful.out.splitlines() if line.startswith("    job.subset: failed earlier")]
    assert doubtful.run("status", "--offline", "--exit-code") == 4
    assert planned.strip().replace("job.subset:", "job.subset ") in doubtful.out
    online, offline = doubtful.json("status")["jobs"], doubtful.json("status", "--offline")["jobs"]
    assert online == offline
    assert [(job["reason"], job["remarks"][0]["severity"]) for job in offline] == [("failed", "error")]
    assert doubtful.run("results", "--format", "csv") == 0
    assert next(csv.DictReader(doubtful.out.splitlines()))["state"] == "failed"
    copy = doubtful.folder / "copy"
    assert doubtful.run("results", "--to", str(copy)) == 0
    assert next(csv.DictReader((copy / "results/index.csv").read_text("utf-8").splitlines()))["state"] == "failed"


def test_checks_that_hide_a_remark_hide_it_offline_too(doubtful: Project) -> None:
    assert doubtful.run("apply", "--yes") == 0
    doubtful.manifest.write_text(MANIFEST + "    checks: {dem-tile-missing: info}\n", "utf-8")
    assert doubtful.run("status", "--offline") == 0
    assert "Remarks" not in doubtful.out


@pytest.mark.parametrize(
    "text", ["- no mapping", "\0", "jobs: [", MANIFEST + "    grpah: a.xml\n    checks: {dem-tile-missing: error}\n"]
)
def test_the_ledger_is_shown_beside_a_manifest_with_errors_and_says_so(doubtful: Project, text: str) -> None:
    assert doubtful.run("apply", "--yes") == 0
    doubtful.manifest.write_text(text, "utf-8")
    for words in (["status", "--offline"], ["results", "--format", "csv"]):
        assert doubtful.run(*words) == 0
        assert "job.subset" in doubtful.out
        assert "[checks-not-read]" in doubtful.err
    doubtful.manifest.unlink()
    assert doubtful.run("status", "--offline") == 0
    assert "checks-not-read" not in doubtful.err


def test_a_clean_log_is_read_once_and_says_nothing(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    assert "Remarks" not in project.out
    assert project.run("apply", "--yes") == 0
    assert logs_read(emulator) == 1


def test_a_log_that_is_refused_takes_no_result(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault("status", path="*/logs", times=None, status=403))
    assert project.run("apply", "--yes") == 0
    assert (project.folder / "results" / "index.csv").exists()


def test_a_log_that_comes_late_reaches_the_index_too(doubtful: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.change_behaviour({"logs": "late", "log_delay": 3600})
    assert doubtful.run("apply", "--yes") == 0
    index = doubtful.folder / "results" / "index.csv"
    assert next(csv.DictReader(index.read_text("utf-8").splitlines()))["remarks"] == ""
    with emulator.model() as wire:
        wire.service.change_behaviour({"logs": "full"})
    assert doubtful.run("apply", "--yes") == 0
    assert next(csv.DictReader(index.read_text("utf-8").splitlines()))["remarks"] == "dem-tile-missing"
    index.unlink()
    # What the user removed is not written again for nothing.
    assert doubtful.run("apply", "--yes") == 0
    assert not index.exists()
