"""Failures before anything is planned: one clear message, the right exit code, never a traceback."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.service.clock import SystemClock
from tests.cli.conftest import Project


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reads are repeated after pauses; these are skipped here."""

    async def sleep(self: SystemClock, seconds: float) -> None:
        return None

    monkeypatch.setattr(SystemClock, "sleep", sleep)


def _error_text(project: Project, *words: str) -> str:
    assert project.run(*words) == 1
    assert project.out == ""
    assert "Traceback" not in project.err
    assert "[internal]" not in project.err
    return project.err


def test_a_wrong_password(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDA_PASSWORD", "wrong-canary")
    message = _error_text(project, "plan")
    assert "jane" in message
    assert "wrong-canary" not in message


def test_no_credentials(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("HDA_USER", "HDA_PASSWORD", "HDA_RC", "EOCANVAS_CONFIG_DIR"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(project.folder))
    assert "Set HDA_USER and HDA_PASSWORD" in _error_text(project, "plan")
    assert project.run("doctor") == 1
    assert "!!  credentials" in project.out


def test_an_unreachable_service_is_a_clear_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    monkeypatch.setenv("EOCANVAS_TOKEN_URL", "http://127.0.0.1:9/gettoken")
    assert "127.0.0.1:9" in _error_text(project, "plan")
    assert project.run("doctor") == 1


@pytest.mark.parametrize("kind", ["html", "truncate"])
def test_an_unreadable_answer_is_a_clear_error(kind: str, project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault(kind, "GET", "*/keys", times=3))  # type: ignore[arg-type]
    assert "/keys" in _error_text(project, "plan")


def test_plain_http_to_another_host_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://example.org/serverless")
    assert "plain http" in _error_text(project, "plan")


@pytest.mark.parametrize("command", ["plan", "validate", "status", "lock"])
def test_a_manifest_that_is_not_there(command: str, project: Project) -> None:
    project.manifest.unlink()
    assert _error_text(project, command) == (
        f"error: there is no manifest {project.manifest} [file-missing]\n"
        "  hint: `eocanvas-apply init` writes a first one; -f FILE names another.\n\n1 error\n"
    )
    assert "there is no manifest" in _error_text(project, "results")


def test_a_manifest_with_another_ending_is_suggested(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "-f", str(project.manifest.with_suffix(".yml"))]) == 1
    assert f"hint: did you mean {project.manifest}? Name it with -f." in capsys.readouterr().err


def test_results_before_the_first_apply_are_a_clear_error(project: Project) -> None:
    message = _error_text(project, "results", "subset")
    assert "nothing is recorded yet" in message
    assert "the first apply" in message


def test_all_faults_of_a_manifest_at_once(project: Project) -> None:
    project.change("bucket: scenes", "bukket: scenes")
    project.change("graph: subset.xml", "graph: missing.xml")
    message = _error_text(project, "plan")
    assert "did you mean" in message
    assert "missing.xml" in message
    assert message.endswith("errors\n")
    assert project.run("doctor") == 1


def test_an_unset_secret_is_a_warning_of_plan_and_an_error_of_apply(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SCENES_SECRET_KEY")
    assert project.run("validate") == 0
    plan = project.json("plan")
    assert [(a["address"], a["action"]) for a in plan["actions"]] == [
        ("key.scenes", "create"),
        ("job.subset", "launch"),
    ]
    assert [each["code"] for each in plan["diagnostics"]] == ["secret-absent"]
    assert project.run("apply", "--yes") == 1
    assert "SCENES_SECRET_KEY is not set [secret-unset]" in project.err
    with emulator.model() as wire:
        assert {entry.request.method for entry in wire.received if "/serverless/" in entry.request.path} == {"GET"}
    assert not (project.folder / ".eocanvas").exists()


def test_a_key_that_stands_stays_when_its_secret_is_not_set(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.run("apply", "--yes") == 0
    project.change("/a.zip", "/b.zip")
    monkeypatch.delenv("SCENES_SECRET_KEY")
    key, job = project.json("plan")["actions"]
    assert [key["action"], key["reason"], job["action"]] == ["none", "cannot-tell", "relaunch"]
    assert project.run("apply", "--yes") == 1
    assert "[secret-unset]" in project.err


def test_a_ledger_of_another_project(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    project.change("project: coast", "project: forest")
    assert "belongs to the project" in _error_text(project, "plan")


def test_a_folder_that_cannot_be_written(project: Project) -> None:
    (project.folder / ".eocanvas").write_text("in the way", encoding="utf-8")
    assert project.run("apply", "--yes") == 1
    assert "Traceback" not in project.err
    assert "[ledger-unwritable]" in project.err or "[ledger-unreadable]" in project.err


def test_an_invalid_duration_is_a_usage_error(project: Project) -> None:
    assert "--wait" in _error_text(project, "apply", "--yes", "--wait", "soon")


def test_json_is_whole_when_a_command_fails_early(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDA_PASSWORD", "wrong")
    document = project.json("apply", "--yes", code=1)
    assert document["diagnostics"][0]["severity"] == "error"
    schema = Path(__file__).parents[2] / "schemas/diagnostics.json"
    assert set(json.loads(schema.read_text(encoding="utf-8"))["required"]) <= document.keys()
