from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import Position, Severity, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import FileContent
from eocanvas_apply.secrets.references import EnvReference, FileReference, KeyringReference, SecretReference
from eocanvas_apply.secrets.resolving import ResolvedSecrets, SecretSources
from eocanvas_apply.secrets.secret import Secret

FOLDER = Path("manifests")


def sources(files: dict[str, FileContent] | None = None, **environ: str) -> SecretSources:
    def read(written: str, folder: Path) -> FileContent:
        assert folder == FOLDER
        try:
            return (files or {})[written]
        except KeyError:
            raise ManifestError(error("file-missing", f"there is no file {written!r}")) from None

    return SecretSources(environ, FOLDER, read)


def resolve(reference: SecretReference, **kw: object) -> tuple[Secret | None, list[str]]:
    files = kw.pop("files", None)
    found = sources(files, **kw).resolve({"key.k": {"password": reference}})  # type: ignore[arg-type]
    return found.values["key.k"].get("password"), [d.code for d in found.diagnostics]


def test_from_the_environment() -> None:
    assert resolve(EnvReference(env="PW"), PW=" p w ") == (Secret(" p w "), [])


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"pw", "pw"), (b"pw\n", "pw"), (b"pw\r\n", "pw"), (b"pw\n\n", "pw\n"), ("pä ".encode(), "pä ")],
)
def test_from_a_file_without_its_last_newline(content: bytes, text: str) -> None:
    found = resolve(FileReference(file="pw"), files={"pw": FileContent(content)})
    assert found == (Secret(text), [])


def test_from_a_file_that_the_environment_names() -> None:
    reference = FileReference(file=EnvReference(env="PW_FILE"))
    found = resolve(reference, files={"run/pw": FileContent(b"pw\n")}, PW_FILE="run/pw")
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
def test_what_gives_no_secret(reference: SecretReference, code: str) -> None:
    files = {"newline": FileContent(b"\n"), "binary": FileContent(b"\xff")}
    assert resolve(reference, files=files, EMPTY="", BINARY="\udcff") == (None, [code])


def test_a_file_that_everybody_may_read_is_a_warning_and_still_used() -> None:
    files = {"pw": FileContent(b"pw", open_to_all=True)}
    found = sources(files).resolve({"key.k": {"password": FileReference(file="pw")}})
    assert found.values["key.k"]["password"] == Secret("pw")
    assert [(d.code, d.severity) for d in found.diagnostics] == [("secret-file-mode", Severity.WARNING)]


def all_wrong() -> ResolvedSecrets:
    references: dict[str, dict[str, SecretReference]] = {
        "key.a": {"access_key": EnvReference(env="A"), "secret_key": EnvReference(env="B")},
        "key.b": {"password": FileReference(file="gone")},
    }
    return sources(A="hunter2").resolve(references, {("key.b", "password"): Position("m.yaml", 7, 3)})


def test_all_faults_come_at_once_with_address_field_and_place() -> None:
    found = all_wrong()
    told = [(d.address, d.message.partition(":")[0], d.position and d.position.line) for d in found.diagnostics]
    assert told == [("key.a", "secret_key", None), ("key.b", "password", 7)]
    assert list(found.values["key.a"]) == ["access_key"]


def test_nothing_shows_a_secret() -> None:
    assert "hunter2" not in repr(all_wrong()) + repr(sources(A="hunter2"))
    assert "hunter2" not in repr(FileContent(b"hunter2"))
