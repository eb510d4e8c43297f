"""Projects whose ledger is in a bucket: runs at work, a storage that forbids writes or cannot be reached."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.bucket_server import SECRET, BucketServer, Faults
from tests.end_to_end.shared_ledgers import LEDGER, in_bucket
from tests.end_to_end.test_interruptions import ManyJobs, wait_until
from tests.end_to_end.tool import Ended, expect_one_message, finished


@pytest.fixture(name="project")
def _project(bucket_server: BucketServer, tmp_path: Path, emulator: RunningEmulator) -> Iterator[ManyJobs]:
    yield in_bucket(bucket_server).project(tmp_path, emulator)
    bucket_server.storage.faults = Faults()


def expect_one_message_without_secret(ended: Ended, code: str) -> None:
    expect_one_message(ended, code)
    assert SECRET not in ended.out + ended.err, ended


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


def test_a_storage_that_cannot_be_reached_is_one_message(project: ManyJobs) -> None:
    project.tool.environ["AWS_ENDPOINT_URL_S3"] = "https://127.0.0.1:9"
    for words in (("apply", "--yes"), ("status", "--offline"), ("ledger", "show")):
        expect_one_message_without_secret(project.tool.run(*words), "ledger-unreadable")
    assert project.launched == 0
