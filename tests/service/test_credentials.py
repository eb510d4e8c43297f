from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.errors import CredentialsError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials, find_credentials


def hdarc(path: Path, user: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"url: https://x.test\nuser: {user}\npassword: a:b c\n", encoding="utf-8")
    return path


def test_credentials_are_searched_in_order(tmp_path: Path) -> None:
    hdarc(tmp_path / ".hdarc", "home")
    config = hdarc(tmp_path / "config" / ".hdarc", "config").parent
    named = hdarc(tmp_path / "named", "named")
    environ = {"HDA_USER": "env", "HDA_PASSWORD": "pw", "HDA_RC": str(named), "EOCANVAS_CONFIG_DIR": str(config)}
    assert find_credentials(environ, tmp_path) == Credentials("env", Secret("pw"), "environment")
    del environ["HDA_USER"], environ["HDA_PASSWORD"]
    assert find_credentials(environ, tmp_path) == Credentials("named", Secret("a:b c"), f"{named} (HDA_RC)")
    del environ["HDA_RC"]
    assert find_credentials(environ, tmp_path) == Credentials("config", Secret("a:b c"), f"{config}/.hdarc")
    del environ["EOCANVAS_CONFIG_DIR"]
    assert find_credentials(environ, tmp_path) == Credentials("home", Secret("a:b c"), "~/.hdarc")


def test_a_config_folder_without_the_file_is_ignored(tmp_path: Path) -> None:
    hdarc(tmp_path / ".hdarc", "home")
    assert find_credentials({"EOCANVAS_CONFIG_DIR": str(tmp_path / "none")}, tmp_path).username == "home"


def test_a_named_file_may_be_below_home(tmp_path: Path) -> None:
    hdarc(tmp_path / "rc", "named")
    assert find_credentials({"HDA_RC": "~/rc"}, tmp_path).origin == "~/rc (HDA_RC)"


@pytest.mark.parametrize(
    "text",
    ["\ufeffuser:jane\r\npassword:pw\r\n", " user : jane\n# a note\n\npassword :  pw  ", "user:jane\npassword:pw"],
)
def test_lines_are_read_tolerantly(tmp_path: Path, text: str) -> None:
    (tmp_path / ".hdarc").write_bytes(text.encode())
    found = find_credentials({}, tmp_path)
    assert (found.username, found.password) == ("jane", Secret("pw"))


def test_missing_credentials_name_the_places_searched(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError) as caught:
        find_credentials({"EOCANVAS_CONFIG_DIR": "conf"}, tmp_path)
    assert caught.value.diagnostics[0].code == "credentials-missing"
    for place in ("HDA_USER", "HDA_RC", "conf/.hdarc", "~/.hdarc"):
        assert place in str(caught.value)


def test_without_a_home_the_other_places_are_enough() -> None:
    assert find_credentials({"HDA_USER": "jane", "HDA_PASSWORD": "pw"}, None).username == "jane"
    with pytest.raises(CredentialsError, match=r"HDA_USER and HDA_PASSWORD, HDA_RC \(Set "):
        find_credentials({}, None)


@pytest.mark.parametrize("name", ["HDA_USER", "HDA_PASSWORD"])
def test_a_line_end_in_a_variable_is_an_error_and_a_byte_order_mark_is_not(name: str) -> None:
    environ = {"HDA_USER": "jane", "HDA_PASSWORD": "pw"}
    assert find_credentials(environ | {name: "\ufeffpw"}, None)
    with pytest.raises(CredentialsError, match=f"{name} ends with a line end"):
        find_credentials(environ | {name: "pw\n"}, None)


@pytest.mark.parametrize(("given", "missing"), [("HDA_USER", "HDA_PASSWORD"), ("HDA_PASSWORD", "HDA_USER")])
def test_one_of_two_credential_variables_is_an_error(tmp_path: Path, given: str, missing: str) -> None:
    hdarc(tmp_path / ".hdarc", "home")
    with pytest.raises(CredentialsError, match=f"{given} is set, but {missing} is not") as caught:
        find_credentials({given: "hunter2"}, tmp_path)
    assert "hunter2" not in str(caught.value)


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    hdarc(tmp_path / ".hdarc", "home")
    with pytest.raises(CredentialsError, match=r"gone \(HDA_RC\) cannot be read"):
        find_credentials({"HDA_RC": str(tmp_path / "gone")}, tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [(b"user: jane\n", "no line `password:`"), (b"hunter2", "no line `user:` and no line"), (b"\xff", "not UTF-8")],
)
def test_a_file_that_holds_no_credentials(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / ".hdarc").write_bytes(content)
    with pytest.raises(CredentialsError, match=says) as caught:
        find_credentials({}, tmp_path)
    assert "~/.hdarc" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_folder_in_place_of_the_credentials_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / ".hdarc").mkdir()
    with pytest.raises(CredentialsError, match="cannot be read"):
        find_credentials({}, tmp_path)
