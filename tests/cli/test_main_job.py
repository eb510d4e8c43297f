"""The commands one after the other, as a user types them, against the emulator over HTTP."""

from __future__ import annotations

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import CANARIES, Project

SCHEMAS = Path(__file__).parents[2] / "schemas"


def _fits(name: str, document: dict[str, Any]) -> None:
    Draft202012Validator(json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))).validate(document)


def test_the_commands_from_plan_to_destroy(project: Project) -> None:
    assert project.run("validate") == 0
    assert project.out.endswith("1 key and 1 job, no errors\n")

    planned = project.json("plan", "--detailed-exitcode", code=2)
    _fits("plan", planned)
    assert [(a["address"], a["action"]) for a in planned["actions"]] == [
        ("key.scenes", "create"),
        ("job.subset", "launch"),
    ]
    assert (planned["ledger_id"], planned["ledger_head"]) == (None, 0)
    assert not (project.folder / ".eocanvas").exists()

    applied = project.json("apply", "--yes")
    _fits("apply-result", applied)
    assert applied["plan_id"] == planned["plan_id"]
    assert applied["summary"] == {"done": 2, "failed": 0, "waiting": 0, "skipped": 0}
    assert re.search(r"\d\d:\d\d:\d\d job\.subset launched [0-9a-f-]{36}\n", project.err)

    (stored,) = project.json("results")["results"]
    assert (project.folder / stored["file"]).stat().st_size == stored["size"]
    assert (project.folder / "results/index.csv").exists()

    again = project.json("plan", "--detailed-exitcode")
    _fits("plan", again)
    assert {a["action"] for a in again["actions"]} == {"none"}
    assert project.run("apply") == 0
    assert project.out == "Results\n  job.subset: 1 file, 4.1 kB in results/\n1 key and 1 job: 2 done.\n"


def test_status_why_logs_and_ledger_show_the_job(project: Project) -> None:
    assert project.run("apply", "--yes") == 0

    status = project.json("status")
    assert [(job["address"], job["status"], job["reason"]) for job in status["jobs"]] == [
        ("job.subset", "successful", "done")
    ]
    assert status["keys"][0]["status"] == "live"
    assert status["windows"] == []
    assert project.run("status") == 0
    assert "1 of 1" in project.out

    assert project.run("why", "subset") == 0
    assert project.out.startswith("job.subset: succeeded\n")
    assert project.json("why", "key.scenes")["why"][0]["reason"] == "not-needed"

    assert project.run("logs", "sub") == 0
    assert "SNAP execution completed successfully" in project.out
    assert "export WKS_USER=***" in project.out
    assert "export WKS_PASSWORD=***" in project.out
    assert not re.search(r"[A-Za-z0-9+/]{200}", project.out)
    assert project.json("logs", "subset")["logs"][0]["message"].endswith("***")

    assert project.run("ledger", "verify") == 0
    for entry in project.json("ledger", "show")["ledger"]:
        _fits("ledger-event", entry)
    assert project.run("doctor") == 0
    assert "RSA-2048" in project.out


def test_a_changed_definition_is_reported_and_run_again(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    project.change("20 58, 21 58", "20 58, 22 58")
    assert project.run("plan") == 0
    assert "-/+ job.subset: relaunch (definition changed)" in project.out
    assert "Running again uses 1 unit of the quota." in project.out
    assert project.run("why", "subset") == 0
    assert "  params.aoi: " in project.out
    assert project.json("apply", "--yes")["results"][1]["action"] == "relaunch"


def test_destroy_leaves_nothing_behind_but_the_results(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    document = project.json("destroy", "--yes")
    _fits("apply-result", document)
    assert {(r["address"], r["action"], r["outcome"]) for r in document["results"]} == {
        ("key.scenes", "delete", "done"),
        ("job.subset", "forget", "done"),
    }
    with emulator.model() as wire:
        assert not [key for key in wire.service.keystore if project.folder.name in key.description]
    assert list((project.folder / "results").glob("*.nc"))


@pytest.mark.parametrize("command", ["apply", "destroy"])
def test_nothing_is_done_without_confirmation(command: str, project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    project.change("20 58, 21 58", "20 58, 22 58")
    head = project.json("plan")["ledger_head"]
    assert project.run(command) == 5
    assert "hint: add --yes" in project.err
    assert project.json("plan")["ledger_head"] == head


def test_no_wait_is_one_turn_and_the_next_run_continues(project: Project) -> None:
    assert project.json("apply", "--yes", "--no-wait", code=3)["summary"]["waiting"] == 1
    assert project.json("apply", "--yes", "--wait", "30s")["summary"] == {
        "done": 2,
        "failed": 0,
        "waiting": 0,
        "skipped": 0,
    }


def test_a_failed_job_ends_with_4_and_names_the_log(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    assert "Failed\n  job.subset: graph: " in project.out
    assert "eocanvas-apply logs job.subset shows the whole log" in project.out
    assert project.run("logs", "subset") == 0
    assert "exit status 40" in project.out
    assert project.run("apply", "--yes") == 4


def test_a_lost_answer_waits_and_a_person_may_decide(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_SEND_WITHIN", "1s")
    monkeypatch.setenv("EOCANVAS_APPLY_REQUEST_TIMEOUT", "1s")
    with emulator.model() as wire:
        wire.faults.append(Fault("drop-before", "POST", "*/execution"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("why", "subset") == 0
    assert "job.subset: sent, but not known yet whether the service took it\n" in project.out
    assert "next: wait until 20" in project.out
    assert project.run("resolve", "subset") == 1
    assert "--adopt" in project.err
    assert project.run("resolve", "subset", "--adopt", "no-such-job") == 1
    assert "knows no job no-such-job" in project.err
    refused = project.json("resolve", "subset", "--launch", code=5)["diagnostics"]
    assert [each["code"] for each in refused] == ["answer-open"]
    assert re.match(r"wait until 20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC; ", refused[0]["hint"])
    monkeypatch.setenv("EOCANVAS_APPLY_SETTLE", "1ms")
    for _ in range(200):
        if project.run("resolve", "subset", "--launch", "--format", "json") != 5:
            break
        time.sleep(0.05)
    assert json.loads(project.out)["resolve"] == [{"address": "job.subset", "decision": "launch", "job_id": None}]
    assert project.run("apply", "--yes") == 0
    assert project.run("resolve", "subset", "--launch") == 1
    assert "[nothing-to-resolve]" in project.err


def test_why_names_the_jobs_to_decide_between(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_SETTLE", "100ms")
    monkeypatch.setenv("EOCANVAS_APPLY_SEND_WITHIN", "1s")
    monkeypatch.setenv("EOCANVAS_APPLY_REQUEST_TIMEOUT", "1s")
    with emulator.model() as wire:
        as_it_was = wire.service.behaviour
        wire.service.behaviour = as_it_was.changed({"logs": "empty"})
        before = {job.id for job in wire.service.jobs.every()}
        wire.faults.append(Fault("drop-after", "POST", "*/execution"))
    try:
        assert project.run("apply", "--yes") == 7
        assert "a decision is needed" in project.out
        with emulator.model() as wire:
            (job_id,) = {job.id for job in wire.service.jobs.every()} - before
        assert project.run("why", "subset") == 0
        assert "possible jobs:\n" in project.out
        assert f"\n  {job_id}: successful, created 20" in project.out
        assert job_id in {each["job_id"] for each in project.json("why", "subset")["why"][0]["candidates"]}
        assert project.run("resolve", "subset", "--adopt", job_id) == 0
    finally:
        with emulator.model() as wire:
            wire.service.behaviour = as_it_was


def test_a_lost_answer_is_adopted_by_hand(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.behaviour = wire.service.behaviour.changed({"list_lag": 3600})
        before = {job.id for job in wire.service.jobs.every()}
        wire.faults.append(Fault("drop-after", "POST", "*/execution"))
    try:
        assert project.run("apply", "--yes", "--no-wait") == 3
        with emulator.model() as wire:
            (job_id,) = {job.id for job in wire.service.jobs.every()} - before
        assert project.run("resolve", "subset", "--adopt", job_id) == 0
        assert project.out.startswith(f"job.subset is job {job_id} (")
    finally:
        with emulator.model() as wire:
            wire.service.behaviour = wire.service.behaviour.changed({"list_lag": 0})
    assert project.run("apply", "--yes") == 0
    assert project.run("results") == 0
    assert project.out.splitlines()[1].startswith("job.subset  4,096 B  results/")


def test_forget_says_that_the_manifest_still_wants_it(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    assert project.run("forget", "subset") == 0
    assert "[still-in-manifest]" in project.err
    assert project.json("results")["results"] == []
    assert project.run("results") == 0
    assert project.out == "No results yet; what jobs are doing: eocanvas-apply status\n"
    assert project.json("plan")["actions"][1]["reason"] == "returned"
    assert project.run("forget", "scenes") == 1
    assert "[not-a-job]" in project.err


def test_a_safety_rule_names_its_flag(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    text = project.manifest.read_text(encoding="utf-8")
    project.manifest.write_text(text.partition("keys:")[0], encoding="utf-8")
    assert project.run("plan") == 0
    assert "--allow-empty" in project.err
    assert project.run("apply", "--yes") == 5
    assert project.run("apply", "--yes", "--allow-empty") == 0


def test_no_secret_is_printed_or_written(project: Project) -> None:
    log = project.folder / "run.log"
    said = ""
    for words in (["apply", "--yes", "-v", "--log", str(log)], ["plan"], ["status"], ["why", "key.scenes"], ["doctor"]):
        project.run(*words)
        said += project.out + project.err
    written = "".join(path.read_text(errors="replace") for path in project.folder.rglob("*") if path.is_file())
    assert "GET" in log.read_text(encoding="utf-8")
    for canary in (*CANARIES.values(), "correct-horse"):
        assert canary not in said + written


def test_unknown_addresses_suggest_a_similar_one(project: Project) -> None:
    assert project.run("why", "subste") == 1
    assert "subset" in project.err
    assert project.run("logs", "subset") == 1
    assert "job.subset has no job yet" in project.err


def test_a_failed_job_runs_again_when_asked_to(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    assert project.run("status") == 0
    assert "job.subset  graph: " in project.out
    assert project.run("plan", "--detailed-exitcode") == 4
    assert project.run("plan", "--retry-failed") == 0
    assert "retry (requested on the command line)" in project.out
    assert project.run("apply", "--yes", "--retry-failed") == 0
    assert project.run("apply", "--yes", "--relaunch", "subset") == 0
    assert project.run("plan", "--relaunch", "missing") == 1


def test_a_part_is_selected_by_name_and_number(project: Project) -> None:
    planned = project.json("plan", "--only", "key.scenes")
    assert [(a["address"], a["action"], a["reason"]) for a in planned["actions"]] == [
        ("key.scenes", "create", "new"),
        ("job.subset", "none", "not-selected"),
    ]
    assert project.json("plan", "--only", "sub", "--limit", "1")["summary"]["launch"] == 1
    assert project.run("plan", "--only", "subsat") == 1
    assert "nothing here is called 'subsat'" in project.err
    assert "did you mean" in project.err
    assert project.run("apply", "--limit", "0") == 1
    assert "'0' is not a number of launches" in project.err


def test_a_job_is_cancelled_and_stays_so(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        # It runs for as long as the commands take, however slow the machine is.
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("cancel", "subset") == 1
    assert "nothing of subset is running [nothing-in-flight]" in project.err
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("cancel", "subset") == 5
    assert "dismiss (requested on the command line)" in project.err
    document = project.json("cancel", "subset", "--yes")
    (found,) = document["cancel"]
    assert (found["address"], found["became"]) == ("job.subset", "dismissed")
    assert project.run("apply", "--yes") == 0
    assert "job.subset: cancelled" in project.out
    assert project.run("why", "subset") == 0
    assert "apply --relaunch job.subset runs it again" in project.out


def test_a_job_that_cannot_be_stopped_is_reported_as_running(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        before = wire.service.behaviour
        wire.service.behaviour = replace(before, dismiss="501")
        wire.service.job_faults.append(JobFault("stuck", "*"))
    try:
        assert project.run("apply", "--yes", "--no-wait") == 3
        assert project.run("cancel", "subset", "--yes") == 4
    finally:
        with emulator.model() as wire:
            wire.service.behaviour = before
    assert "cannot be stopped; it runs to its end" in project.out
    assert "[cannot-dismiss]" in project.err
    assert project.run("apply", "--yes", "--no-wait") == 3


def test_destroy_is_unfinished_as_long_as_a_key_is_there(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.behaviour = replace(wire.service.behaviour, dismiss="501")
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    document = project.json("destroy", "--yes", "--no-wait", code=3)
    waiting = [(r["address"], r["action"]) for r in document["results"] if r["outcome"] == "waiting"]
    assert waiting == [("key.scenes", "delete")]
    assert project.run("destroy", "--yes", "--no-wait") == 3
    assert "key.scenes: delete (destroy requested: it is deleted when the jobs that use it have ended)" in project.err
    assert "1 waiting; eocanvas-apply destroy continues" in project.out
