from __future__ import annotations

import base64
import json
import uuid
from typing import Any

import pytest

from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Quota, Settings
from tests.emulator.model_client import BASE, GRAPH, Stage, chain_body, snap_body

SHEAR_WATER = {"inputs": {"area": "Sindian", "startDay": "2024-07-01", "endDay": "2024-07-02"}, "outputs": {}}


def behaving(**changes: Any) -> Stage:
    return Stage(Settings(behaviour=Behaviour(**changes))).log_in()


def test_a_launch_is_answered_with_a_job(stage: Stage) -> None:
    answer = stage.call("POST", "/processes/snap-function/execution", snap_body())
    assert answer.status == 201
    job = answer.json()
    assert uuid.UUID(job["jobID"]).version == 5
    assert job == {
        "processID": "snap-function",
        "type": "process",
        "jobID": job["jobID"],
        "status": "accepted",
        "started": "2026-01-05:08.00.00",
    }
    assert answer.headers["location"] == f"{BASE}/jobs/{job['jobID']}"


def test_a_job_waits_runs_and_ends_at_its_times(stage: Stage) -> None:
    job_id = stage.launch()
    assert (stage.job(job_id)["status"], stage.job(job_id)["started"]) == ("accepted", None)
    stage.clock.advance(0.25)
    assert stage.job(job_id)["status"] == "running"
    stage.clock.advance(10)
    assert stage.job(job_id) == {
        "jobID": job_id,
        "processID": "snap-function",
        "type": "process",
        "status": "successful",
        "created": "2026-01-05T08:00:00Z",
        "started": "2026-01-05T08:00:00Z",
        "finished": "2026-01-05T08:00:02.000000000Z",
        "updated": "2026-01-05T08:00:02.000000000Z",
        "links": [{"href": f"{BASE}/jobs/{job_id}", "rel": "self", "type": "application/json", "title": "status"}],
    }


@pytest.mark.parametrize("process", ["dataTailor", "shearwater-demo"])
def test_the_other_processes_run_too(stage: Stage, process: str) -> None:
    job_id = stage.ended(chain_body() if process == "dataTailor" else SHEAR_WATER, process)
    assert stage.job(job_id)["status"] == "successful"
    assert len(stage.get(f"/jobs/{job_id}/results")) == 1


def inputs(**changes: Any) -> dict[str, Any]:
    return {"inputs": {**snap_body()["inputs"], **changes}, "outputs": {}}


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        [],
        {},
        {"inputs": {}},
        inputs(snap_graph=7),
        inputs(snap_graph="*"),
        inputs(eo_input="no json"),
        inputs(eo_input="{}"),
        inputs(eo_input='["a"]'),
        inputs(eo_input='[{"img1": 7}]'),
        inputs(eo_config='[{"img1": 7}]'),
        inputs(eo_input='[{"img1": "/a", "schema": "keystore://absent"}]'),
        {**snap_body(), "outputs": {"output": {}}},
        {**snap_body(), "outputs": {"output": {"format": {"schema": "absent"}}}},
        {**snap_body(), "outputs": {"output": {"format": {"schema": "keystore://absent"}}}},
    ],
)
def test_a_body_that_does_not_describe_a_job_is_refused(stage: Stage, body: Any) -> None:
    answer = stage.call("POST", "/processes/snap-function/execution", body)
    assert answer.status == 400
    assert stage.get("/jobs")["jobs"] == []


def test_an_unknown_process_is_404(stage: Stage) -> None:
    answer = stage.call("POST", "/processes/nothing/execution", snap_body())
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["title"] == "NoSuchProcess"


def test_a_launch_needs_keys_that_are_alive_and_usable() -> None:
    stage = Stage(Settings(users=(DEFAULT_USER, User("ann", "pw")))).log_in("ann", "pw")
    stage.create_key("anns-own")
    stage.create_key("for-all", public=True, expire=100)
    stage.log_in()
    assert stage.call("POST", "/processes/snap-function/execution", snap_body("/a", "anns-own")).status == 403
    stage.launch(snap_body("/a", "for-all"))
    stage.clock.advance(100)
    assert stage.call("POST", "/processes/snap-function/execution", snap_body("/a", "for-all")).status == 400


def test_jobs_of_others_are_unknown() -> None:
    stage = Stage(Settings(users=(DEFAULT_USER, User("ann", "pw")))).log_in("ann", "pw")
    job_id = stage.launch()
    stage.log_in()
    assert stage.get("/jobs")["jobs"] == []
    for path in ("", "/results", "/logs"):
        assert stage.call("GET", f"/jobs/{job_id}{path}").status == 404


def read_all(stage: Stage, path: str, name: str, query: str) -> list[Any]:
    found, page = [], stage.get(path, query)
    while page[name]:
        found += page[name]
        following = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        if following is None:
            break
        assert following.startswith(BASE + path)
        page = stage.get(path, following.partition("?")[2])
    return found


@pytest.mark.parametrize("next_link", ["always", "when-more"])
def test_the_list_of_jobs_is_newest_first_in_pages(next_link: str) -> None:
    stage = behaving(next_link=next_link)
    launched = []
    for _ in range(23):
        launched.append(stage.launch())
        stage.clock.advance(1)
    listed = read_all(stage, "/jobs", "jobs", "limit=10&offset=0")
    assert [job["jobID"] for job in listed] == launched[::-1]
    assert len(set(launched)) == 23


def test_an_empty_page_may_still_name_a_next_one(stage: Stage) -> None:
    page = stage.get("/processes", "limit=10&offset=30")
    assert page["processes"] == []
    assert page["links"][-1] == {
        "rel": "next",
        "type": "application/json",
        "href": f"{BASE}/processes?limit=10&offset=40",
    }


def test_pages_can_be_smaller_than_asked_for() -> None:
    stage = behaving(list_limit=2)
    assert len(stage.get("/processes", "limit=50")["processes"]) == 2
    assert len(read_all(stage, "/processes", "processes", "limit=50")) == 3
    assert stage.call("GET", "/processes", query="limit=x").status == 400


def test_processes_tell_their_version_and_inputs(stage: Stage) -> None:
    listed = stage.get("/processes")["processes"]
    assert [(p["id"], p["version"]) for p in listed][:2] == [("snap-function", "10.0.0"), ("dataTailor", "3.4.0")]
    assert list(stage.get("/processes/snap-function")["inputs"]) == ["snap_graph", "eo_input", "eo_config"]
    assert stage.call("GET", "/processes/nothing").status == 404


def test_a_new_job_can_appear_late_and_with_another_time() -> None:
    stage = behaving(list_lag=60.0, created_skew=-30.0)
    job_id = stage.launch()
    assert stage.get("/jobs")["jobs"] == []
    assert stage.job(job_id)["created"] == "2026-01-05T07:59:30Z"
    stage.clock.advance(60)
    assert [job["jobID"] for job in stage.get("/jobs")["jobs"]] == [job_id]


@pytest.mark.parametrize(
    ("shape", "text"),
    [
        ("dots", "2026-01-05:08.00.00"),
        ("zulu", "2026-01-05T08:00:00Z"),
        ("nanoseconds", "2026-01-05T08:00:00.000000000Z"),
        ("space", "2026-01-05 08:00:00"),
    ],
)
def test_time_stamps_can_have_every_format(shape: str, text: str) -> None:
    stage = behaving(job_stamps=shape)
    assert stage.job(stage.launch())["created"] == text


def test_equal_requests_can_give_equal_jobs() -> None:
    stage = behaving(equal_ids=True)
    assert stage.launch() == stage.launch()
    assert stage.launch() != stage.launch(snap_body("https://products.example/b.zip"))
    assert len(stage.get("/jobs")["jobs"]) == 2


def test_a_launch_can_be_answered_with_200() -> None:
    stage = behaving(execution_status="200")
    assert stage.call("POST", "/processes/snap-function/execution", snap_body()).status == 200


def test_a_job_can_be_dismissed_while_it_is_in_flight(stage: Stage) -> None:
    job_id = stage.launch()
    assert stage.call("DELETE", f"/jobs/{job_id}").json()["status"] == "dismissed"
    stage.clock.advance(60)
    assert stage.job(job_id)["status"] == "dismissed"
    done = stage.ended()
    assert stage.call("DELETE", f"/jobs/{done}").json()["status"] == "successful"
    assert stage.call("DELETE", f"/jobs/{uuid.uuid4()}").status == 404


@pytest.mark.parametrize("status", ["404", "405", "501"])
def test_dismissing_jobs_can_be_unsupported(status: str) -> None:
    stage = behaving(dismiss=status)
    job_id = stage.launch()
    assert stage.call("DELETE", f"/jobs/{job_id}").status == int(status)
    assert stage.job(job_id)["status"] == "accepted"


def test_a_quota_window_slides() -> None:
    stage = Stage(Settings(quotas=(Quota.parse("2/1h"),), token_life=10**6)).log_in()
    stage.launch()
    stage.clock.advance(600)
    stage.launch()
    refused = stage.call("POST", "/processes/snap-function/execution", snap_body())
    assert (refused.status, refused.headers["retry-after"]) == (429, "3000")
    assert refused.json() == {"message": "Job quota exceeded, try again later"}
    stage.clock.advance(3000)
    stage.launch()
    assert stage.call("POST", "/processes/snap-function/execution", snap_body()).status == 429


def test_a_quota_of_nothing_refuses_everything() -> None:
    stage = Stage(Settings(quotas=(Quota.parse("0/1h"),))).log_in()
    assert stage.call("POST", "/processes/snap-function/execution", snap_body()).status == 429


@pytest.mark.parametrize("text", ["10", "x/1h", "10/", "10/1y"])
def test_a_quota_must_be_readable(text: str) -> None:
    with pytest.raises(ValueError, match="not a"):
        Quota.parse(text)


def test_the_model_shows_jobs_in_flight_and_the_time_of_the_next_change(stage: Stage) -> None:
    stage.create_key("scenes")
    stage.create_key("drive", "WEBDAV")
    assert stage.frontend.next_change() is None
    job_id = stage.launch(snap_body("/a", "scenes", "drive"))
    assert stage.service.keys_in_use() == {"scenes", "drive"}
    assert [job.id for job in stage.service.jobs_in_flight()] == [job_id]
    for status in ("running", "successful"):
        change = stage.frontend.next_change()
        assert change is not None
        stage.clock.advance((change - stage.clock()).total_seconds())
        assert stage.job(job_id)["status"] == status
    assert stage.service.keys_in_use() == set()
    assert stage.frontend.next_change() is None


def test_a_vanished_job_is_nowhere(stage: Stage) -> None:
    job_id = stage.ended()
    stage.service.jobs.vanish(job_id)
    assert stage.get("/jobs")["jobs"] == []
    assert stage.call("GET", f"/jobs/{job_id}").status == 404
    assert [job.id for job in stage.service.jobs.every()] == [job_id]


def test_one_object_may_hold_several_inputs(stage: Stage) -> None:
    two = json.dumps([{"img1": "https://a", "img2": "https://b"}])
    graph = base64.b64encode(GRAPH).decode()
    stage.launch({"inputs": {"snap_graph": graph, "eo_input": two}})
    execution = stage.service.jobs.every()[0].execution
    assert [i.name for i in execution.inputs] == ["img1", "img2"]
