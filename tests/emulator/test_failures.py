from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from eocanvas_apply.emulator.model.job_failures import FAILURE_KINDS, FailureKind, JobFault, built_in
from tests.emulator.model_client import GRAPH, Stage, chain_body, snap_body

TELLING: dict[str, tuple[str, str]] = {
    "input-config": ("failed", "Error: exit status 10"),
    "staging-in": ("failed", "Error: exit status 11"),
    "killed": ("failed", "....10%....20%....30%....40%....50%.."),
    "key": ("failed", "Error: exit status 12"),
    "graph": ("failed", "Error: exit status 40"),
    "unknown": ("failed", "Segmentation fault (core dumped)"),
    "customisation": ("successful", "ERROR: customisation failed: no overlap with the region"),
}


def behaving(**changes: Any) -> Stage:
    return Stage(Settings(behaviour=Behaviour(**changes))).log_in()


@pytest.mark.parametrize("kind", sorted(TELLING))
def test_a_job_fails_as_configured(stage: Stage, kind: FailureKind) -> None:
    stage.service.job_faults.append(JobFault(kind))
    job_id = stage.ended()
    status, last = TELLING[kind]
    assert stage.job(job_id)["status"] == status
    assert stage.log(job_id)[-1] == last
    assert stage.call("GET", f"/jobs/{job_id}/results").status == 404
    assert stage.job(stage.ended())["status"] == "successful"


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("constant-auxiliary-data", "Using constant values for ozone"),
        ("dem-tile-missing", "ElevationFile: http error:"),
        ("no-valid-pixels", "0 observations seen"),
    ],
)
def test_a_doubtful_job_gives_its_results(stage: Stage, kind: FailureKind, words: str) -> None:
    stage.service.job_faults.append(JobFault(kind))
    job_id = stage.ended()
    assert stage.job(job_id)["status"] == "successful"
    assert words in stage.log(job_id)[-1]
    assert len(stage.call("GET", f"/jobs/{job_id}/results").json()) == 1


def test_a_failed_upload_comes_after_the_processing(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("staging-out"))
    log = stage.log(stage.ended())
    assert log[-2] == "SNAP execution completed successfully"
    assert "UploadFailedException" in log[-1]
    assert "Read timed out" in log[-1]


def test_a_killed_job_leaves_no_error(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("killed"))
    log = "\n".join(stage.log(stage.ended()))
    assert "exit" not in log
    assert "completed" not in log


def test_a_job_may_be_successful_without_results(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("no-result"))
    job_id = stage.ended()
    assert stage.job(job_id)["status"] == "successful"
    assert stage.call("GET", f"/jobs/{job_id}/results").status == 404


def test_a_stuck_job_never_ends_by_itself(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("stuck"))
    job_id = stage.ended()
    stage.log_in()
    assert stage.job(job_id)["status"] == "running"
    assert stage.frontend.next_change() is None
    assert stage.call("DELETE", f"/jobs/{job_id}").json()["status"] == "dismissed"


def test_rules_pick_jobs_by_their_inputs_and_are_used_up(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("graph", "*/b.zip", times=2))
    other = stage.ended(snap_body("https://products.example/a.zip"))
    fitting = [stage.ended(snap_body("https://products.example/b.zip")) for _ in range(3)]
    stage.log_in()
    assert stage.job(other)["status"] == "successful"
    assert [stage.job(job)["status"] for job in fitting] == ["failed", "failed", "successful"]
    assert stage.service.job_faults == []


def test_a_rule_without_an_end_holds_until_it_is_cleared(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("graph", times=None))
    jobs = [stage.ended(), stage.launch(), stage.launch()]
    stage.service.job_faults.clear()
    jobs.append(stage.ended())
    stage.log_in()
    assert [stage.job(job)["status"] for job in jobs] == ["failed", "failed", "failed", "successful"]


def test_every_kind_has_a_failure() -> None:
    assert [built_in(kind).kind for kind in FAILURE_KINDS] == list(FAILURE_KINDS)


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        (b"<graph>", "XML parsing failed"),
        (b"\xff", "XML parsing failed"),
        (b"<chain/>", "not a graph of version 1.0"),
        (b"<graph><version>2.0</version></graph>", "not a graph of version 1.0"),
        (GRAPH.replace(b"$img1", b"$img2"), "File '$img2' does not exist"),
        (GRAPH.replace(b"$img1", b"${img_2}"), "File '$img_2' does not exist"),
    ],
)
def test_gpt_refuses_a_wrong_graph_with_exit_40(stage: Stage, graph: bytes, reason: str) -> None:
    job_id = stage.ended(snap_body(graph=graph))
    assert stage.job(job_id)["status"] == "failed"
    log = "\n".join(stage.log(job_id))
    assert reason in log
    assert "exit status 40" in log


@pytest.mark.parametrize(
    ("graph", "results"),
    [
        (GRAPH.replace(b'id="Write"', b'id="Save"'), 200),
        (GRAPH.replace(b"$output", b"here.nc"), 200),
        (GRAPH.replace(b'id="Write"', b'id="Save"').replace(b"$output", b"here.nc"), 404),
        (GRAPH.replace(b'id="Write"', b'id="Save"').replace(b"$output", b"$output.nc"), 200),
    ],
)
def test_only_files_in_the_output_folder_are_results(stage: Stage, graph: bytes, results: int) -> None:
    job_id = stage.ended(snap_body(graph=graph))
    assert stage.job(job_id)["status"] == "successful"
    assert stage.call("GET", f"/jobs/{job_id}/results").status == results


@pytest.mark.parametrize("items", [[], [{"schema": "https://products.example/a.zip"}]])
def test_a_job_without_inputs_ends_with_exit_12(stage: Stage, items: list[Any]) -> None:
    graph = base64.b64encode(GRAPH).decode()
    job_id = stage.ended({"inputs": {"snap_graph": graph, "eo_input": json.dumps(items)}})
    assert stage.job(job_id)["status"] == "failed"
    assert stage.log(job_id)[-1] == "Error: exit status 12"


@pytest.mark.parametrize("chain", [b"format: netcdf4", b"- a", b"a: [", b""])
def test_a_wrong_chain_is_an_error_in_the_log_of_a_successful_job(stage: Stage, chain: bytes) -> None:
    job_id = stage.ended(chain_body(chain), "dataTailor")
    assert stage.job(job_id)["status"] == "successful"
    assert "customisation failed" in stage.log(job_id)[-1]
    assert stage.call("GET", f"/jobs/{job_id}/results").status == 404


def launched_with_keys(stage: Stage) -> str:
    stage.create_key("scenes")
    stage.create_key("drive", "WEBDAV")
    return stage.launch(snap_body("/a.zip", "scenes", "drive"))


@pytest.mark.parametrize(
    ("key_read", "gone_after", "key", "status"),
    [
        ("submission", 0.0, "scenes", "successful"),
        ("submission", 0.0, "drive", "successful"),
        ("staging-in", 0.0, "scenes", "failed"),
        ("staging-in", 0.0, "drive", "failed"),
        ("staging-in", 1.0, "scenes", "successful"),
        ("staging-in", 1.0, "drive", "successful"),
        ("staging-out", 0.0, "scenes", "failed"),
        ("staging-out", 1.0, "scenes", "successful"),
        ("staging-out", 1.0, "drive", "failed"),
    ],
)
def test_a_key_must_live_until_the_job_has_read_it(key_read: str, gone_after: float, key: str, status: str) -> None:
    stage = behaving(key_read=key_read)
    job_id = launched_with_keys(stage)
    stage.clock.advance(gone_after)
    stage.call("DELETE", f"/keys/{key}")
    stage.clock.advance(60)
    assert stage.job(job_id)["status"] == status
    assert (f"Cannot read the credentials of keystore://{key}" in stage.log(job_id)) == (status == "failed")


def test_a_key_that_expires_before_it_is_read_fails_the_job() -> None:
    stage = Stage(Settings(job_time=1000.0)).log_in()
    stage.create_key("scenes", expire=99)
    job_id = stage.launch(snap_body("/a.zip", "scenes"))
    stage.clock.advance(1000)
    assert stage.job(job_id)["status"] == "failed"


def test_an_unreadable_seal_fails_the_job() -> None:
    stage = behaving(sealed_check="at-use")
    stage.create_key("scenes", data=base64.b64encode(b"rubbish").decode())
    job_id = stage.ended(snap_body("/a.zip", "scenes"))
    assert stage.job(job_id)["status"] == "failed"


def test_eodata_needs_no_credentials(stage: Stage) -> None:
    assert stage.job(stage.ended(snap_body("/eodata/a", "eodata")))["status"] == "successful"


def test_the_earliest_reason_is_shown(stage: Stage) -> None:
    stage.service.job_faults.append(JobFault("graph"))
    stage.service.job_faults.append(JobFault("key"))
    stage.create_key("scenes")
    jobs = [stage.launch(snap_body("/a.zip", "scenes")) for _ in range(2)]
    stage.call("DELETE", "/keys/scenes")
    stage.clock.advance(60)
    first, second = (stage.log(job)[-3] for job in jobs)
    assert first == "Cannot read the credentials of keystore://scenes"
    assert second == "Cannot read the credentials of the keystore"
