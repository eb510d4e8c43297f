"""Results of earlier jobs as inputs of later ones, under the virtual clock."""

from __future__ import annotations

import json
from typing import Any

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from eocanvas_apply.emulator.model.job_files import StageIn
from tests.emulator.model_client import BASE, S3_FIELDS, Stage, seal, snap_body


def stage_of(**changes: Any) -> Stage:
    stage = Stage(Settings(behaviour=Behaviour(**changes))).log_in()
    stage.create_key("scenes")
    return stage


def result(stage: Stage, output: str | None = None) -> str:
    """Run a job to its end and return the href of its result, or the title of a result at a key."""
    job_id = stage.launch(snap_body("/a.zip", "scenes", output))
    stage.clock.advance(2)
    (found,) = stage.get(f"/jobs/{job_id}/results")
    href: str = found["href"]
    return href


def status_of_a_job_given(stage: Stage, location: str, key: str | None = None) -> str:
    job_id = stage.launch(snap_body(location, key))
    stage.clock.advance(2)
    status: str = stage.job(job_id)["status"]
    return status


def test_a_job_reads_the_result_of_another_by_its_address() -> None:
    stage = stage_of()
    href = result(stage)
    assert status_of_a_job_given(stage, href) == "successful"
    assert status_of_a_job_given(stage, href.replace(".nc", ".tif")) == "failed"


def test_a_missing_or_running_job_has_no_results() -> None:
    stage = stage_of()
    href = result(stage)
    job_id = href.split("/")[-3]
    running = stage.launch(snap_body("/a.zip", "scenes"))
    assert status_of_a_job_given(stage, href.replace(job_id, running)) == "failed"
    stage.service.jobs.vanish(job_id)
    assert status_of_a_job_given(stage, href) == "failed"


def test_an_address_is_valid_for_a_limited_time() -> None:
    stage = stage_of(link_life=60)
    href = result(stage)
    path, _, query = href.removeprefix(BASE).partition("?")
    assert stage.call("GET", path, query=query).status == 200
    assert status_of_a_job_given(stage, href) == "successful"
    stage.clock.advance(60)
    assert stage.call("GET", path, query=query).status == 403
    assert status_of_a_job_given(stage, href) == "failed"


def test_the_service_may_not_read_its_own_addresses() -> None:
    stage = stage_of(own_links="denied")
    assert status_of_a_job_given(stage, result(stage)) == "failed"


@pytest.mark.parametrize(("bucket", "status"), [("", "successful"), ("other", "failed")])
def test_results_at_a_key_are_read_with_any_key_of_the_same_storage(bucket: str, status: str) -> None:
    stage = stage_of()
    fields = {**S3_FIELDS, "bucket": bucket or S3_FIELDS["bucket"]}
    stage.create_key("again", data=seal(json.dumps(fields).encode()))
    title = result(stage, "scenes")
    path = title.removeprefix("keystore://scenes")
    assert status_of_a_job_given(stage, path, "again") == status
    assert status_of_a_job_given(stage, path + "x", "again") == "failed"


def test_catalogue_products_are_available_for_real_staging() -> None:
    stage = Stage(Settings(storage="real")).log_in()
    first = stage.launch(snap_body("https://data.example.test/a.nc"))
    stage.clock.advance(1)
    stage.frontend.settle()
    jobs = stage.service.jobs
    work = jobs.work.popleft()
    assert isinstance(work, StageIn)
    jobs.staged_in(first, (), work.outputs, stage.clock())
    stage.clock.advance(2)
    (found,) = stage.get(f"/jobs/{first}/results")
    stage.launch(snap_body(found["href"]))
    stage.clock.advance(1)
    stage.frontend.settle()
    given = jobs.work.popleft()
    assert isinstance(given, StageIn)
    (fetch,) = given.fetches
    assert fetch.at_hand is not None
    assert fetch.at_hand.content == work.outputs[0].content(first)
