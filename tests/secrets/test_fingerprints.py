from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

import pytest

from eocanvas_apply.secrets.fingerprints import Fingerprinter, scheme_of
from eocanvas_apply.secrets.secret import Secret

SALT = b"salt of one ledger"
S3 = {"access_key": Secret("AK"), "secret_key": Secret("s3cr3t")}
DRIVE = {"password": Secret("s3cr3t")}


def of(keys: Mapping[str, Mapping[str, Secret]], pepper: str = "", **schemes: str) -> dict[tuple[str, str], str]:
    made = Fingerprinter(SALT, Secret(pepper) if pepper else None)
    return made.of_keys(keys, {f"key.{name}": scheme for name, scheme in schemes.items()})


@pytest.fixture
def slow_steps(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """Return the texts of the slow steps, as they are made."""
    texts: list[bytes] = []
    scrypt = hashlib.scrypt

    def counted(text: bytes, **options: Any) -> bytes:
        texts.append(text)
        return scrypt(text, **options)

    monkeypatch.setattr(hashlib, "scrypt", counted)
    return texts


def test_every_field_has_one_and_equal_secrets_look_different() -> None:
    found = of({"key.a": S3, "key.b": S3, "key.c": DRIVE})
    assert len(set(found.values())) == len(found) == 5
    assert {scheme_of(each) for each in found.values()} == {"scrypt2"}
    assert not any("s3cr3t" in each for each in found.values())


def test_keys_with_the_same_secrets_cost_one_slow_step(slow_steps: list[bytes]) -> None:
    made = Fingerprinter(SALT)
    keys = {f"key.k{number}": S3 for number in range(50)}
    first = made.of_keys({**keys, "key.d": DRIVE}, {})
    assert len(slow_steps) == 2
    assert made.of_keys({**keys, "key.d": DRIVE}, {}) == first
    assert len(slow_steps) == 2


def test_one_changed_secret_changes_those_of_its_key_only() -> None:
    before = of({"key.a": S3, "key.c": DRIVE})
    after = of({"key.a": {**S3, "secret_key": Secret("other")}, "key.c": DRIVE})
    assert {name for name in before if before[name] != after[name]} == {
        ("key.a", "access_key"),
        ("key.a", "secret_key"),
    }


def test_another_ledger_has_others() -> None:
    assert Fingerprinter(b"another").of_keys({"key.c": DRIVE}, {}) != of({"key.c": DRIVE})


def test_a_key_of_the_first_scheme_is_compared_by_it() -> None:
    """The value is what the first scheme gave, so that no ledger of that time sees a change."""
    found = of({"key.c": DRIVE}, c="scrypt")
    stretched = hashlib.scrypt(b"s3cr3t", salt=SALT, n=2**14, r=8, p=1, dklen=32)
    expected = hmac.digest(stretched, b"key.c.password", "sha256").hex()
    assert found == {("key.c", "password"): f"scrypt:{expected}"}


def test_a_pepper_is_named_and_needed() -> None:
    with_pepper = of({"key.c": DRIVE}, "pepper")
    scheme = scheme_of(with_pepper["key.c", "password"])
    assert scheme.startswith("scrypt2-")
    assert "pepper" not in scheme
    assert of({"key.c": DRIVE}, "pepper", c=scheme) == with_pepper
    assert of({"key.c": DRIVE}, "another", c=scheme) == of({"key.c": DRIVE}, c=scheme) == {}
    assert with_pepper.values() != of({"key.c": DRIVE}).values()


def test_with_a_pepper_a_key_without_one_is_compared_without() -> None:
    plain = of({"key.c": DRIVE}, c="scrypt2")
    assert of({"key.c": DRIVE}, "pepper", c="scrypt2") == plain


def test_a_scheme_of_a_later_version_cannot_be_compared() -> None:
    assert of({"key.c": DRIVE}, c="scrypt9") == {}
