from __future__ import annotations

import os
from pathlib import Path

import pytest

from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.secret_references import EnvReference, FileReference, SecretReference
from eocanvas_apply.secrets.secret_sources import SecretSources


def private(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)


def resolve(reference: SecretReference, folder: Path = Path(), **environ: str) -> tuple[Secret | None, list[str]]:
    found = SecretSources(environ, folder).resolve(reference)
    return found.secret, [d.code for d in found.diagnostics]


def test_from_the_environment() -> None:
    assert resolve(EnvReference(env="PW"), PW="p w") == (Secret("p w"), [])


@pytest.mark.parametrize(
    ("content", "text"),
    [(b"pw", "pw"), (b"pw\n", "pw"), (b"pw\r\n", "pw"), ("p ä".encode(), "p ä"), (b"\xef\xbb\xbfpw\r\n", "pw")],
)
def test_from_a_file_without_its_last_newline(content: bytes, text: str, tmp_path: Path) -> None:
    private(tmp_path / "pw", content)
    found = resolve(FileReference(file="pw"), tmp_path)
    assert found == (Secret(text), [])


@pytest.mark.parametrize("text", ["pw ", " pw", "pw\n\n", "p\nw", "p\x00w", "\ufeff pw", "pw\u00a0", "\tpw"])
def test_white_space_around_it_is_an_error_wherever_it_comes_from(text: str, tmp_path: Path) -> None:
    private(tmp_path / "pw", text.encode())
    assert resolve(FileReference(file="pw"), tmp_path) == (None, ["secret-whitespace"])
    assert resolve(EnvReference(env="PW"), PW=text) == (None, ["secret-whitespace"])


@pytest.mark.parametrize(
    ("text", "message"),
    [("pw\n", "ends with a line end"), ("  pw", "begins with a blank"), ("p\x1bw", "holds a control character")],
)
def test_what_is_wrong_with_it_is_in_the_message_and_its_text_is_not(text: str, message: str) -> None:
    found = SecretSources({"PW": text}, Path()).resolve(EnvReference(env="PW"))
    assert [d.message for d in found.diagnostics] == [f"the environment variable PW {message}"]


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


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_a_file_that_the_group_can_read_is_a_warning_if_it_is_ours_and_the_group_has_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import grp
    import pwd

    private(tmp_path / "pw", b"pw")
    (tmp_path / "pw").chmod(0o640)
    name = pwd.getpwuid(os.getuid()).pw_name

    def group(called: str, *members: str) -> list[str]:
        given = grp.struct_group((called, "x", os.getgid(), list(members)))
        monkeypatch.setattr(grp, "getgrgid", lambda _: given)
        return resolve(FileReference(file="pw"), tmp_path)[1]

    assert group("staff") == ["secret-file-mode"]
    assert group(name, "joe") == ["secret-file-mode"]
    # Linux gives each user a group of the same name.
    assert group(name) == []
    assert group(name, name) == []
    # As a container is given files: only their owner can change who reads them.
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    assert group("staff") == []
