"""`validate --online`: what only the service knows, read without a secret, and nothing changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.keystore import StoredKey
from eocanvas_apply.observing import observer
from eocanvas_apply.service import connection
from tests.cli.conftest import Project

RAW = "  shear: {process: PROCESS, inputs: {area: Sindian}}\n"
EXISTING = "  shared: {type: existing, name: team-key, storage: s3}\n"


@pytest.fixture(autouse=True)
def _without_secrets(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SCENES_ACCESS_KEY", "SCENES_SECRET_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setattr(connection, "PAUSES_S", (0.0, 0.0))


def codes(project: Project, *, code: int) -> list[str]:
    document = project.json("validate", "--online", code=code)
    return sorted(each["code"] for each in document["diagnostics"])


def add_job(project: Project, process: str) -> None:
    project.change("jobs:\n", "jobs:\n" + RAW.replace("PROCESS", process))


def test_a_sound_project_sends_only_reads_and_writes_nothing(project: Project, emulator: RunningEmulator) -> None:
    before = sorted(project.folder.rglob("*"))
    assert project.run("validate", "--online") == 0, project.err
    with emulator.model() as wire:
        sent = [(each.request.method, Path(each.request.path).name) for each in wire.received]
    assert list(dict.fromkeys(sent)) == [("POST", "gettoken"), ("GET", "processes")]
    assert sorted(project.folder.rglob("*")) == before


def test_a_process_that_the_service_does_not_show_is_an_error_at_its_line(project: Project) -> None:
    add_job(project, "shearwater-dmeo")
    assert project.run("validate") == 0
    assert project.run("validate", "--online") == 1
    assert "eocanvas.yaml:12:20: error: the service has no process 'shearwater-dmeo'" in project.err
    assert "did you mean shearwater-demo?" in project.err
    assert "no errors" not in project.out
    assert codes(project, code=1) == ["process-unknown"]


@pytest.mark.parametrize("status", [404, 405, 500])
def test_without_the_list_of_processes_they_are_not_checked(
    status: int, project: Project, emulator: RunningEmulator
) -> None:
    add_job(project, "shearwater-dmeo")
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/processes", status=status, times=None))
    assert codes(project, code=0) == ["processes-not-checked"]


def test_a_service_that_is_not_reached_is_an_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:1/serverless")
    assert project.run("validate", "--online") == 1
    assert "did not reach http://127.0.0.1:1: connection refused [service-unreachable]" in project.err
    assert "no errors" not in project.out


def test_an_existing_key_that_is_not_there_is_an_error(project: Project) -> None:
    project.change("jobs:\n", EXISTING + "jobs:\n")
    assert codes(project, code=1) == ["existing-key-missing"]


def test_a_fixed_name_is_taken_only_where_the_key_is_of_another_project(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SCENES_ACCESS_KEY", "a")
    monkeypatch.setenv("SCENES_SECRET_KEY", "b")
    project.change("    type: s3\n", "    type: s3\n    name: coast-scenes\n")
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert codes(project, code=0) == []
    project.change("project: coast", "project: other")
    assert codes(project, code=1) == ["key-name-taken"]


def give(emulator: RunningEmulator, owner: str, name: str, *, public: bool, description: str = "") -> None:
    with emulator.model() as wire:
        now = datetime.now(UTC)
        wire.service.keystore.take(StoredKey(name, "S3", public, description, owner, now, 0, None, None))


@pytest.mark.parametrize("foreign", ["403", "404"])
def test_a_private_key_of_another_owner_is_an_error_whether_the_service_shows_it_or_not(
    foreign: Literal["403", "404"], project: Project, emulator: RunningEmulator
) -> None:
    give(emulator, "ann", "team-key", public=False)
    with emulator.model() as wire:
        wire.service.behaviour = replace(wire.service.behaviour, foreign_key=foreign)
        wire.service.keystore.behaviour = wire.service.behaviour
    project.change("jobs:\n", EXISTING + "jobs:\n")
    assert codes(project, code=1) == ["existing-key-private" if foreign == "403" else "existing-key-missing"]
    assert project.run("validate", "--online") == 1
    assert "eocanvas.yaml:11:3: error: the service " in project.err


def test_a_key_that_the_service_refuses_as_if_for_the_account_is_of_another_owner(
    project: Project, emulator: RunningEmulator
) -> None:
    project.change("jobs:\n", EXISTING + "jobs:\n")
    with emulator.model() as wire:
        wire.faults.append(Fault("unauthorized", "GET", "*/keys/team-key", times=None))
    assert codes(project, code=1) == ["existing-key-private"]


def test_a_public_key_of_another_owner_can_be_used(project: Project, emulator: RunningEmulator) -> None:
    give(emulator, "ann", "team-key", public=True)
    project.change("jobs:\n", EXISTING + "jobs:\n")
    assert codes(project, code=0) == []


def test_a_private_key_that_the_list_shows_can_be_allowed(project: Project, emulator: RunningEmulator) -> None:
    give(emulator, "ann", "team-key", public=False)
    mine = {"name": "mine", "type": "S3", "public": False, "owner": "jane"}
    anns = {"name": "team-key", "type": "S3", "public": False, "owner": "ann"}
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/keys", status=200, body=[mine, anns], times=None))
    project.change("jobs:\n", EXISTING + "jobs:\n")
    (found,) = project.json("validate", "--online", code=1)["diagnostics"]
    assert (found["code"], found["severity"], found["line"]) == ("existing-key-private", "error", 11)
    project.change("jobs:\n", "checks: {existing-key-private: warning}\njobs:\n")
    for command in (["validate", "--online"], ["plan"]):
        found = project.json(*command, code=0)["diagnostics"]
        assert [each["severity"] for each in found if each["code"] == "existing-key-private"] == ["warning"]


def test_a_fixed_name_of_another_owner_is_taken_even_with_the_description_of_this_project(
    project: Project, emulator: RunningEmulator
) -> None:
    project.change("    type: s3\n", "    type: s3\n    name: coast-scenes\n")
    give(emulator, "ann", "coast-scenes", public=True, description="eocanvas-apply coast key.scenes 1234")
    # As long as no key of the account shows how the service spells its owner, another spelling proves nothing.
    assert codes(project, code=0) == []
    give(emulator, "jane", "janes", public=False)
    (found,) = project.json("validate", "--online", code=1)["diagnostics"]
    assert found["code"] == "key-name-taken"
    assert "is of the owner 'ann'" in found["message"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_keys_of_one_name_that_of_the_account_counts(
    order: int, project: Project, emulator: RunningEmulator
) -> None:
    project.change("jobs:\n", EXISTING + "jobs:\n")
    listed = [{"name": "team-key", "type": "S3", "public": False, "owner": owner} for owner in ("ann", "jane")]
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/keys", status=200, body=listed[::order], times=None))
    assert codes(project, code=0) == []


def test_a_fixed_name_that_the_service_keeps_from_the_account_may_be_taken(
    project: Project, emulator: RunningEmulator
) -> None:
    project.change("    type: s3\n", "    type: s3\n    name: coast-scenes\n")
    give(emulator, "ann", "coast-scenes", public=False)
    (found,) = project.json("validate", "--online", code=0)["diagnostics"]
    assert (found["code"], found["severity"]) == ("key-name-taken", "warning")


def test_offline_findings_stand_beside_the_fault_of_the_service(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDA_PASSWORD", "wrong")
    project.change("    bucket: scenes\n", "    bucket: scenes\n    expires_in: 1h\n")
    assert codes(project, code=1) == ["key-too-short", "login-refused"]


DESCRIBED = {
    "area": {"schema": {"type": "string", "enum": ["Sindian", "Baltic"]}},
    "startDay": {"schema": {"type": "string", "default": "2024-07-01"}},
    "cells": {"schema": {"type": "integer", "maximum": 10}, "minOccurs": 0},
}


def described(emulator: RunningEmulator, inputs: object) -> None:
    with emulator.model() as wire:
        body = {"id": "shearwater-demo", "inputs": inputs}
        wire.faults.append(Fault("status", "GET", "*/processes/shearwater-demo", status=200, body=body, times=None))


@pytest.mark.parametrize(
    ("inputs", "found"),
    [
        ("{area: Sindian}", []),
        ("{area: Sindian, cells: 10}", []),
        ("{startDay: '2024-07-02'}", ["process-input-missing"]),
        ("{area: Sindian, cels: 1}", ["process-input-unknown"]),
        ("{area: Paris}", ["process-input-value"]),
        ("{area: 5, cells: 11}", ["process-input-value", "process-input-value", "process-input-value"]),
    ],
)
def test_inputs_are_judged_by_what_the_service_describes(
    inputs: str, found: list[str], project: Project, emulator: RunningEmulator
) -> None:
    described(emulator, DESCRIBED)
    project.change("jobs:\n", f"jobs:\n  shear: {{process: shearwater-demo, inputs: {inputs}}}\n")
    document = project.json("validate", "--online", code=int(bool({*found} - {"process-input-unknown"})))
    assert [each["code"] for each in document["diagnostics"]] == found
    assert {each["line"] for each in document["diagnostics"]} <= {12}


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        [],
        None,
        "text",
        {"area": "text"},
        {"area": {"schema": {"type": 5}}},
        {"area": {"schema": {"$ref": "https://elsewhere.test/schema"}}},
        {"area": {"schema": {"pattern": "(a+)+$"}}},
        {"area": {"schema": {"enum": ["x" * 30_000]}}},
        {"area": {"schema": {"not": {"not": {"type": "string"}}}}},
    ],
)
def test_an_odd_description_says_nothing_of_an_input(
    inputs: object, project: Project, emulator: RunningEmulator
) -> None:
    described(emulator, inputs)
    project.change(
        "jobs:\n", "jobs:\n  shear: {process: shearwater-demo, inputs: {area: aaaaaaaaaaaaaaaaaaaaaaaaaaaa!}}\n"
    )
    assert codes(project, code=0) == []


def test_a_fault_of_many_rows_is_reported_once(project: Project, emulator: RunningEmulator) -> None:
    described(emulator, DESCRIBED)
    rows = "for_each: {list: [{id: a}, {id: b}, {id: c}]}"
    job = f"  shear: {{process: shearwater-demo, {rows}, inputs: {{area: '${{each.id}}'}}}}\n"
    project.change("jobs:\n", f"jobs:\n{job}")
    (found,) = project.json("validate", "--online", code=1)["diagnostics"]
    assert found["message"].endswith("(and in 2 more rows)")


def test_a_plan_judges_the_inputs_too_and_asks_once_for_each_process(
    project: Project, emulator: RunningEmulator
) -> None:
    described(emulator, DESCRIBED)
    jobs = "".join(f"  shear{n}: {{process: shearwater-demo, inputs: {{area: Paris}}}}\n" for n in range(3))
    project.change("jobs:\n", f"jobs:\n{jobs}")
    found = [each for each in project.json("plan")["diagnostics"] if each["code"] == "process-input-value"]
    assert [(each["severity"], each["line"], each["column"]) for each in found] == [
        ("warning", line, 53) for line in (12, 13, 14)
    ]
    with emulator.model() as wire:
        asked = [each for each in wire.received if each.request.path.endswith("/processes/shearwater-demo")]
    assert len(asked) == 1


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", status=404),
        Fault("status", status=403),
        Fault("status", status=500),
        Fault("unauthorized"),
        Fault("html"),
        Fault("truncate"),
        Fault("status", status=200, body="[" * 100_000),
        Fault("status", status=200, body='{"inputs": {"area": {"title": "' + "x" * 5_000_000 + '"}, "day": {}}}'),
    ],
    ids=lambda fault: f"{fault.kind}-{fault.status}",
)
def test_a_description_that_cannot_be_read_says_nothing_in_a_plan(
    fault: Fault, project: Project, emulator: RunningEmulator
) -> None:
    project.change("jobs:\n", "jobs:\n  shear: {process: shearwater-demo, inputs: {area: Paris}}\n")
    with emulator.model() as wire:
        wire.faults.append(replace(fault, method="GET", path="*/processes/shearwater-demo", times=None))
    found = project.json("plan")["diagnostics"]
    assert {each["code"] for each in found} == {"secret-absent"}


def test_neither_a_plan_nor_a_check_waits_for_a_slow_description(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observer, "_PROCESSES_S", 0.05)
    monkeypatch.setenv("EOCANVAS_APPLY_REQUEST_TIMEOUT", "500ms")
    project.change("jobs:\n", "jobs:\n  shear: {process: shearwater-demo, inputs: {area: Paris}}\n")
    described(emulator, DESCRIBED)
    with emulator.model() as wire:
        slow = Fault("delay", "GET", "*/processes/shearwater-demo", times=None, seconds=3)
        wire.faults.append(slow)
    assert {each["code"] for each in project.json("plan")["diagnostics"]} == {"secret-absent"}
    assert codes(project, code=0) == []


def test_a_description_that_is_refused_is_no_error(project: Project, emulator: RunningEmulator) -> None:
    project.change("jobs:\n", "jobs:\n  shear: {process: shearwater-demo, inputs: {area: Paris}}\n")
    with emulator.model() as wire:
        wire.faults.append(Fault("unauthorized", "GET", "*/processes/shearwater-demo", times=None))
    assert codes(project, code=0) == []


def test_what_is_odd_about_a_list_that_comes_last_stands_in_the_plan_too(
    project: Project, emulator: RunningEmulator
) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/processes", status=200, body={"processes": [5]}, times=None))
        wire.faults.append(Fault("delay", "GET", "*/processes", seconds=0.5, times=None))
    assert "service-entry-unreadable" in {each["code"] for each in project.json("plan")["diagnostics"]}


def test_an_empty_list_of_processes_is_a_fault_of_the_service(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "GET", "*/processes", status=200, body={"processes": []}, times=None))
    assert codes(project, code=0) == ["processes-not-checked"]
    assert {each["code"] for each in project.json("plan")["diagnostics"]} == {"secret-absent"}
