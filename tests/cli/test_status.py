"""`status` in its forms, on a real terminal and without one."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import jsonschema
import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project
from tests.cli.terminal import Terminal

SCHEMA = Path(__file__).parents[2] / "schemas/status.json"


def test_status_offline_reads_only_the_ledger(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    assert project.run("apply", "--yes") == 0
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9/serverless")
    for variable in ("HDA_USER", "HDA_PASSWORD", "SCENES_SECRET_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("HOME", str(project.folder))
    assert project.run("status", "--offline") == 0
    assert "jobs: 1 of 1 done\n" in project.out
    assert "job.subset  1 of 1 result downloaded\n" in project.out
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
        terminal.until(lambda screen: "job.subset  running " in screen)
        drawn = terminal.said.count("apply waits and fetches")
        terminal.until(lambda _: terminal.said.count("apply waits and fetches") > drawn)
        terminal.resize(40, 20)
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.ended() == 130
    assert terminal.screen.text.count("jobs: 0 of 1 done, 1 running") == 1
    assert "Traceback" not in terminal.said


@pytest.mark.parametrize("offline", [(), ("--offline",)], ids=["online", "offline"])
def test_a_failed_job_has_its_class_and_line_in_json(
    project: Project, emulator: RunningEmulator, offline: tuple[str, ...]
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    document = project.json("status", *offline)
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    (job,) = document["jobs"]
    assert (job["status"], job["reason"], job["failure"]) == ("failed", "failed", "graph")
    assert job["failure_line"] in project_log(project)


def project_log(project: Project) -> str:
    assert project.run("logs", "subset") == 0
    return project.out


def test_a_refused_launch_has_the_answer_in_json(project: Project, emulator: RunningEmulator) -> None:
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "POST", "*/execution", status=422))
    project.run("apply", "--yes")
    (job,) = project.json("status")["jobs"]
    assert job["status"] == "refused"
    assert "422" in job["refusal"]
    assert "failure" not in job


def test_offline_and_watch_exclude_each_other(project: Project) -> None:
    assert project.run("status", "--watch", "--offline") == 1
    assert "[usage]" in project.err


def test_a_short_outage_of_the_service_does_not_end_the_watch(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    assert project.err.count("job.subset dismissed") == 1
    [job] = project.json("status")["jobs"]
    assert (job["status"], job["reason"], job["job_id"], job["created"]) == ("not-launched", "new", None, None)
    assert project.run("status") == 0
    assert "running" not in project.out


def test_what_is_forgotten_or_destroyed_after_its_end_neither_runs_nor_waits(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    for words in (("forget", "subset"), ("destroy", "--yes")):
        assert project.run(*words) == 0
        [job] = project.json("status", "--exit-code")["jobs"]
        assert (job["status"], job["reason"]) == ("successful", "returned")
        assert project.run("status", "--exit-code") == 0
        assert "jobs: 0 of 1 done, 1 left out\n" in project.out
        assert "Running" not in project.out
        assert "the next apply: 1 to adopt\n  to continue: eocanvas-apply apply\n" in project.out
        [key] = project.json("status")["keys"]
        assert key["reason"] == "not-needed"
    assert project.run("status", "--offline", "--exit-code") == 0
    assert project.out == "All keys and jobs on record were deleted or forgotten.\n"


def test_results_that_are_not_fetched_wait_and_run_nowhere(project: Project) -> None:
    assert project.run("apply", "--yes", "--no-fetch") == 0
    assert project.run("status", "--exit-code") == 3
    assert "jobs: 0 of 1 done, 1 waiting\n" in project.out
    assert "Waiting (1)\n  job.subset  succeeded; results not downloaded yet\n" in project.out
    assert project.out.endswith("the next apply: 1 to fetch\n  to continue: eocanvas-apply apply\n")
    assert project.run("status", "--offline") == 0
    assert "jobs: 0 of 1 done, 1 waiting\n" in project.out


@pytest.mark.parametrize(
    ("before", "after", "secret"), [("", "", "rotated"), ("bucket: scenes", "bucket: others", "canary-secret-key")]
)
def test_a_key_to_be_deleted_for_what_changed_is_something_to_do(
    project: Project, monkeypatch: pytest.MonkeyPatch, before: str, after: str, secret: str
) -> None:
    assert project.run("apply", "--yes") == 0
    project.change(before, after)
    monkeypatch.setenv("SCENES_SECRET_KEY", secret)
    assert project.run("plan") == 0
    assert "Plan: 1 to delete." in project.out
    assert project.run("status") == 0
    assert project.out.endswith("Next\n  the next apply: 1 to delete\n  to continue: eocanvas-apply apply\n")
    # No job runs or waits: the delete is a change that plan reports.
    assert [project.run("status", "--exit-code"), project.run("plan", "--detailed-exitcode")] == [0, 2]
    assert project.run("status", "--offline") == 0
    assert "nothing to do" not in project.out
    assert "as in the manifest" not in project.out


def test_what_keeps_a_job_from_starting_is_named(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SCENES_SECRET_KEY")
    assert project.run("status") == 0
    assert "SCENES_SECRET_KEY is not set" in project.err
    assert project.out.endswith("set the secrets that the warnings name, then eocanvas-apply apply\n")
    monkeypatch.setenv("SCENES_SECRET_KEY", "canary-secret-key")
    text = project.manifest.read_text(encoding="utf-8")
    head, _, jobs = text.partition("    type: s3\n")
    rest = jobs[jobs.index("jobs:") :]
    project.manifest.write_text(f"{head}    {{type: existing, name: ann-key, storage: s3}}\n{rest}", encoding="utf-8")
    assert project.json("status")["keys"][0]["status"] == "absent"
    assert project.run("status") == 0
    missing = "the service shows no key named 'ann-key'"
    assert f"job.subset  cannot start: needs key.scenes: {missing}" in project.out
    assert f"key.scenes  absent  {missing} (ann-key)" in project.out


def test_a_result_that_was_removed_is_not_said_to_be_here(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    for each in (project.folder / "results").glob("*.nc"):
        each.unlink()
    assert project.run("status", "--exit-code") == 0
    assert "[result-missing]" in project.err
    assert "job.subset  1 of 1 result downloaded\n" in project.out
    assert " here" not in project.out


def test_no_line_is_wider_than_the_terminal_also_with_the_options_of_the_run(
    project: Project, emulator: RunningEmulator
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    with Terminal("status", "-f", str(project.manifest), columns=70) as terminal:
        assert terminal.ended() == 0
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip("\r") for line in terminal.said.split("\n")]
    assert any("Failed (1)" in line for line in lines)
    assert f"eocanvas-apply logs -f {project.manifest} job.subset" in " ".join(terminal.said.split())
    # A path is not broken.
    assert [line for line in lines if len(line) > 70 and line.split() != [str(project.manifest)]] == []
