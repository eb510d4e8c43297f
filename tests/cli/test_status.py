"""`status` in its forms, on a real terminal and without one."""

from __future__ import annotations

import signal

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project
from tests.cli.terminal import Terminal


def test_status_offline_reads_only_the_ledger(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.run("apply", "--yes") == 0
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    for variable in ("HDA_USER", "HDA_PASSWORD", "SCENES_SECRET_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(project.folder))
    assert project.run("status", "--offline") == 0
    assert "jobs: 1 of 1 done\n" in project.out
    assert "job.subset: 1 of 1 result here\n" in project.out
    document = project.json("status", "--offline")
    assert [(job["address"], job["reason"]) for job in document["jobs"]] == [("job.subset", "done")]
    assert document["keys"][0]["status"] == "live"


def test_status_without_a_ledger_is_reported(project: Project) -> None:
    assert project.run("status", "--offline") == 0
    assert project.out == "No keys or jobs are recorded yet.\n"
    project.manifest.unlink()
    assert project.run("status", "--offline") == 1
    assert "[file-missing]" in project.err


def test_watching_without_a_terminal_prints_changes(project: Project) -> None:
    head = project.json("apply", "--yes", "--no-wait", code=3)
    assert head["summary"]["waiting"] == 1
    ledger = (project.folder / ".eocanvas/default.jsonl").read_bytes()
    with Terminal("apply", "--yes", "-f", str(project.manifest)) as other:
        assert project.run("status", "--watch") == 0
        assert other.ended() == 0
    assert project.out.count("\njobs: ") > 1
    assert project.out.endswith("Next\n  nothing to do\n")
    assert (project.folder / ".eocanvas/default.jsonl").read_bytes().startswith(ledger)


def test_watching_in_json_is_one_document_at_the_end(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    before = sorted((path, path.stat().st_mtime_ns) for path in project.folder.rglob("*"))
    assert project.json("status", "--watch")["jobs"][0]["reason"] == "done"
    assert sorted((path, path.stat().st_mtime_ns) for path in project.folder.rglob("*")) == before


def test_watching_on_a_terminal_redraws_in_place_and_ends_cleanly(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    with Terminal("status", "--watch", "-f", str(project.manifest), columns=60) as terminal:
        terminal.until(lambda screen: "running for" in screen)
        drawn = terminal.said.count("apply waits and fetches")
        terminal.until(lambda _: terminal.said.count("apply waits and fetches") > drawn)
        terminal.resize(40, 20)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130
    assert terminal.screen.text.count("jobs: 0 of 1 done, 1 running") == 1
    assert "Traceback" not in terminal.said


def test_offline_and_watch_exclude_each_other(project: Project) -> None:
    assert project.run("status", "--watch", "--offline") == 1
    assert "[usage]" in project.err


def test_a_short_outage_of_the_service_does_not_end_the_watch(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eocanvas_apply.emulator.http.request_faults import Fault
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.service.clock import SystemClock

    async def sleep(self: SystemClock, seconds: float) -> None:
        return None

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    assert project.run("apply", "--yes", "--no-wait") == 3
    looked: list[int] = []
    plan = Engine.plan

    async def looking(self: Engine, *args: object) -> object:
        looked.append(1)
        if len(looked) == 2:
            with emulator.model() as wire:
                wire.faults.append(Fault("html", "GET", "*/keys", times=3))
        return await plan(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Engine, "plan", looking)
    with Terminal("apply", "--yes", "-f", str(project.manifest)) as other:
        assert project.run("status", "--watch") == 0
        assert other.ended() == 0
    assert len(looked) > 2


def test_exit_codes_tell_how_things_stand(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("status") == 0
    assert [project.run("status", "--exit-code"), project.run("plan", "--detailed-exitcode")] == [3, 3]


def test_a_failed_job_fails_every_command_until_it_is_skipped(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    failed = project.json("apply", code=4)
    assert [(each["outcome"], each["error"]["code"]) for each in failed["results"][1:]] == [("failed", "job-failed")]
    assert project.run("plan") == 0
    assert project.run("plan", "--detailed-exitcode") == 4
    assert project.json("status", "--exit-code", code=4)["jobs"][0]["status"] == "failed"
    assert project.run("status", "--offline", "--exit-code") == 4
    project.change("  subset:\n", "  subset:\n    skip: the scene is broken\n")
    assert project.json("apply")["summary"]["skipped"] == 1
    assert project.run("plan", "--detailed-exitcode") == 0
    assert "job.subset: skipped: the scene is broken" in project.out
    assert project.run("status", "--exit-code") == 0


def test_nothing_runs_after_destroy(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    assert project.run("apply", "--yes", "--no-wait") == 3
    assert project.run("destroy", "--yes") == 0
    [job] = project.json("status")["jobs"]
    assert (job["status"], job["reason"], job["job_id"], job["created"]) == ("not-launched", "new", None, None)
    assert project.run("status") == 0
    assert "running" not in project.out
