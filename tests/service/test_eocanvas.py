from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from eocanvas_apply.errors import Doubt, NotSent, Refused, ServiceError
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.wire import LogEntry, ResultInfo

from .scripted_service import BASE, START, Stage, http_date, says

LAUNCH = "POST /processes/snap-function/execution"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def run(stage: Stage, act: Callable[[EOCanvas], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with stage.canvas() as canvas:
            return await act(canvas)

    return asyncio.run(main())


def test_keys_and_one_key(stage: Stage) -> None:
    stage.on("GET /keys", says(200, [{"name": "a"}, {"name": "b", "type": "S3"}]))
    stage.on("GET /keys/b@c", says(200, {"name": "b@c"}))
    assert [k.name for k in run(stage, EOCanvas.keys)] == ["a", "b"]
    stage.on("GET /keys/b%40c", says(200, {"name": "b@c"}))
    assert run(stage, lambda canvas: canvas.key("b@c")).name == "b@c"
    assert run(stage, lambda canvas: canvas.key("gone")) is None


def test_a_key_is_created_as_the_service_wants_it(stage: Stage) -> None:
    stage.on("POST /keys", says(201))

    async def act(canvas: EOCanvas) -> None:
        await canvas.create_key("k", type="S3", expire_s=3600, public=False, description="dé", data="QUJD")

    run(stage, act)
    request = stage.sent("POST", "/keys")[0]
    expected = {"k": {"type": "S3", "expire": 3600, "public": False, "description": "dé", "data": "QUJD"}}
    assert json.loads(request.content) == expected
    assert request.headers["content-type"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_creates_a_key(stage: Stage, status: int) -> None:
    stage.on("POST /keys", says(status, content=b"<html>whatever"))
    run(stage, lambda c: c.create_key("k", type="S3", expire_s=1, public=True, description="", data=""))


@pytest.mark.parametrize(
    ("step", "fault"),
    [
        (says(409, {"message": "exists"}), Refused),
        (says(302, location="https://x.test"), Refused),
        (says(500), Doubt),
        (says(408), Doubt),
        (httpx.ReadTimeout("x"), Doubt),
        (httpx.ConnectError("x"), NotSent),
        (httpx.PoolTimeout("x"), NotSent),
    ],
)
def test_creating_requests_are_sent_once_for_every_answer(stage: Stage, step: Any, fault: type[ServiceError]) -> None:
    stage.on("POST /keys", step)
    stage.on(LAUNCH, step)
    with pytest.raises(fault):
        run(stage, lambda c: c.create_key("k", type="S3", expire_s=1, public=False, description="", data=""))
    with pytest.raises(fault):
        run(stage, lambda c: c.execute("snap-function", b"{}"))
    assert len(stage.sent("POST", "/keys")) == len(stage.sent("POST", "/execution")) == 1
    assert stage.clock.slept == []


def test_deleting_a_key_and_a_missing_key(stage: Stage) -> None:
    stage.on("DELETE /keys/k", says(204), says(404), says(403))
    assert run(stage, lambda c: c.delete_key("k")) is True
    assert run(stage, lambda c: c.delete_key("k")) is False
    with pytest.raises(Refused):
        run(stage, lambda c: c.delete_key("k"))


def test_a_launch_returns_its_job_and_sends_the_body_untouched(stage: Stage) -> None:
    stage.on(LAUNCH, says(201, {"processID": "snap-function", "jobID": "j-1", "status": "accepted"}))
    job = run(stage, lambda c: c.execute("snap-function", b'{"inputs":  {}}'))
    assert (job.job_id, job.process, job.status) == ("j-1", "snap-function", "accepted")
    assert stage.sent("POST", "/execution")[0].content == b'{"inputs":  {}}'


@pytest.mark.parametrize(
    "step",
    [says(202, {"jobID": "j"}), says(201), says(201, {"jobID": ""}), says(200, []), says(200, content=b"<html>")],
)
def test_a_launch_without_a_readable_job_id_is_in_doubt(stage: Stage, step: Any) -> None:
    stage.on(LAUNCH, step)
    with pytest.raises(Doubt, match="execution answered 20"):
        run(stage, lambda c: c.execute("snap-function", b"{}"))


class OverdueError(Exception):
    pass


def allowing(times: int) -> Callable[[], None]:
    """Return a check that raises after it was asked so often."""
    left = iter(range(times))

    def check() -> None:
        if next(left, None) is None:
            raise OverdueError

    return check


def test_a_launch_or_key_that_is_overdue_is_not_sent(stage: Stage) -> None:
    with pytest.raises(OverdueError):
        run(stage, lambda c: c.execute("snap-function", b"{}", check=allowing(0)))
    key: dict[str, Any] = {"type": "S3", "expire_s": 1, "public": False, "description": "", "data": ""}
    with pytest.raises(OverdueError):
        run(stage, lambda c: c.create_key("k", **key, check=allowing(0)))
    assert [r.url.path for r in stage.got] == ["/identity/gettoken"] * 2


def test_a_launch_that_became_overdue_while_a_new_token_came_is_not_sent_again(stage: Stage) -> None:
    stage.on(LAUNCH, says(401), says(201, {"jobID": "j"}))
    with pytest.raises(OverdueError):
        run(stage, lambda c: c.execute("snap-function", b"{}", check=allowing(1)))
    assert len(stage.sent("POST", "/execution")) == 1


def test_a_quota_says_how_long_to_wait(stage: Stage) -> None:
    reset = str(int((START + timedelta(minutes=5)).timestamp() * 1000))
    stage.on(LAUNCH, says(429, {"message": "10 per hour"}, x_quota_reset=reset, date=http_date(START)))
    with pytest.raises(Refused, match="10 per hour") as caught:
        run(stage, lambda c: c.execute("snap-function", b"{}"))
    assert caught.value.retry_after == 300.0


def test_a_job_by_id(stage: Stage) -> None:
    stage.on("GET /jobs/j", says(200, {"jobID": "j", "status": "running"}))
    assert run(stage, lambda c: c.job("j")).status == "running"
    assert run(stage, lambda c: c.job("k")) is None


@pytest.mark.parametrize(("status", "outcome"), [(200, True), (204, True), (404, False), (405, None), (501, None)])
def test_a_job_is_dismissed(stage: Stage, status: int, outcome: bool | None) -> None:
    stage.on("DELETE /jobs/j", says(status))
    assert run(stage, lambda c: c.dismiss("j")) is outcome


def test_a_dismissal_without_an_answer_stays_in_doubt(stage: Stage) -> None:
    stage.on("DELETE /jobs/j", says(500))
    with pytest.raises(Doubt):
        run(stage, lambda c: c.dismiss("j"))


def test_logs(stage: Stage) -> None:
    stage.on("GET /jobs/j/logs", says(200, [{"message": "a"}]))
    assert run(stage, lambda c: c.logs("j")) == (LogEntry(None, "a"),)
    assert run(stage, lambda c: c.logs("k")) is None


def test_reading_is_repeated_and_then_gives_up(stage: Stage) -> None:
    stage.on("GET /keys", says(503), httpx.ConnectError("x"), says(200, []))
    assert run(stage, EOCanvas.keys) == []
    stage.on("GET /keys", says(200, content=b'[{"name": '))
    with pytest.raises(Doubt, match="not JSON"):
        run(stage, EOCanvas.keys)
    assert stage.clock.slept == [0.5, 2.0, 0.5, 2.0]


def test_a_refused_request_is_not_repeated(stage: Stage) -> None:
    stage.on("GET /keys", says(403, {"title": "Forbidden", "detail": "accept the terms"}))
    with pytest.raises(Refused, match="GET /serverless/keys answered 403: Forbidden: accept the terms"):
        run(stage, EOCanvas.keys)
    assert len(stage.sent("GET", "/keys")) == 1


def test_an_unreadable_list_is_in_doubt(stage: Stage) -> None:
    stage.on("GET /keys", says(200, {"keys": []}))
    with pytest.raises(Doubt, match="without the list of keys"):
        run(stage, EOCanvas.keys)


def test_an_invalid_public_key(stage: Stage) -> None:
    stage.on("GET /keys/cert/public", says(200, content=b"<html>log in</html>"))
    with pytest.raises(ServiceError, match="not a public key"):
        run(stage, EOCanvas.public_key)


def test_service_time_comes_from_the_service_alone(stage: Stage) -> None:
    ahead, far = http_date(START + timedelta(hours=1)), http_date(START + timedelta(days=9))
    stage.on("GET /keys", says(200, [], date=ahead))
    stage.on("GET https://files.test/x.nc", says(200, content=b"abc", date=far))

    async def act(canvas: EOCanvas) -> timedelta | None:
        await canvas.keys()
        async with canvas.download(ResultInfo("https://files.test/x.nc")):
            return canvas.time.skew

    assert run(stage, act) == timedelta(hours=1)


def test_the_log_shows_requests_but_no_secret(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "eocanvas_apply")
    stage.on("GET /jobs", says(200, {"jobs": []}))
    stage.on("POST /keys", says(500, {"message": "c2VhbGVk"}))
    run(stage, EOCanvas.jobs)
    with pytest.raises(Doubt):
        run(stage, lambda c: c.create_key("k", type="S3", expire_s=1, public=False, description="", data="c2VhbGVk"))
    ours = "\n".join(r.getMessage() for r in caplog.records if r.name == "eocanvas_apply.service")
    assert "GET /serverless/jobs 200" in ours
    assert not [s for s in ("pass:word", "token-1", "c2VhbGVk", "limit=") if s in ours]


def test_the_account_and_address_are_known(stage: Stage) -> None:
    async def act(canvas: EOCanvas) -> tuple[str, str]:
        return canvas.account, canvas.endpoints.base_url

    assert run(stage, act) == ("jane", BASE)


@pytest.mark.parametrize("href", ["", " "])
def test_a_result_without_an_address_cannot_be_fetched(stage: Stage, href: str) -> None:
    async def address(canvas: EOCanvas) -> str:
        return canvas.address_of(ResultInfo(href, "a.nc"))

    with pytest.raises(ServiceError) as raised:
        run(stage, address)
    assert raised.value.diagnostics[0].code == "service-answer-unreadable"
