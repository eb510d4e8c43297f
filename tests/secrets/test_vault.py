from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, SecretReference
from eocanvas_apply.secrets.secret_sources import SecretSources
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.vocabulary import StorageType

ENVIRON = {"A": "hunter2", "P": "pass"}


@dataclass(frozen=True)
class Key:
    secrets: Mapping[str, SecretReference]
    storage: StorageType = StorageType.WEBDAV
    config: Mapping[str, str] = field(default_factory=lambda: {"endpoint": "https://d.test", "username": "jane"})


KEYS = {
    "key.a": Key({"access_key": EnvReference(env="A"), "secret_key": EnvReference(env="B")}, StorageType.S3),
    "key.b": Key({"password": FileReference(file="gone")}),
    "key.c": Key({"password": EnvReference(env="P")}),
}


def opened(folder: Path = Path()) -> Vault:
    return Vault.opened(KEYS, SecretSources(ENVIRON, folder))


def test_all_faults_are_reported_with_address_and_field(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    found = [(d.address, d.message.partition(":")[0], d.severity) for d in vault.diagnostics]
    assert found == [("key.a", "secret_key", Severity.ERROR), ("key.b", "password", Severity.ERROR)]
    assert {a: [d.code for d in faults] for a, faults in vault.faults.items()} == {
        "key.a": ["secret-unset"],
        "key.b": ["file-missing"],
    }
    assert list(vault.secrets["key.a"]) == ["access_key"]
    assert {secret.reveal() for secret in vault.all_secrets} == {"hunter2", "pass"}


def test_sealed_sizes_are_given_for_keys_with_all_secrets(tmp_path: Path) -> None:
    plain = b'{"endpoint":"https://d.test","username":"jane","password":"pass"}'
    assert opened(tmp_path).sealed_sizes() == {"key.c": len(plain)}


def test_fingerprints_are_slow_salted_and_differ_by_place(tmp_path: Path) -> None:
    keys = {a: Key({"password": EnvReference(env="P")}) for a in ("key.a", "key.b")}
    vault = Vault.opened(keys, SecretSources(ENVIRON, tmp_path))
    assert vault.fingerprints(None) == {}
    first = vault.fingerprints(b"salt")
    assert first[("key.a", "password")] != first[("key.b", "password")]
    assert all(value.startswith("scrypt2:") for value in first.values())
    assert first != vault.fingerprints(b"pepper")


def test_nothing_shows_a_secret(tmp_path: Path) -> None:
    vault = opened(tmp_path)
    assert "hunter2" not in repr(vault) + repr(SecretSources(ENVIRON, tmp_path)) + repr(vault.diagnostics)
