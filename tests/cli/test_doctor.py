"""`doctor` finds what `plan` would find, each on one line, and exits with 1 for an error."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.keystore import StoredKey
from eocanvas_apply.service.clock import SystemClock
from tests.cli.conftest import Project


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are repeated after pauses; these are skipped here."""

    async def sleep(self: SystemClock, seconds: float) -> None:
        return None

    monkeypatch.setattr(SystemClock, "sleep", sleep)


def faults(project: Project) -> list[str]:
    """The lines of `doctor` that report something; what is an error elsewhere is not printed a second time."""
    project.run("doctor")
    assert project.err == ""
    return [line for line in project.out.splitlines() if line.startswith("!")]


def test_all_is_well(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("doctor") == 0
    subjects = [line.split()[:2] for line in project.out.splitlines()[1:]]
    names = ["manifest", "secrets", "credentials", "account", "service", "public", "clock", "ledger"]
    assert subjects == [["ok", name] for name in names]
    assert "ok  secrets      2 read\n" in project.out


def test_folders_that_cannot_be_written_are_found_once_each(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.change("jobs:\n", "jobs:\n  another: {process: shearwater-demo, inputs: {area: Sindian}}\n")
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert project.run("doctor") == 1
    found = [(line[:2], line.split()[1]) for line in project.out.splitlines() if "cannot be written" in line]
    assert found == [("!!", "ledger"), ("!!", "results")]


def test_unset_secrets_are_found_without_an_account(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SCENES_SECRET_KEY", "HDA_USER"):
        monkeypatch.delenv(variable)
    assert project.run("doctor") == 1
    secret, account = faults(project)
    unset = "secret_key: the environment variable SCENES_SECRET_KEY is not set (Set SCENES_SECRET_KEY.)"
    assert secret == f"!!  key.scenes   {project.manifest}:10: {unset}"
    assert account.startswith("!!  credentials  HDA_PASSWORD is set, but HDA_USER is not")


def test_unset_secrets_stand_in_the_order_of_the_manifest(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("SCENES_SECRET_KEY", "SCENES_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    assert [re.findall(r"yaml:(\d+)", line) for line in faults(project)] == [["9"], ["10"]]


@pytest.mark.parametrize("options", [[], ["--storage"]])
def test_the_command_of_a_secret_runs_once(options: list[str], project: Project) -> None:
    (project.folder / "print_secret.py").write_text(
        "open('runs', 'a').write('x')\nprint('canary-secret-key')\n", encoding="utf-8"
    )
    project.change("{env: SCENES_SECRET_KEY}", f"{{command: [{sys.executable}, print_secret.py]}}")
    project.run("doctor", "--allow-commands", *options)
    assert (project.folder / "runs").read_text(encoding="utf-8") == "x"


def test_a_missing_existing_key_is_found_once(project: Project) -> None:
    project.change("jobs:\n", "  anns: {type: existing, name: ann-s3-key, storage: s3}\njobs:\n")
    document = project.json("doctor", code=1)
    assert [(each["code"], each["address"]) for each in document["diagnostics"]] == [
        ("existing-key-missing", "key.anns")
    ]
    assert [each["found"] for each in document["doctor"] if not each["ok"]] == [
        "the service shows no key named 'ann-s3-key'"
    ]


def test_an_unreachable_service_is_one_line(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    monkeypatch.delenv("EOCANVAS_TOKEN_URL")
    assert project.run("doctor") == 1
    (line,) = faults(project)
    assert line.startswith("!!  service      POST /identity/gettoken did not reach http://127.0.0.1:9: ")
    assert "ok  service" not in project.out


def test_an_address_without_its_path_says_how_it_ends(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_URL", emulator.url.removesuffix("/serverless"))
    (line,) = faults(project)
    assert line.endswith("(Check EOCANVAS_URL; the address of the service usually ends with /serverless.)")


def test_a_manifest_that_was_named_and_is_not_there_is_an_error(project: Project) -> None:
    project.manifest.unlink()
    assert project.run("doctor") == 1
    (line,) = faults(project)
    assert line.startswith(f"!!  manifest     there is no manifest {project.manifest} (`eocanvas-apply init` writes")


def test_a_warning_is_shown_and_is_no_failure(project: Project) -> None:
    project.change(", uncompress: true, sub_path: xfdumanifest.xml", "")
    assert project.run("doctor") == 0
    (line,) = faults(project)
    assert line.startswith(f"!   job.subset   {project.manifest}:15: this archive is given to the process as it is")


def test_the_manifest_sets_the_severity_of_a_warning_about_a_secret(project: Project) -> None:
    (project.folder / "secret").write_text("canary-secret-key\n", encoding="utf-8")
    (project.folder / "secret").chmod(0o644)
    project.change("{env: SCENES_SECRET_KEY}", "{file: secret}")
    (line,) = faults(project)
    assert line.startswith(f"!   key.scenes   {project.manifest}:10: secret_key: every user of this machine can read")
    project.change("jobs:\n", "checks: {secret-file-mode: info}\njobs:\n")
    assert faults(project) == []


def test_a_fault_of_a_key_that_the_plan_finds_has_its_line(project: Project) -> None:
    project.change("jobs:\n", "  anns: {type: existing, name: ann-s3-key, storage: s3}\njobs:\n")
    assert project.run("plan") == 1
    assert f"{project.manifest}:11:3: error: the service shows no key named 'ann-s3-key'" in project.err
    (line,) = faults(project)
    assert line.startswith(f"!!  key.anns     {project.manifest}:11: the service shows no key named")


def test_the_manifest_sets_the_severity_of_what_a_plan_finds(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.behaviour = replace(wire.service.behaviour, expire_cap=4 * 3600)
    assert project.run("apply", "--yes") == 0
    (found,) = project.json("plan")["diagnostics"]
    assert (found["code"], found["severity"], found["line"]) == ("key-lifetime-capped", "warning", 4)
    project.change("jobs:\n", "checks: {key-lifetime-capped: info}\njobs:\n")
    (found,) = project.json("plan")["diagnostics"]
    assert found["severity"] == "info"


def test_a_key_of_another_owner_with_the_description_of_this_project_is_no_lost_one(
    project: Project, emulator: RunningEmulator
) -> None:
    """Two people may use one manifest under one name of the project, each with an account and a ledger."""
    with emulator.model() as wire:
        now = datetime.now(UTC)
        for owner, description in (("ann", "eocanvas-apply coast key.scenes 1234"), ("jane", "")):
            wire.service.keystore.take(StoredKey(f"key-of-{owner}", "S3", True, description, owner, now, 0, None, None))
    assert faults(project) == []
    assert project.json("plan")["diagnostics"] == []


def test_fingerprints_are_compared_under_the_pepper_of_the_environment(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_APPLY_PEPPER", "canary-pepper")
    assert project.run("apply", "--yes") == 0
    assert faults(project) == []
    monkeypatch.setenv("EOCANVAS_APPLY_PEPPER", "canary-pepper\n")
    (line,) = faults(project)
    assert line.startswith("!!  settings  EOCANVAS_APPLY_PEPPER ends with a line end")
