from __future__ import annotations

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault, FaultQueue, read_fault
from eocanvas_apply.emulator.model.messages import WireRequest
from tests.emulator.model_client import Stage, key_fields, snap_body

KEYS = "*/keys"


def has_key(stage: Stage, name: str = "scenes") -> bool:
    return name in [key["name"] for key in stage.get("/keys")]


@pytest.mark.parametrize(("kind", "done"), [("drop-before", False), ("drop-after", True)])
def test_a_dropped_connection_gives_no_answer(stage: Stage, kind: str, done: bool) -> None:
    stage.frontend.faults.append(read_fault({"kind": kind, "method": "POST", "path": KEYS}))
    assert stage.create_key("scenes").lost
    assert has_key(stage) == done
    assert stage.create_key("other").status == 201


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_can_come_before_or_after_the_effect(stage: Stage, when: str) -> None:
    rule = {"kind": "status", "path": KEYS, "status": 502, "body": "<h1>Bad</h1>", "content_type": "text/html"}
    stage.frontend.faults.append(read_fault({**rule, "when": when, "headers": {"retry-after": "3"}}))
    answer = stage.create_key("scenes")
    assert (answer.status, answer.body, answer.headers["content-type"]) == (502, b"<h1>Bad</h1>", "text/html")
    assert answer.headers["retry-after"] == "3"
    assert has_key(stage) == (when == "after")


def test_a_fault_with_a_status_has_a_json_body_by_default(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("status", status=503))
    assert stage.call("GET", "/keys").json() == {"message": "Internal error"}
    stage.frontend.faults.append(Fault("status", status=400, body={"detail": "no"}))
    assert stage.call("GET", "/keys").json() == {"detail": "no"}


def test_a_late_request_takes_effect_at_its_own_time(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("late", "POST", seconds=10))
    assert stage.call("POST", "/processes/snap-function/execution", snap_body()).lost
    assert stage.get("/jobs")["jobs"] == []
    assert stage.frontend.next_change() is not None
    stage.clock.advance(60)
    (job,) = stage.get("/jobs")["jobs"]
    assert (job["created"], job["status"]) == ("2026-01-05T08:00:10Z", "successful")


def test_late_requests_come_in_the_order_of_their_times(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("late", "POST", seconds=20))
    stage.frontend.faults.append(Fault("late", "DELETE", seconds=10))
    stage.create_key("scenes", description="first")
    stage.create_key("scenes", description="second")
    stage.call("DELETE", "/keys/scenes")
    stage.clock.advance(30)
    assert stage.get("/keys/scenes")["description"] == "first"


def test_an_answer_can_be_cut(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("truncate"))
    answer = stage.call("GET", "/keys")
    assert answer.truncate_at == len(answer.body) // 2
    assert answer.headers["content-length"] == str(len(answer.body))
    stage.frontend.faults.append(Fault("truncate", at=3))
    assert stage.call("GET", "/keys").truncate_at == 3


def test_a_delay_applies_to_every_answer(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("delay", seconds=1.5))
    stage.frontend.faults.append(Fault("html"))
    answer = stage.call("GET", "/keys")
    assert (answer.delay, answer.status) == (1.5, 200)
    assert answer.body.startswith(b"<!DOCTYPE html>")
    assert stage.call("GET", "/keys").delay == 0


def test_a_token_can_be_refused_once(stage: Stage) -> None:
    stage.frontend.faults.append(Fault("unauthorized", path="/serverless/*"))
    assert stage.call("POST", "/keys", {"scenes": key_fields()}).status == 401
    assert not has_key(stage)


def test_rules_hold_for_their_method_path_and_times() -> None:
    queue = FaultQueue([Fault("html", "GET", "*/jobs", times=2, skip=1), Fault("delay", times=None, seconds=1)])
    request = WireRequest("GET", "/serverless/jobs")
    met = [queue.meet(request)[0] for _ in range(4)]
    assert [fault.kind if fault else None for fault in met] == [None, "html", "html", None]
    assert queue.meet(WireRequest("POST", "/serverless/jobs")) == (None, 1)
    assert [rule.kind for rule in queue] == ["delay"]
    queue.clear()
    assert queue.meet(request) == (None, 0)


def test_each_request_meets_one_fault() -> None:
    queue = FaultQueue([Fault("html"), Fault("drop-before")])
    request = WireRequest("GET", "/serverless/jobs")
    assert [fault.kind for fault in (queue.meet(request)[0], queue.meet(request)[0]) if fault] == [
        "html",
        "drop-before",
    ]


@pytest.mark.parametrize(
    "document", [{}, {"kind": "boom"}, {"kind": "html", "colour": "red"}, {"kind": "html", "times": "twice"}]
)
def test_a_rule_must_be_readable(document: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="fault"):
        read_fault(document)
