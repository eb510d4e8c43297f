from __future__ import annotations

from pathlib import Path

import pytest

from eocanvas_apply.engine.personal_settings import (
    PersonalSettings,
    allowed_paths,
    read_personal_settings,
    settings_file,
)
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import expanded, located


def read(folder: Path, text: str) -> PersonalSettings:
    file = folder / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return read_personal_settings(file)


def test_nothing_is_allowed_without_a_file(tmp_path: Path) -> None:
    assert not read_personal_settings(tmp_path / "settings.toml").allows_commands(tmp_path)


@pytest.mark.parametrize(("value", "allowed"), [("true", True), ("false", False), ("[]", False)])
def test_commands_of_every_project_or_of_none(value: str, allowed: bool, tmp_path: Path) -> None:
    assert read(tmp_path, f"allow_commands = {value}\n").allows_commands(tmp_path) is allowed


def test_commands_of_the_projects_in_some_folders(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    settings = read(tmp_path, f'allow_commands = ["{tmp_path / "mine"}"]\n')
    allowed = {name: settings.allows_commands(tmp_path / name) for name in ("mine", "mine/a", "link", "mine2", ".")}
    assert allowed == {"mine": True, "mine/a": True, "link": True, "mine2": False, ".": False}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("allow_command = true", "no setting 'allow_command' (did you mean allow_commands?)"),
        ("allow_commands = 1", "allow_commands is neither true nor false nor a list of folders"),
        ('allow_commands = ["projects"]', "allow_commands is neither true nor false nor a list of folders"),
        ("allow_commands = yes", "line 1"),
    ],
)
def test_a_mistake_in_it_ends_the_command(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text)
    assert words in str(refused.value.diagnostics[0])


def test_a_file_that_is_no_text_ends_the_command(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="it is not UTF-8 text"):
        read_personal_settings(tmp_path / "settings.toml")


def test_it_lies_in_the_folder_for_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    file = settings_file()
    assert file is not None
    assert file.parts[-2:] == ("eocanvas-apply", "settings.toml")


def test_a_user_without_a_home_has_no_settings_and_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(*_: object, **__: object) -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr("platformdirs.user_config_path", absent)
    assert settings_file() is None
    assert read_personal_settings(None) == PersonalSettings()
    assert allowed_paths(["/data"], {}) == (Path("/data"),)


def test_a_home_that_the_system_does_not_know_stays_as_it_is_written(tmp_path: Path) -> None:
    assert expanded("~no-such-user/graphs") == Path("~no-such-user/graphs")
    assert located("~no-such-user/g.xml", tmp_path) == tmp_path / "~no-such-user/g.xml"
