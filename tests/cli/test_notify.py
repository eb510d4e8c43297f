"""`notify:` at the end of apply, against a real server on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project
from tests.web_hook_server import WebHookServer, web_hook

CANARY_PATH = "/services/canary-of-the-address"
CANARY_TOKEN = "canary-of-the-token"


@pytest.fixture(name="server")
def _server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WebHookServer]:
    monkeypatch.setattr("eocanvas_apply.engine.web_hooks._PAUSE_S", 0)
    with web_hook() as server:
        monkeypatch.setenv("HOOK_URL", server.url + CANARY_PATH)
        monkeypatch.setenv("HOOK_TOKEN", CANARY_TOKEN)
        yield server


def _notify(project: Project, hooks: str) -> None:
    with project.manifest.open("a", encoding="utf-8") as file:
        file.write(f"notify: {hooks}\n")


def _fail(emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))


def test_a_run_that_is_done_is_reported_once_and_not_again(project: Project, server: WebHookServer) -> None:
    _notify(project, "[{url: {env: HOOK_URL}, headers: {Authorization: {env: HOOK_TOKEN}, X-Team: coast}}]")
    assert project.run("apply", "--yes") == 0
    ((path, headers, _),) = server.calls
    assert (path, headers["Authorization"], headers["X-Team"]) == (CANARY_PATH, CANARY_TOKEN, "coast")
    assert headers["Content-Type"] == "application/json"
    (body,) = server.bodies
    assert (body["event"], body["exit"], body["done"]) == ("finished", 0, 2)
    assert body["text"] == "coast (default): 2 done"
    assert project.run("apply", "--yes") == 0
    assert len(server.calls) == 1


def test_a_failure_is_reported_by_the_run_that_sees_it_first(
    project: Project, server: WebHookServer, emulator: RunningEmulator
) -> None:
    _notify(project, '[{url: {env: HOOK_URL}, on: [failed], body: {text: "${run.text}", failures: "${run.failures}"}}]')
    _fail(emulator)
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert server.calls == []
    while project.run("apply", "--yes", "--no-wait") == 3:
        pass
    (body,) = server.bodies
    assert body["failures"][0]["address"] == "job.subset"
    assert body["text"].startswith("coast (default): ")
    assert project.run("apply", "--yes") == 4
    assert len(server.calls) == 1


def test_only_an_apply_that_was_confirmed_calls(project: Project, server: WebHookServer) -> None:
    _notify(project, "[{url: {env: HOOK_URL}}]")
    for words in ("plan", "plan --offline", "validate", "status", "apply", "destroy --yes"):
        assert project.run(*words.split()) in (0, 5)
    assert server.calls == []


def test_no_secret_of_a_web_hook_is_shown_or_written(project: Project, server: WebHookServer, tmp_path: Path) -> None:
    server.statuses = [503, 403]
    _notify(project, "[{url: {env: HOOK_URL}, headers: {Authorization: {env: HOOK_TOKEN}}}]")
    assert project.run("apply", "--yes", "-v", "--log", str(tmp_path / "run.log")) == 0
    assert project.run("plan", "--out", str(tmp_path / "review.plan")) == 0
    assert len(server.calls) == 2
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for canary in (CANARY_PATH, CANARY_TOKEN):
        assert canary not in project.out + project.err
        assert canary.encode() not in written


def test_a_service_that_is_gone_is_reported(
    project: Project, server: WebHookServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    monkeypatch.setenv("EOCANVAS_TOKEN_URL", "http://127.0.0.1:9/gettoken")
    _notify(project, "[{url: {env: HOOK_URL}, on: [error]}]")
    assert project.run("apply", "--yes") == 1
    (body,) = server.bodies
    assert (body["event"], body["exit"]) == ("error", 1)
    assert "connection refused" in body["failures"][0]["error"].lower()


def test_the_policy_decides_which_hosts_are_called(project: Project, server: WebHookServer, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text('version: 1\nhosts: ["hooks.example.org"]\n', encoding="utf-8")
    before = project.manifest.read_text(encoding="utf-8")
    _notify(project, "[{url: {env: HOOK_URL}}]")
    assert project.run("apply", "--yes", "--policy", str(tmp_path / "policy.yaml")) == 0
    assert "the policy does not allow its host" in " ".join(project.err.split())
    project.manifest.write_text(before, encoding="utf-8")
    _notify(project, f'[{{url: "{server.url}"}}]')
    assert project.run("apply", "--yes", "--policy", str(tmp_path / "policy.yaml")) == 5
    assert "[policy]" in project.err
    assert server.calls == []


def test_the_policy_decides_which_secrets_a_web_hook_gets(project: Project, server: WebHookServer) -> None:
    policy = project.folder / "policy.yaml"
    policy.write_text('version: 1\nenvironment: ["SCENES_*"]\n', encoding="utf-8")
    _notify(project, f'[{{url: "{server.url}", headers: {{Token: {{env: HOOK_TOKEN}}}}}}]')
    assert project.run("apply", "--yes", "--policy", str(policy)) == 5
    assert "HOOK_TOKEN is not allowed" in " ".join(project.err.split())
    assert server.calls == []
