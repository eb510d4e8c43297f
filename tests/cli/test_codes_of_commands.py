"""The diagnostic codes of commands in states that are rare, each from a real run."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.engine.inspection import doctor
from eocanvas_apply.observing import observer
from tests.cli.conftest import Project


def codes(project: Project, *words: str, code: int) -> list[str]:
    return [each["code"] for each in project.json(*words, code=code)["diagnostics"]]


def fault(emulator: RunningEmulator, *given: Any, **options: Any) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault(*given, **options))


def test_another_account_than_the_manifest_names(project: Project) -> None:
    project.change("project: coast", "project: coast\naccount: joe")
    assert codes(project, "plan", code=1) == ["wrong-account"]


def test_a_plan_without_the_service(project: Project) -> None:
    assert "planned-offline" in codes(project, "plan", "--offline", code=0)


def test_a_job_that_is_not_recorded(project: Project) -> None:
    assert codes(project, "forget", "subset", code=1) == ["not-recorded"]


def test_a_job_whose_log_is_gone(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    fault(emulator, "status", path="*/logs", times=None, status=404)
    assert codes(project, "logs", "subset", code=1) == ["no-log"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only some systems have a device that is always full")
def test_a_log_that_cannot_be_written(project: Project) -> None:
    assert project.run("plan", "--log", "/dev/full") == 0
    assert "[log-unwritable]" in project.err


def test_a_key_of_this_project_that_the_ledger_does_not_know(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    (project.folder / ".eocanvas" / "default.jsonl").unlink()
    assert "key-unknown-to-ledger" in codes(project, "doctor", code=1)


def test_a_proxy_that_cannot_be_used(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.test:70")
    assert codes(project, "plan", code=1) == ["bad-network-settings"]


def test_a_refused_launch_is_not_tried_again(project: Project, emulator: RunningEmulator) -> None:
    fault(emulator, "status", method="POST", path="*/execution", times=None, status=400)
    project.run("apply", "--yes")
    results = project.json("apply", "--yes", code=4)["results"]
    assert [each["error"]["code"] for each in results if each["error"]] == ["launch-refused"]


def test_a_job_whose_key_cannot_be_created(project: Project, emulator: RunningEmulator) -> None:
    fault(emulator, "status", method="POST", path="*/keys", times=None, status=400)
    results = {each["address"]: each for each in project.json("apply", "--yes", code=4)["results"]}
    assert results["job.subset"]["error"]["code"] == "not-started"


class TestLostAnswers:
    @pytest.fixture(autouse=True)
    def _lost(self, project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("EOCANVAS_APPLY_SETTLE", "10m")
        fault(emulator, "drop-after", method="POST", path="*/execution")
        # What the service shows is not readable for as long as the launch is looked for.
        assert project.run("apply", "--yes", "--no-wait") in (3, 4)

    def test_a_launch_that_is_found_needs_no_decision(self, project: Project, emulator: RunningEmulator) -> None:
        with emulator.model() as wire:
            assert len(list(wire.service.jobs.every())) == 1
        if project.json("plan")["actions"][-1]["action"] != "adopt":
            pytest.fail(project.out)
        assert codes(project, "resolve", "subset", "--launch", code=5) == ["launch-found"]


@pytest.mark.parametrize(("seconds", "found"), [(300, "clock-skew"), (-300, "clock-skew"), (30, None)])
def test_a_clock_that_is_wrong(seconds: int, found: str | None) -> None:
    engine = SimpleNamespace(service=SimpleNamespace(time=SimpleNamespace(skew=timedelta(seconds=seconds))))
    diagnostic = doctor._clock(engine).diagnostic  # type: ignore[arg-type]
    assert (diagnostic.code if diagnostic else None) == found


def test_a_job_of_another_address_cannot_be_adopted(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_SETTLE", "10m")
    assert project.run("apply", "--yes") == 0
    first = project.json("status")["jobs"][0]["job_id"]
    text = project.manifest.read_text(encoding="utf-8")
    second = text[text.index("  subset:") :].replace("  subset:", "  second:").replace("results}", "second}")
    project.manifest.write_text(text + second, encoding="utf-8")
    fault(emulator, "drop-after", method="POST", path="*/execution")
    # The mark in the log would tell at once whose job it is.
    fault(emulator, "status", method="GET", path="*/logs", times=None, status=404)
    project.run("apply", "--yes", "--no-wait")
    assert codes(project, "resolve", "second", "--adopt", first, code=1) == ["job-taken"]


def test_a_job_that_is_only_on_record(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    assert project.run("forget", "subset") == 0
    text = project.manifest.read_text(encoding="utf-8")
    project.manifest.write_text(text[: text.index("jobs:")], encoding="utf-8")
    assert codes(project, "why", "job.subset", code=1) == ["not-planned"]


def test_a_key_that_is_still_there_after_its_deletion(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    fault(emulator, "status", method="DELETE", path="*/keys/*", times=None, status=204, body="")
    results = project.json("destroy", "--yes", "--no-wait", code=4)["results"]
    assert "key-still-there" in {each["error"]["code"] for each in results if each["error"]}


def test_a_product_that_the_catalogue_does_not_have(project: Project) -> None:
    text = project.manifest.read_text(encoding="utf-8")
    url = "{product: NOWHERE, dataset_id: 'EO:EUM:DAT:SENTINEL-3:OL_2_WFR___', uncompress: true, sub_path: x.xml}"
    begin, end = text.index("{key: scenes"), text.index("}}\n    output")
    project.manifest.write_text(text[:begin] + url + text[end + 1 :], encoding="utf-8")
    results = project.json("apply", "--yes", code=4)["results"]
    assert "product-not-found" in {each["error"]["code"] for each in results if each["error"]}


def test_a_plan_does_not_wait_for_a_slow_list_of_processes(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observer, "_PROCESSES_S", 0.05)
    fault(emulator, "status", path="*/processes", times=None, status=200, body={"processes": [{"id": "other"}]})
    assert codes(project, "plan", code=0) == ["process-unknown"]
    fault(emulator, "delay", path="*/processes", times=None, seconds=3)
    assert codes(project, "plan", code=0) == []
