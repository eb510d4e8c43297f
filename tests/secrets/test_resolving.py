from __future__ import annotations

import os
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, KeyringReference, SecretReference
from eocanvas_apply.secrets.vault import SecretSources


def private(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def resolve(reference: SecretReference, folder: Path = Path(), **environ: str) -> tuple[Secret | None, list[str]]:
    found: list[Diagnostic] = []
    return SecretSources(environ, folder).resolve(reference, found.append), [d.code for d in found]


def test_from_the_environment() -> None:
    assert resolve(EnvReference(env="PW"), PW=" p w ") == (Secret(" p w "), [])


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"pw", "pw"), (b"pw\n", "pw"), (b"pw\r\n", "pw"), (b"pw\n\n", "pw\n"), ("pä ".encode(), "pä ")],
)
def test_from_a_file_without_its_last_newline(content: bytes, text: str, tmp_path: Path) -> None:
    private(tmp_path / "pw", content)
    found = resolve(FileReference(file="pw"), tmp_path)
    assert found == (Secret(text), [])


def test_from_a_file_that_the_environment_names(tmp_path: Path) -> None:
    reference = FileReference(file=EnvReference(env="PW_FILE"))
    private(tmp_path / "pw", b"pw\n")
    found = resolve(reference, tmp_path, PW_FILE="pw")
    assert found == (Secret("pw"), [])
    assert resolve(reference) == (None, ["secret-unset"])


@pytest.mark.parametrize(
    ("reference", "code"),
    [
        (EnvReference(env="NOWHERE"), "secret-unset"),
        (EnvReference(env="EMPTY"), "secret-empty"),
        (EnvReference(env="BINARY"), "secret-not-text"),
        (FileReference(file="gone"), "file-missing"),
        (FileReference(file="newline"), "secret-empty"),
        (FileReference(file="binary"), "secret-not-text"),
        (KeyringReference(keyring=("a", "b")), "not-yet"),
    ],
)
def test_references_that_give_no_secret(reference: SecretReference, code: str, tmp_path: Path) -> None:
    private(tmp_path / "newline", b"\n")
    private(tmp_path / "binary", b"\xff")
    assert resolve(reference, tmp_path, EMPTY="", BINARY="\udcff") == (None, [code])


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_file_that_all_users_can_read_is_a_warning_and_still_used(tmp_path: Path) -> None:
    private(tmp_path / "pw", b"pw")
    (tmp_path / "pw").chmod(0o644)
    assert resolve(FileReference(file="pw"), tmp_path) == (Secret("pw"), ["secret-file-mode"])
