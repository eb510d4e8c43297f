"""`logs` and `logs --follow` against the emulator, whose logs repeat what a job was given."""

from __future__ import annotations

import json
import signal

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.service.clock import SystemClock
from tests.cli.conftest import Project
from tests.cli.terminal import Terminal

GIVEN = "{key: scenes, path: /a.zip, uncompress: true, sub_path: xfdumanifest.xml}"
DRIVE = "https://jane:canary-pass@data.example.org/AbCdE-f1hIj-KlM2O-pQrSt-Uv3xY/files/wso2_oidc-jane/b.zip"
SIGNED = f"{DRIVE}?X-Amz-Signature=canary-sig&token=canary-token&part=1"


def test_a_log_shows_no_secret(project: Project) -> None:
    project.change(GIVEN, f'{{url: "{SIGNED}", id: a}}')
    assert project.run("apply", "--yes") == 0, project.err
    for words in (("logs", "subset"), ("logs", "subset", "--follow"), ("logs", "subset", "--format", "json")):
        assert project.run(*words) == 0, project.err
        for word in ("canary", "jane", "KlM2O"):
            assert word not in project.out
        assert "part=1" in project.out
        assert "files/***/b.zip" in project.out


def test_following_prints_each_line_once_until_the_job_has_ended(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("logs", "subset", "--follow") == 0
    lines = project.out.splitlines()
    assert len(lines) == len(set(lines)) > 5
    assert lines[-1].endswith("SNAP execution completed successfully")
    assert "job.subset: job " in project.err
    assert project.err.endswith(" is successful\n")
    assert len(project.json("logs", "subset", "--follow")["logs"]) == len(lines)


def test_following_continues_after_an_outage(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def sleep(self: SystemClock, seconds: float) -> None:
        return None

    assert project.run("apply", "--yes") == 0
    monkeypatch.setattr(SystemClock, "sleep", sleep)
    with emulator.model() as wire:
        wire.faults.append(Fault("html", "GET", "*/logs", times=6))
    assert project.run("logs", "subset", "--follow") == 0
    assert "SNAP execution completed successfully" in project.out


def test_following_ends_at_once_with_ctrl_c(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    with Terminal("logs", "subset", "--follow", "-f", str(project.manifest)) as terminal:
        terminal.until(lambda screen: "WKS_PASSWORD=***" in screen)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130
    assert "Traceback" not in terminal.said
    before = _logs_read(emulator)
    with Terminal("logs", "subset", "--follow", "--format", "json", "-f", str(project.manifest)) as terminal:
        terminal.until(lambda _: _logs_read(emulator) > before)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130
    assert json.loads(terminal.said)["exit"] == 130


def _logs_read(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return sum(received.request.path.endswith("/logs") for received in wire.received)
