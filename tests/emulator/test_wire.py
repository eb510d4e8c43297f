from __future__ import annotations

import json
from random import Random

import pytest

from eocanvas_apply.emulator.http.control import Control
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.emulator.model.clock import RunningClock, VirtualClock, parse_seconds
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.emulator.model.service import Eocanvas
from tests.emulator.model_client import Stage, chain_body, key_fields, snap_body


def test_every_answer_is_dated_by_the_services_clock(stage: Stage) -> None:
    stage.clock.advance(65)
    assert stage.call("GET", "/keys").headers["date"] == "Mon, 05 Jan 2026 08:01:05 GMT"
    assert stage.call("GET", "/nothing").headers["date"] == "Mon, 05 Jan 2026 08:01:05 GMT"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/nothing", 404), ("PUT", "/keys", 405), ("POST", "/jobs", 405)],
)
def test_unknown_paths_and_methods_are_refused(stage: Stage, method: str, path: str, status: int) -> None:
    assert stage.call(method, path).status == status


def test_addresses_outside_the_service_are_404(stage: Stage) -> None:
    assert stage.frontend.handle(WireRequest("GET", "/")).status == 404


def test_equal_seeds_give_equal_services() -> None:
    first, second = (Stage().log_in() for _ in range(2))
    assert first.token == second.token
    assert [first.launch(), first.launch()] == [second.launch(), second.launch()]
    other = Stage()
    other.service = Eocanvas(VirtualClock(), Random(8), None, other.service.sealing)
    other.frontend = Frontend(other.service)
    assert other.log_in().token != first.token


def control(stage: Stage) -> Control:
    return Control(stage.frontend, stage.clock.advance)


def order(stage: Stage, **orders: object) -> WireResponse:
    request = WireRequest("POST", "/_emulator", body=json.dumps(orders).encode())
    return control(stage).handle(request)


def test_the_control_shows_the_state(stage: Stage) -> None:
    stage.create_key("scenes")
    job_id = stage.launch(snap_body("/a", "scenes"))
    state = control(stage).handle(WireRequest("GET", "/_emulator")).json()
    assert state["now"] == "2026-01-05T08:00:00Z"
    assert [key["name"] for key in state["keys"]] == ["eodata", "scenes"]
    assert [(job["jobID"], job["owner"], job["keys"]) for job in state["jobs"]] == [(job_id, "jane", ["scenes"])]
    assert state["behaviour"]["live_name"] == "409"
    assert state["received"] == 3


def test_the_control_changes_the_behaviour(stage: Stage) -> None:
    done = stage.launch()
    state = order(
        stage,
        advance="1h",
        behaviour={"live_name": "overwrite", "list_lag": 5, "equal_ids": True},
        faults=[{"kind": "html", "path": "*/keys"}],
        job_faults=[{"kind": "graph", "path": "*.zip"}],
        revoke_tokens=True,
        vanish=[done],
    ).json()
    assert state["now"] == "2026-01-05T09:00:00Z"
    assert (stage.service.behaviour.list_lag, stage.service.behaviour.equal_ids) == (5.0, True)
    assert state["faults"][0]["kind"] == "html"
    assert state["job_faults"] == [{"kind": "graph", "path": "*.zip", "times": 1}]
    assert state["jobs"][0]["status"] == "successful"
    assert stage.call("GET", "/jobs").status == 401
    stage.log_in()
    assert stage.call("GET", f"/jobs/{done}").status == 404
    state = order(stage, clear=True).json()
    assert (state["faults"], state["job_faults"], state["received"]) == ([], [], 0)


@pytest.mark.parametrize(
    "orders",
    [
        {"dance": True},
        {"faults": [{"kind": "boom"}]},
        {"job_faults": [{"kind": "boom"}]},
        {"job_faults": [{"kind": "graph", "colour": "red"}]},
        {"behaviour": {"live_name": "maybe"}},
        {"behaviour": {"colour": "red"}},
        {"behaviour": {"list_lag": "long"}},
        {"advance": "soon"},
        {"vanish": ["nothing"]},
    ],
)
def test_invalid_orders_are_refused(stage: Stage, orders: dict[str, object]) -> None:
    answer = order(stage, **orders)
    assert answer.status == 400
    assert answer.json()["message"]


def test_the_control_has_no_other_addresses(stage: Stage) -> None:
    for request in (WireRequest("PUT", "/_emulator"), WireRequest("GET", "/_emulator/nothing")):
        assert control(stage).handle(request).status == 404
    assert control(stage).handle(WireRequest("POST", "/_emulator", body=b"[]")).status == 400
    assert control(stage).handle(WireRequest("POST", "/_emulator", body=b"{")).status == 400


def test_the_control_shows_received_requests_without_secrets(stage: Stage) -> None:
    stage.call("POST", "/keys", {"scenes": key_fields()}, {"content-type": "application/json"})
    stage.launch(snap_body("/a"))
    stage.launch(chain_body(), "dataTailor")
    form = {"content-type": "application/x-www-form-urlencoded"}
    stage.call("POST", "/identity/refreshtoken", b"refresh_token=abc", form)
    answer = control(stage).handle(WireRequest("GET", "/_emulator/requests"))
    received = answer.json()
    assert [entry["path"] for entry in received][:2] == ["/identity/gettoken", "/serverless/keys"]
    assert received[0]["body"] == {"username": "jane", "password": "***"}
    assert received[2]["decoded"]["eo_input"] == [{"img1": "/a"}]
    assert received[2]["decoded"]["snap_graph"].startswith("<graph")
    assert received[3]["decoded"]["epct_chain"].startswith("format")
    assert received[4]["body"] == {"refresh_token": "***"}
    assert stage.token not in answer.body.decode()
    assert received[2]["headers"]["authorization"] == "Bearer ***"


def test_unreadable_bodies_are_shown_unchanged(stage: Stage) -> None:
    stage.call("POST", "/processes/snap-function/execution", {"inputs": {"snap_graph": "*", "eo_input": 7}})
    stage.call("POST", "/keys", b"rubbish")
    stage.call("POST", "/keys", ["a"])
    shown = [entry.document() for entry in stage.frontend.received][-3:]
    assert shown[0]["decoded"] == {"snap_graph": "*", "eo_input": 7}
    assert (shown[1]["body"], shown[1]["decoded"]) == ("rubbish", None)
    assert (shown[2]["body"], shown[2]["decoded"]) == (["a"], None)


def test_a_virtual_clock_changes_only_when_advanced() -> None:
    clock = VirtualClock()
    assert clock() == clock()
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_a_running_clock_follows_another_and_can_be_moved_on() -> None:
    seconds = [100.0]
    clock = RunningClock(VirtualClock()(), lambda: seconds[0], speed=10)
    begin = clock()
    seconds[0] += 2
    assert (clock() - begin).total_seconds() == 20
    clock.advance(5)
    assert (clock() - begin).total_seconds() == 25
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


@pytest.mark.parametrize(("text", "seconds"), [("500ms", 0.5), ("2s", 2), ("1h30m", 5400), ("1w1d", 691200)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "1.5h", "1h 30m", "-1s"])
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_seconds(text)


def test_behaviour_is_changed_from_texts_and_values() -> None:
    changed = Behaviour().changed({"equal_ids": "true", "expire_cap": "60", "list_lag": 1.5, "live_name": 400})
    assert (changed.equal_ids, changed.expire_cap, changed.list_lag, changed.live_name) == (True, 60, 1.5, "400")
