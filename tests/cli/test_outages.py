"""A service that goes away: what commands say meanwhile, and what an apply still says when that ends it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Collection, Iterator
from datetime import timedelta

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.engine.inspection import preflight
from eocanvas_apply.service import connection
from eocanvas_apply.storage.probe import Stock
from tests.cli.conftest import Project
from tests.emulator.model_client import private_key

GONE = "service gives no usable answer since "
# How many pages of the list of jobs one look reads.
PAGES = 2


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    """One whose job does not end during a test, however busy the machine is."""
    with running(Options(job_time=3600, private_key=private_key())) as emulator:
        yield emulator


@pytest.fixture(name="gone")
def _gone(project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project, whose service answers nothing but 503 as soon as its job is launched."""
    monkeypatch.setattr(connection, "PAUSES_S", (0.0, 0.0))
    assert project.run("apply", "--yes", "--no-wait") == 3
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/jobs", skip=PAGES, status=503, times=None))
    return project


def test_an_apply_ended_by_the_service_says_what_runs_and_what_goes_on(gone: Project) -> None:
    assert gone.run("apply", "--yes", "--wait", "1s") == 1
    assert gone.err.count(GONE) == 1
    assert re.search(GONE + r"[\d:]{8} UTC \(next try at [\d:]{8} UTC.*: GET /serverless/jobs answered 503", gone.err)
    assert "[service-failed]" in gone.err
    seen = r" \(as of \d\d:\d\d:\d\d UTC\)"
    assert re.match(
        rf"Running{seen}\n  job\.subset\n1 key and 1 job: 1 done, 1 running\.\n"
        rf"ended by an error, 1 running at the service{seen}; eocanvas-apply apply continues\n$",
        gone.out,
    )


def test_its_json_has_every_address(gone: Project) -> None:
    document = gone.json("apply", "--yes", "--wait", "1s", code=1)
    key, job = document["results"]
    assert (key["address"], key["outcome"], job["address"], job["outcome"]) == (
        *("key.scenes", "done"),
        *("job.subset", "waiting"),
    )
    assert job["job_id"]
    assert job["status"] in ("accepted", "running")
    assert [d["code"] for d in document["diagnostics"]] == ["service-failed", "unfinished"]


def test_a_watched_status_says_that_the_service_is_gone_and_ends_with_the_last_one(
    gone: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("eocanvas_apply.service.clock._LONGEST_OUTAGE", timedelta(0))
    assert gone.run("status", "--watch", "--format", "json") == 1
    document = json.loads(gone.out)
    assert [job["address"] for job in document["jobs"]] == ["job.subset"]
    assert [d["code"] for d in document["diagnostics"]] == ["service-failed"]


def test_an_answer_that_does_not_come_is_reported_while_it_is_waited_for(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "_SILENT_S", 0.05)
    with emulator.model() as wire:
        wire.faults.append(Fault("delay", "GET", "*/keys", seconds=0.3))
    assert project.run("plan") == 0
    assert GONE in project.err
    assert "(still waiting for an answer): GET /serverless/keys: no answer of" in project.err
    assert "service answers again" in project.err


def test_validate_online_says_that_it_waits(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_SILENT_S", 0.0)
    assert project.run("validate", "--online") == 0
    assert GONE in project.err


@pytest.mark.parametrize("command", ["validate", "doctor"])
def test_a_storage_that_answers_late_is_named(command: str, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        async def stock(self, paths: Collection[str]) -> Stock:
            await asyncio.sleep(0.001)
            return Stock(dict.fromkeys(paths, 1))

    monkeypatch.setattr(preflight, "_SILENT_S", 0.0)
    monkeypatch.setattr(preflight, "open_probe", lambda *_: Late())
    assert project.run(command, "--storage") == 0
    assert project.err.count("key.scenes: its storage has not answered everything within 0 s; still waiting") == 1
