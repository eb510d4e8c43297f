from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour, Settings
from eocanvas_apply.emulator.model.keystore import SealingKey, WebdavCredentials, read_credentials
from tests.emulator.model_client import S3_FIELDS, WEBDAV_FIELDS, Stage, key_fields, private_key, seal


def behaving(**changes: Any) -> Stage:
    return Stage(Settings(behaviour=Behaviour(**changes))).log_in()


def names(stage: Stage) -> list[str]:
    return [key["name"] for key in stage.get("/keys")]


def two_users() -> Stage:
    return Stage(Settings(users=(DEFAULT_USER, User("ann", "pw"))))


def test_a_key_is_created_shown_and_deleted(stage: Stage) -> None:
    answer = stage.create_key("scenes", description="for the scenes", expire=7200, public=True)
    assert (answer.status, answer.body) == (201, b"")
    assert stage.get("/keys/scenes") == {
        "name": "scenes",
        "type": "S3",
        "public": True,
        "description": "for the scenes",
        "owner": "jane",
        "creationDate": "2026-01-05 08:00:00",
        "expirationDate": "2026-01-05 10:00:00",
        "expireSeconds": 7200,
    }
    assert names(stage) == ["eodata", "scenes"]
    assert stage.call("DELETE", "/keys/scenes").status == 204
    assert stage.call("GET", "/keys/scenes").status == 404
    assert stage.call("DELETE", "/keys/scenes").status == 404


def test_sealed_secrets_are_opened_for_jobs_and_never_shown(stage: Stage) -> None:
    stage.create_key("drive", "WEBDAV")
    key = next(key for key in stage.service.keystore if key.name == "drive")
    assert key.credentials == WebdavCredentials(**WEBDAV_FIELDS)
    assert stage.service.plaintext_of("drive") == json.dumps(WEBDAV_FIELDS).encode()
    assert stage.service.plaintext_of("missing") is None
    assert b"app-password" not in stage.call("GET", "/keys").body


def test_the_public_key_is_pem_for_every_content_type(stage: Stage) -> None:
    answer = stage.call("GET", "/keys/cert/public")
    key = serialization.load_pem_public_key(answer.body)
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.public_numbers() == private_key().public_key().public_numbers()


def test_without_a_given_sealing_key_the_emulator_makes_one_and_keeps_it() -> None:
    sealing = SealingKey(bits=1024)
    assert sealing.private_key is sealing.private_key
    assert sealing.private_key.key_size == 1024


def test_a_key_lives_one_hour_by_default(stage: Stage) -> None:
    fields = key_fields()
    del fields["expire"]
    stage.call("POST", "/keys", {"scenes": fields})
    assert stage.get("/keys/scenes")["expireSeconds"] == 3600
    stage.clock.advance(3599)
    assert "scenes" in names(stage.log_in())
    stage.clock.advance(1)
    assert names(stage) == ["eodata"]
    assert stage.call("GET", "/keys/scenes").status == 404


def test_expire_0_and_the_built_in_key_have_no_end(stage: Stage) -> None:
    stage.create_key("scenes", expire=0)
    stage.clock.advance(10**9)
    stage.log_in()
    shown = stage.get("/keys")
    assert [(key["expireSeconds"], key["expirationDate"]) for key in shown] == [(0, None), (0, None)]


def test_expired_keys_may_still_be_shown() -> None:
    stage = behaving(expired_keys="shown", key_end="null")
    stage.create_key("scenes", expire=10)
    stage.clock.advance(11)
    assert stage.get("/keys/scenes")["expirationDate"] is None
    assert stage.create_key("scenes").status == 201


@pytest.mark.parametrize(("asked", "granted"), [(7200, 3600), (100, 100), (0, 3600)])
def test_the_lifetime_can_be_capped(asked: int, granted: int) -> None:
    stage = behaving(expire_cap=3600)
    stage.create_key("scenes", expire=asked)
    assert stage.get("/keys/scenes")["expireSeconds"] == granted


@pytest.mark.parametrize(("live_name", "status"), [("409", 409), ("400", 400), ("overwrite", 201)])
def test_a_live_name_is_refused_or_overwritten(live_name: str, status: int) -> None:
    stage = behaving(live_name=live_name)
    stage.create_key("scenes", description="first")
    assert stage.create_key("scenes", description="second").status == status
    assert stage.get("/keys/scenes")["description"] == ("second" if status == 201 else "first")


@pytest.mark.parametrize("live_name", ["409", "overwrite"])
def test_names_are_unique_over_all_users(live_name: str) -> None:
    stage = two_users()
    stage.service.behaviour = Behaviour().changed({"live_name": live_name})
    stage.log_in("ann", "pw").create_key("scenes")
    stage.log_in()
    assert stage.create_key("scenes").status == 409
    assert names(stage) == ["eodata"]


@pytest.mark.parametrize("status", ["403", "404"])
def test_a_private_key_of_another_user_is_not_accessible(status: str) -> None:
    stage = two_users()
    stage.service.behaviour = Behaviour().changed({"foreign_key": status})
    stage.log_in("ann", "pw").create_key("scenes")
    stage.log_in()
    assert stage.call("GET", "/keys/scenes").status == int(status)
    assert stage.call("DELETE", "/keys/scenes").status == int(status)


def test_a_public_key_is_shown_to_others_who_cannot_delete_it() -> None:
    stage = two_users().log_in("ann", "pw")
    stage.create_key("scenes", public=True)
    stage.log_in()
    assert stage.get("/keys/scenes")["owner"] == "ann"
    assert stage.call("DELETE", "/keys/scenes").status == 403
    assert stage.call("DELETE", "/keys/eodata").status == 403


@pytest.mark.parametrize("end", ["deleted", "expired"])
def test_a_name_can_stay_taken_for_a_while(end: str) -> None:
    stage = behaving(name_free_after=60.0)
    stage.create_key("scenes", expire=100)
    if end == "deleted":
        stage.call("DELETE", "/keys/scenes")
    else:
        stage.clock.advance(100)
    assert stage.call("GET", "/keys/scenes").status == 404
    stage.clock.advance(59)
    assert stage.create_key("scenes").status == 409
    stage.clock.advance(1)
    assert stage.create_key("scenes").status == 201


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{}",
        b"not json",
        {"scenes": []},
        {"cert": key_fields()},
        {"eodata": key_fields()},
        {"a/b": key_fields()},
        {"scenes": key_fields(type="FTP")},
        {"scenes": key_fields(expire="soon")},
        {"scenes": key_fields(expire=-1)},
        {"scenes": key_fields(data="***")},
        {"scenes": key_fields(data=None)},
        {"scenes": key_fields(data=seal(b'{"secret_key": 1}'))},
        {"scenes": key_fields(data=seal(json.dumps(WEBDAV_FIELDS).encode()))},
    ],
)
def test_a_body_that_does_not_describe_a_key_is_refused(stage: Stage, body: Any) -> None:
    assert stage.call("POST", "/keys", body).status == 400
    assert names(stage) == ["eodata"]


def test_an_unreadable_seal_can_stay_unnoticed_until_a_job_needs_it() -> None:
    stage = behaving(sealed_check="at-use")
    assert stage.create_key("scenes", data=base64.b64encode(b"rubbish").decode()).status == 201


@given(st.integers(0, 255), st.randoms(use_true_random=False))
def test_a_tampered_seal_never_gives_credentials(place: int, chance: random.Random) -> None:
    sealed = bytearray(base64.b64decode(seal(json.dumps(S3_FIELDS).encode())))
    sealed[place] ^= chance.randrange(1, 256)
    plaintext = SealingKey(private_key()).unseal(bytes(sealed))
    assert plaintext is None or read_credentials("S3", plaintext) is None
