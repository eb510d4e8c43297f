from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

import httpx
import pytest

from eocanvas_apply.errors import CredentialsError, Doubt, NotSent, Refused
from eocanvas_apply.service.eocanvas import EOCanvas

from .scripted_service import Stage, says

IDENTITY = "POST https://canvas.test/identity/gettoken"
BROKER = "POST https://canvas.test/hda-broker/gettoken"
REFRESH = "POST https://canvas.test/identity/refreshtoken"
TOKEN = {"access_token": "t-1", "refresh_token": "r-1", "expires_in": 1744}


def run(stage: Stage, act: Callable[[EOCanvas], Awaitable[object]], token_url: str | None = None) -> object:
    async def main() -> object:
        async with stage.canvas(token_url) as canvas:
            return await act(canvas)

    return asyncio.run(main())


def keys_twice_with_pause(seconds: float) -> Callable[[EOCanvas], Awaitable[object]]:
    async def act(canvas: EOCanvas) -> None:
        await canvas.keys()
        canvas.time.clock.elapsed += seconds  # type: ignore[attr-defined]
        await canvas.keys()

    return act


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.on("GET /keys", says(200, []))
    return stage


def bearers(stage: Stage) -> list[str]:
    return [r.headers["authorization"] for r in stage.got if "gettoken" not in str(r.url)]


def test_one_log_in_serves_a_run(stage: Stage) -> None:
    run(stage, keys_twice_with_pause(60))
    assert len(stage.sent("POST", "gettoken")) == 1
    assert json.loads(stage.got[0].content) == {"username": "jane", "password": "pass:word"}
    assert bearers(stage) == ["Bearer token-1"] * 2


def test_many_tasks_share_one_log_in(stage: Stage) -> None:
    async def act(canvas: EOCanvas) -> None:
        await asyncio.gather(*(canvas.keys() for _ in range(20)))

    run(stage, act)
    assert len(stage.sent("POST", "gettoken")) == 1


def test_a_token_is_renewed_a_little_before_it_ends(stage: Stage) -> None:
    renewed = {"access_token": "t-2", "refresh_token": "r-2", "expires_in": 1744}
    stage.on(REFRESH, says(200, renewed))
    run(stage, keys_twice_with_pause(1744 - 30))
    assert parse_qs(stage.sent("POST", "refreshtoken")[0].content.decode()) == {"refresh_token": ["refresh-1"]}
    assert stage.sent("GET", "/keys")[1].headers["authorization"] == "Bearer t-2"


@pytest.mark.parametrize("status", [400, 403])
def test_a_refused_renewal_logs_in_again(stage: Stage, status: int) -> None:
    stage.on(REFRESH, says(status))
    run(stage, keys_twice_with_pause(1744))
    assert len(stage.sent("POST", "gettoken")) == 2
    assert stage.sent("GET", "/keys")[1].headers["authorization"] == "Bearer token-2"


def test_a_token_of_unknown_life_is_kept_for_five_minutes(stage: Stage) -> None:
    stage.on(IDENTITY, says(200, {"access_token": "t", "expires_in": "soon"}))
    run(stage, keys_twice_with_pause(299))
    assert len(stage.sent("POST", "gettoken")) == 1
    run(stage, keys_twice_with_pause(301))
    assert len(stage.sent("POST", "gettoken")) == 3


def test_the_old_log_in_address_is_tried_on_404_and_remembered(stage: Stage) -> None:
    stage.on(IDENTITY, says(404))
    stage.on(BROKER, says(200, TOKEN))

    async def act(canvas: EOCanvas) -> str:
        await canvas.log_in()
        return await canvas.log_in()

    assert run(stage, act) == "https://canvas.test/hda-broker/gettoken"
    assert [r.url.path for r in stage.got] == ["/identity/gettoken", "/hda-broker/gettoken"]


def test_a_log_in_address_that_is_given_is_the_only_one(stage: Stage) -> None:
    stage.on("POST https://id.test/realm/gettoken", says(404))
    with pytest.raises(CredentialsError, match=r"https://id\.test/realm/gettoken") as caught:
        run(stage, EOCanvas.keys, "https://id.test/realm/gettoken/")
    assert caught.value.diagnostics[0].code == "login-address"
    assert len(stage.got) == 1


def test_two_unreachable_addresses_are_both_named(stage: Stage) -> None:
    stage.on(IDENTITY, says(404))
    with pytest.raises(CredentialsError, match=r"identity/gettoken and .*hda-broker/gettoken"):
        run(stage, EOCanvas.keys)


def test_a_refused_log_in_is_tried_once_with_each_federated_origin(stage: Stage) -> None:
    stage.on(IDENTITY, says(401), says(401), says(200, TOKEN))
    run(stage, EOCanvas.keys)
    origins = [json.loads(r.content).get("origin") for r in stage.sent("POST", "gettoken")]
    assert origins == [None, "eumetsat", "cmems"]
    assert bearers(stage) == ["Bearer t-1"]


def test_the_federated_origin_of_the_account_is_remembered(stage: Stage) -> None:
    stage.on(IDENTITY, says(401), says(200, TOKEN))
    stage.on("GET /keys", says(401), says(200, []))
    run(stage, EOCanvas.keys)
    origins = [json.loads(r.content).get("origin") for r in stage.sent("POST", "gettoken")]
    assert origins == [None, "eumetsat", "eumetsat"]


def test_a_wrong_password_names_account_address_and_source_and_is_not_retried(stage: Stage) -> None:
    stage.on(IDENTITY, says(401, {"message": "no pass:word for you"}))

    async def act(canvas: EOCanvas) -> str:
        for _ in range(2):
            with pytest.raises(CredentialsError) as caught:
                await canvas.keys()
        return str(caught.value)

    message = str(run(stage, act))
    assert "'jane'" in message
    assert "https://canvas.test/identity/gettoken" in message
    assert "environment" in message
    assert "no *** for you" in message
    assert len(stage.got) == 3


@pytest.mark.parametrize("failing", [says(503), says(200, content=b"<html>"), httpx.ReadTimeout("x"), says(200, {})])
def test_a_log_in_without_answer_means_that_the_launch_was_not_sent(stage: Stage, failing: object) -> None:
    stage.on(IDENTITY, failing)  # type: ignore[arg-type]
    with pytest.raises(NotSent):
        run(stage, lambda canvas: canvas.execute("snap-function", b"{}"))
    assert len(stage.got) == 3
    assert stage.clock.slept == [0.5, 2.0]


def test_a_log_in_answered_with_429_says_how_long_to_wait(stage: Stage) -> None:
    stage.on(IDENTITY, says(429, retry_after="9"))
    with pytest.raises(NotSent) as caught:
        run(stage, EOCanvas.keys)
    assert (caught.value.status, caught.value.retry_after) == (429, 9.0)
    assert len(stage.got) == 1


def test_a_token_that_is_not_a_valid_header_is_not_used(stage: Stage) -> None:
    stage.on(IDENTITY, says(200, {"access_token": "a\r\nb"}))
    with pytest.raises(NotSent, match="access_token"):
        run(stage, EOCanvas.keys)


def test_a_refused_token_is_replaced_once(stage: Stage) -> None:
    stage.on("GET /keys", says(401), says(200, []))
    run(stage, EOCanvas.keys)
    assert bearers(stage) == ["Bearer token-1", "Bearer token-2"]


def test_a_second_401_is_final(stage: Stage) -> None:
    stage.on("GET /keys", says(401, {"message": "who?"}))
    with pytest.raises(Refused, match="401: who\\?") as caught:
        run(stage, EOCanvas.keys)
    assert caught.value.status == 401
    assert len(stage.sent("GET", "/keys")) == 2


def test_tasks_refused_together_share_one_new_token(stage: Stage) -> None:
    def answered(request: httpx.Request) -> httpx.Response:
        stale = request.headers["authorization"] == "Bearer token-1"
        return httpx.Response(401 if stale else 200, json=[])

    stage.on("GET /keys", answered)

    async def act(canvas: EOCanvas) -> None:
        await asyncio.gather(*(canvas.keys() for _ in range(5)))

    run(stage, act)
    assert len(stage.sent("POST", "gettoken")) == 2


def test_a_launch_with_a_refused_token_is_sent_again_with_a_new_one(stage: Stage) -> None:
    launch = "POST /processes/snap-function/execution"
    stage.on(launch, says(401), says(201, {"jobID": "1"}))
    run(stage, lambda canvas: canvas.execute("snap-function", b"{}"))
    assert len(stage.sent("POST", "/execution")) == 2


def test_a_failed_token_renewal_means_not_sent(stage: Stage) -> None:
    stage.on(IDENTITY, says(200, TOKEN), says(500))
    stage.on("POST /processes/snap-function/execution", says(401))
    with pytest.raises(NotSent):
        run(stage, lambda canvas: canvas.execute("snap-function", b"{}"))


def test_tokens_are_removed_from_messages_of_the_service(stage: Stage) -> None:
    stage.on("GET /keys", says(500, {"message": "token-1 and refresh-1 are stale"}))
    with pytest.raises(Doubt, match=r"\*\*\* and \*\*\* are stale"):
        run(stage, EOCanvas.keys)
