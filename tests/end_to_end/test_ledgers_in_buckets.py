"""Projects whose ledger is in a bucket: several runs, a storage that goes away or forbids writes, wrong secrets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.bucket_server import SECRET, BucketServer, Faults
from tests.emulator.model_client import private_key
from tests.end_to_end.test_interruptions import ManyJobs, wait_until
from tests.end_to_end.tool import Ended, Tool, expect_one_message, finished

LEDGER = "EOCANVAS_APPLY_LEDGER"


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.6, latency=0.03, private_key=private_key())) as emulator:
        yield emulator


@pytest.fixture(name="project")
def _project(bucket_server: BucketServer, tmp_path: Path, emulator: RunningEmulator) -> Iterator[ManyJobs]:
    project = ManyJobs(Tool(tmp_path, emulator), jobs=4)
    project.tool.environ |= {LEDGER: bucket_server.new_ledger(), **bucket_server.variables()}
    yield project
    bucket_server.storage.faults = Faults()


def expect_one_message_without_secret(ended: Ended, code: str) -> None:
    expect_one_message(ended, code)
    assert SECRET not in ended.out + ended.err, ended


def test_a_project_is_applied_once_and_its_ledger_outlives_the_machine(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    # CI counts as a machine that loses its files.
    assert project.tool.run("apply", "--yes", CI="true").code == 0
    project.expect_all_done_once()
    assert not project.tool.ledger.exists()
    assert "all well" in project.tool.run("ledger", "verify").out
    segments = len(bucket_server.objects(project.tool.environ[LEDGER]))
    again = project.tool.run("plan", "--detailed-exitcode")
    assert again.code == 0, again
    assert len(bucket_server.objects(project.tool.environ[LEDGER])) == segments


def test_every_command_uses_the_ledger_that_the_manifest_names(project: ManyJobs, bucket_server: BucketServer) -> None:
    manifest, url = project.tool.project / "eocanvas.yaml", project.tool.environ.pop(LEDGER)
    manifest.write_text(f"{manifest.read_text(encoding='utf-8')}ledger: {{url: {url}}}\n", encoding="utf-8")
    assert project.tool.run("apply", "--yes").code == 0
    project.expect_all_done_once()
    assert not project.tool.ledger.exists()
    assert url in project.tool.run("ledger", "verify").out
    offline = project.tool.run("status", "--offline", "--format", "json")
    assert {job["status"] for job in offline.document["jobs"]} == {"successful"}
    bucket_server.storage.requests.clear()
    ended = project.tool.run("plan", "--offline")
    assert "[ledger-not-asked]" in ended.err, ended
    assert not bucket_server.storage.requests
    # What a person names wins over the manifest.
    assert "no ledger at other.jsonl" in project.tool.run("ledger", "show", "--ledger", "other.jsonl").err


def test_two_runs_at_once_launch_each_job_once(project: ManyJobs) -> None:
    runs = [project.start() for _ in range(2)]
    assert {finished(run).code for run in runs} <= {0, 3}
    assert project.tool.run("apply", "--yes").code == 0
    project.expect_whole_ledger()
    assert project.launched == project.jobs


def test_a_run_beside_one_at_work_says_so_and_its_note_goes_with_it(
    project: ManyJobs, emulator: RunningEmulator, bucket_server: BucketServer
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    run = project.start()
    try:
        assert wait_until(project.has_launched, run), finished(run)
        for words in (["plan"], ["status"], ["apply", "--no-wait"]):
            found = project.tool.run(*words, "--format", "json").document["diagnostics"]
            [beside] = [each for each in found if each["code"] == "run-at-work"]
            assert f"(process {run.pid} on " in beside["message"]
            assert "if it was killed it is shown until" in beside["hint"]
        assert notes(bucket_server, project) == 1
    finally:
        run.terminate()
        finished(run)
    assert notes(bucket_server, project) == 0
    assert "run-at-work" not in project.tool.run("plan").err


def notes(server: BucketServer, project: ManyJobs) -> int:
    return sum(name.startswith("runs/") for name in server.objects(project.tool.environ[LEDGER]))


def test_a_killed_run_is_continued_from_another_folder(
    project: ManyJobs, tmp_path: Path, emulator: RunningEmulator
) -> None:
    run = project.start()
    assert wait_until(project.has_launched, run), finished(run)
    run.kill()
    finished(run)
    other = ManyJobs(Tool(tmp_path / "other", emulator), jobs=4)
    other.tool.environ |= project.tool.environ
    assert other.tool.run("apply", "--yes").code == 0
    other.expect_all_done_once()


def test_the_ledger_of_another_project_is_refused(project: ManyJobs) -> None:
    assert project.tool.run("apply", "--yes", "--no-wait").code == 3
    manifest = project.tool.project / "eocanvas.yaml"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("many-jobs", "others"), encoding="utf-8")
    before = project.launched
    writing = (("apply", "--yes"), ("destroy", "--yes"), ("ledger", "rebuild", "--yes"), ("forget", "j0"))
    for words in (*writing, ("import", "key.k0", "x"), ("plan", "--offline")):
        expect_one_message_without_secret(project.tool.run(*words), "ledger-bound")
    assert project.launched == before


def test_a_bucket_that_forbids_writes_sends_nothing_and_may_be_read(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    assert project.tool.run("apply", "--yes").code == 0
    before = project.launched
    bucket_server.storage.faults.forbidden = frozenset({"PUT"})
    assert project.tool.run("status").code == 0
    ended = project.tool.run("apply", "--yes", "--relaunch", "j0")
    expect_one_message_without_secret(ended, "ledger-unwritable")
    assert "s3:PutObject" in " ".join(ended.err.split())
    assert project.launched == before
    bucket_server.storage.faults = Faults()
    assert project.tool.run("apply", "--yes", "--relaunch", "j0").code == 0
    assert project.launched == before + 1


def test_a_bucket_that_forbids_the_first_write_sends_nothing_and_the_same_command_goes_on(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    bucket_server.storage.faults.forbidden = frozenset({"PUT"})
    expect_one_message_without_secret(project.tool.run("apply", "--yes"), "ledger-unwritable")
    assert project.launched == project.keys_created == 0
    bucket_server.storage.faults = Faults()
    assert project.tool.run("apply", "--yes").code == 0
    project.expect_all_done_once()


def test_a_bucket_that_forbids_writes_in_mid_apply_ends_the_run_and_the_same_command_goes_on(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    run = project.start()
    assert wait_until(project.has_launched, run), finished(run)
    bucket_server.storage.faults.forbidden = frozenset({"PUT", "DELETE"})
    ended = finished(run)
    assert ended.code == 1, ended
    assert "Traceback" not in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("error:")]) == 1, ended
    assert "[ledger-unwritable]" in " ".join(ended.err.split())
    bucket_server.storage.faults = Faults()
    assert project.tool.run("apply", "--yes").code == 0
    project.expect_all_done_once()


def test_what_is_taken_over_needs_a_bucket_that_takes_it_and_the_same_command_goes_on(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    assert project.tool.run("apply", "--yes").code == 0
    anew = {LEDGER: bucket_server.new_ledger()}
    with project.tool.emulator.model() as wire:
        key = next(each.name for each in wire.service.keystore if "k0" in each.name)
    bucket_server.storage.faults.forbidden = frozenset({"PUT"})
    importing = ("import", "key.k0", key, "--allow-new-ledger")
    for words in (importing, ("ledger", "rebuild", "--yes")):
        ended = project.tool.run(*words, **anew)
        assert ended.code == 1, ended
        assert ended.err.count("error:") == 1, ended
        assert "[ledger-unwritable]" in " ".join(ended.err.split()), ended
    bucket_server.storage.faults = Faults()
    assert project.tool.run("ledger", "rebuild", "--yes", **anew).code == 0
    assert project.tool.run("plan", "--detailed-exitcode", **anew).code == 0
    assert "has it already" in project.tool.run(*importing, **anew).out


def test_a_storage_that_fails_in_mid_apply_ends_the_run_and_nothing_is_lost(
    project: ManyJobs, bucket_server: BucketServer
) -> None:
    code = (
        "import sys; from eocanvas_apply.ledger.backends import ledger_bucket; ledger_bucket._PATIENCE_S = 0.2; "
        "from eocanvas_apply.cli import main; sys.exit(main(['apply', '--yes']))"
    )
    run = project.tool.start_python("-c", code)
    assert wait_until(project.has_launched, run), finished(run)
    bucket_server.storage.faults.refusals = 100_000
    ended = finished(run)
    assert ended.code == 1, ended
    assert "Traceback" not in ended.err
    assert len([line for line in ended.err.splitlines() if line.startswith("error:")]) == 1, ended
    bucket_server.storage.faults.refusals = 0
    assert project.tool.run("apply", "--yes").code == 0
    project.expect_all_done_once()


def test_a_storage_that_fails_for_a_while_delays_the_run_only(project: ManyJobs, bucket_server: BucketServer) -> None:
    run = project.start()
    assert wait_until(project.has_launched, run), finished(run)
    bucket_server.storage.faults = Faults(refusals=1, lost_answers=1)
    ended = finished(run)
    assert ended.code == 0, ended
    project.expect_all_done_once()


def test_a_storage_that_cannot_be_reached_is_one_message(project: ManyJobs) -> None:
    project.tool.environ["AWS_ENDPOINT_URL_S3"] = "https://127.0.0.1:9"
    for words in (("apply", "--yes"), ("status", "--offline"), ("ledger", "show")):
        expect_one_message_without_secret(project.tool.run(*words), "ledger-unreadable")
    assert project.launched == 0


@pytest.mark.parametrize("words", [("apply", "--yes"), ("ledger", "show")])
def test_a_wrong_secret_is_one_message_that_does_not_hold_it(
    words: tuple[str, ...], project: ManyJobs, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    ended = project.tool.run(*words, "-v", "--log", str(log), AWS_SECRET_ACCESS_KEY="canary-password")
    expect_one_message_without_secret(ended, "ledger-unreadable")
    assert "SignatureDoesNotMatch" in ended.err
    assert "canary-password" not in ended.out + ended.err + (log.read_text(encoding="utf-8") if log.exists() else "")


def test_a_secret_in_the_address_is_refused_without_repeating_it(project: ManyJobs, tmp_path: Path) -> None:
    log = tmp_path / "log"
    for words in (("plan",), ("status", "--offline"), ("ledger", "verify", "--format", "json"), ("ledger", "create")):
        ended = project.tool.run(*words, "-v", "--ledger", "s3://key:canary-password@ledgers/x", "--log", str(log))
        assert ended.code == 1, ended
        assert "ledger-unsupported" in " ".join((ended.err + ended.out).split()), ended
        written = log.read_text(encoding="utf-8") if log.exists() else ""
        assert "canary-password" not in ended.out + ended.err + written
