"""What the model asks of the storages, and what it makes of their answers, under the virtual clock."""

from __future__ import annotations

import pytest

from eocanvas_apply.emulator.model.behaviour import Settings
from eocanvas_apply.emulator.model.job_failures import not_delivered, not_fetched
from eocanvas_apply.emulator.model.job_files import Output, StagedFile, StageIn, StageOut
from eocanvas_apply.emulator.model.keystore import S3Credentials, WebdavCredentials
from tests.emulator.model_client import S3_FIELDS, WEBDAV_FIELDS, Stage, snap_body

STAGED = (StagedFile("img1", "a.nc", 3, "digest"),)
MADE = (Output("out.nc", 4, b"made"),)


@pytest.fixture
def staging() -> Stage:
    stage = Stage(Settings(storage="real")).log_in()
    stage.create_key("scenes")
    stage.create_key("drive", "WEBDAV")
    return stage


def begun(stage: Stage, output: str | None = "drive") -> str:
    job_id = stage.launch(snap_body("/a.zip", "scenes", output))
    stage.clock.advance(1)
    stage.frontend.settle()
    return job_id


def test_a_job_reads_its_inputs_and_then_writes_its_outputs(staging: Stage) -> None:
    jobs = staging.service.jobs
    job_id = begun(staging)
    asked = jobs.work.popleft()
    assert isinstance(asked, StageIn)
    assert [fetch.credentials for fetch in asked.fetches] == [S3Credentials(**S3_FIELDS)]
    staging.clock.advance(60)
    assert staging.job(job_id)["status"] == "running"
    assert staging.frontend.next_change() is None

    jobs.staged_in(job_id, STAGED, MADE, staging.clock())
    staging.frontend.settle()
    assert jobs.work.popleft() == StageOut(job_id, WebdavCredentials(**WEBDAV_FIELDS), MADE)
    assert staging.job(job_id)["status"] == "running"

    staging.clock.advance(5)
    jobs.staged_out(job_id, staging.clock())
    assert staging.job(job_id)["finished"] == "2026-01-05T08:01:06.000000000Z"
    assert [job.staged for job in jobs.every()] == [STAGED]
    (result,) = staging.get(f"/jobs/{job_id}/results")
    assert result["title"] == f"keystore://drive/{job_id}/out.nc"


def test_without_an_output_key_the_files_stay_with_the_service(staging: Stage) -> None:
    job_id = begun(staging, output=None)
    staging.service.jobs.staged_in(job_id, STAGED, MADE, staging.clock())
    staging.clock.advance(1)
    assert staging.job(job_id)["status"] == "successful"
    assert staging.call("GET", f"/download/{job_id}/output/out.nc").body == b"made"


def test_a_storage_that_fails_ends_the_job(staging: Stage) -> None:
    jobs = staging.service.jobs
    unread, unwritten = begun(staging), begun(staging)
    jobs.storage_failed(unread, not_fetched("no route"), staging.clock())
    jobs.staged_in(unwritten, STAGED, MADE, staging.clock())
    staging.clock.advance(10)
    staging.frontend.settle()
    jobs.storage_failed(unwritten, not_delivered("disk full"), staging.clock())
    assert [staging.job(job)["status"] for job in (unread, unwritten)] == ["failed", "failed"]
    assert "DownloadFailedException: no route" in staging.log(unread)
    assert staging.log(unwritten)[-1] == "UploadFailedException: disk full"


def test_a_dismissed_job_ignores_later_changes(staging: Stage) -> None:
    jobs = staging.service.jobs
    job_id = begun(staging)
    staging.call("DELETE", f"/jobs/{job_id}")
    jobs.staged_in(job_id, STAGED, MADE, staging.clock())
    jobs.staged_out(job_id, staging.clock())
    jobs.storage_failed(job_id, not_fetched("no route"), staging.clock())
    staging.clock.advance(60)
    assert staging.job(job_id)["status"] == "dismissed"
    assert staging.service.jobs_in_flight() == ()
