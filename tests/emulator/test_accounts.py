from __future__ import annotations

import pytest

from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from tests.emulator.model_client import Stage

LOG_IN = {"username": "jane", "password": "correct-horse"}


def test_a_log_in_gives_a_token_for_the_seconds_it_names(stage: Stage) -> None:
    grant = stage.call("POST", "/identity/gettoken", LOG_IN).json()
    assert grant["expires_in"] == 1744
    stage.token = grant["access_token"]
    stage.clock.advance(1743)
    assert stage.call("GET", "/keys").status == 200
    stage.clock.advance(1)
    refused = stage.call("GET", "/keys")
    assert refused.status == 401
    assert "expired" in refused.json()["message"]


def test_a_refresh_token_renews_once(stage: Stage) -> None:
    grant = stage.call("POST", "/hda-broker/gettoken", LOG_IN).json()
    form = f"refresh_token={grant['refresh_token']}".encode()
    renewed = stage.call("POST", "/identity/refreshtoken", form).json()
    assert renewed["access_token"] != grant["access_token"]
    stage.token = renewed["access_token"]
    assert stage.call("GET", "/keys").status == 200
    assert stage.call("POST", "/identity/refreshtoken", form).status == 400


@pytest.mark.parametrize(
    "body",
    [{**LOG_IN, "password": "wrong"}, {**LOG_IN, "username": "john"}, {**LOG_IN, "origin": "cmems"}, {}],
)
def test_a_wrong_log_in_is_refused(stage: Stage, body: dict[str, str]) -> None:
    assert stage.call("POST", "/identity/gettoken", body).status == 401


def test_a_body_that_is_not_an_object_is_refused(stage: Stage) -> None:
    assert stage.call("POST", "/identity/gettoken", ["jane"]).status == 400
    assert stage.call("POST", "/identity/gettoken", b"{").status == 400
    assert stage.call("GET", "/identity/gettoken").status == 405


def test_a_federated_account_must_name_its_origin() -> None:
    stage = Stage(Settings(users=(User("ann", "pw", "eumetsat"),)))
    body = {"username": "ann", "password": "pw"}
    assert stage.call("POST", "/identity/gettoken", body).status == 401
    assert stage.call("POST", "/identity/gettoken", {**body, "origin": "eumetsat"}).status == 200


@pytest.mark.parametrize("place", ["identity", "hda-broker"])
def test_one_of_the_token_addresses_can_be_missing(stage: Stage, place: str) -> None:
    stage.service.behaviour = Behaviour().changed({"token_at": place})
    found = {p: stage.call("POST", f"/{p}/gettoken", LOG_IN).status for p in ("identity", "hda-broker")}
    assert found.pop(place) == 200
    assert list(found.values()) == [404]


def test_revoked_tokens_are_refused(stage: Stage) -> None:
    stage.service.accounts.revoke()
    assert stage.call("GET", "/keys").status == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic amFuZQ=="])
def test_nothing_is_shown_without_a_valid_token(stage: Stage, header: str) -> None:
    assert stage.call("GET", "/keys", headers={"authorization": header}).status == 401
