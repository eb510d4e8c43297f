from __future__ import annotations

from typing import Any

import pytest
from pydantic import TypeAdapter

from eocanvas_apply.manifest.model.keys import Key, WekeoDriveKey
from eocanvas_apply.secrets.secret_references import EnvReference

KEYS: TypeAdapter[Any] = TypeAdapter(Key)
S3 = {"bucket": "b", "region": "r", "endpoint": "https://s3.example.test"}
SECRETS = {"access_key": {"env": "A"}, "secret_key": {"env": "B"}}
DRIVE = {"type": "wekeo-drive", "username": "jane", "password": {"env": "P"}}


def key(**fields: Any) -> Any:
    return KEYS.validate_python(fields)


def test_a_private_bucket() -> None:
    found = key(type="s3", **S3, **SECRETS)
    assert found.storage_type == "S3"
    assert found.plain_config() == S3
    assert found.secret_fields() == {"access_key": EnvReference(env="A"), "secret_key": EnvReference(env="B")}
    assert found.readable
    assert found.writable


def test_a_public_bucket_has_no_secret_and_is_read_only() -> None:
    found = key(type="s3-public", **S3)
    assert (found.storage_type, found.secret_fields()) == ("S3", {})
    assert found.readable
    assert not found.writable


@pytest.mark.parametrize("username", ["jane", "wso2_oidc-jane"])
def test_drive_settings_follow_from_the_account_name(username: str) -> None:
    found = key(**{**DRIVE, "username": username})
    assert isinstance(found, WekeoDriveKey)
    assert found.plain_config() == {
        "endpoint": "https://wekeo-files.prod.wekeo2.eu/remote.php/dav/files/wso2_oidc-jane",
        "username": "wso2_oidc-jane",
    }
    assert found.storage_type == "WEBDAV"
    assert found.writable
    assert not found.readable


def test_webdav_goes_both_ways() -> None:
    found = key(type="webdav", endpoint="https://dav.example.test", username="jane", password={"file": {"env": "F"}})
    assert found.readable
    assert found.writable
    assert found.plain_config() == {"endpoint": "https://dav.example.test", "username": "jane"}


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ("s3", ("S3", True, True)),
        ("s3-public", ("S3", True, False)),
        ("wekeo-drive", ("WEBDAV", False, True)),
        ("webdav", ("WEBDAV", True, True)),
    ],
)
def test_an_existing_key_names_its_storage(storage: str, expected: tuple[str, bool, bool]) -> None:
    found = key(type="existing", name="ann-s3-key", storage=storage)
    assert (found.storage_type, found.readable, found.writable) == expected


def test_a_key_lives_seven_days_by_default() -> None:
    assert key(**DRIVE).expires_in.days == 7
    assert key(**DRIVE, expires_in="36h").expires_in.total_seconds() == 36 * 3600
