"""What a person has allowed on this machine, in a settings file of their own: no manifest can name or change it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import ALLOW_PATHS, expanded, read_own

NAME = "settings.toml"
_LIST = 'a list of folders from the root on, such as ["/home/jane/baltic"]'
_FIELDS = ("allow_commands", "allow_paths")


def settings_file() -> Path | None:
    """Return where the settings file is, or would be: in the folder that the system has for settings of programs.

    None where the user has no home, as in a container with a user id of its own.
    """
    from platformdirs import user_config_path

    try:
        return user_config_path("eocanvas-apply", appauthor=False) / NAME
    except RuntimeError:
        return None


class PersonalSettings(Struct, frozen=True):
    """The settings; `allow_commands` are the folders of the projects whose commands may run, None for all of them.

    `allow_paths` are folders and files that a manifest may name although they lie outside of its own folder.
    """

    allow_commands: tuple[Path, ...] | None = ()
    allow_paths: tuple[Path, ...] = ()

    def allows_commands(self, folder: Path) -> bool:
        """Tell whether commands of a manifest in this folder may run."""
        if self.allow_commands is None:
            return True
        real = folder.resolve()
        return any(real.is_relative_to(each) for each in self.allow_commands)


def read_personal_settings(file: Path | None) -> PersonalSettings:
    """Return the settings of a file, those of none where there is none. Raises UsageError, code `bad-setting`."""
    if file is None or not file.exists():
        return PersonalSettings()
    import tomllib

    try:
        found = tomllib.loads(read_own(str(file), Path()).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        what = "it is not UTF-8 text" if isinstance(fault, UnicodeDecodeError) else str(fault)
        raise _fault(file, what, "write TOML, such as: allow_commands = true") from None
    for name in found:
        if name not in _FIELDS:
            raise _fault(file, f"there is no setting {name!r}", did_you_mean(name, _FIELDS))
    return PersonalSettings(_allowed_commands(file, found), _allowed_paths(file, found))


def allowed_paths(given: Iterable[str], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders beside its own that a manifest may name: `given`, EOCANVAS_APPLY_ALLOW_PATHS, the settings.

    Relative ones are relative to the working folder. Raises UsageError for settings that cannot be read.
    """
    given = tuple(given)
    if "" in given:
        raise UsageError(error("usage", "--allow-path has no folder", "name one, such as --allow-path /data/graphs"))
    named = (*given, *filter(None, environ.get(ALLOW_PATHS, "").split(os.pathsep)))
    return (*(expanded(each) for each in named), *read_personal_settings(settings_file()).allow_paths)


def _allowed_commands(file: Path, found: Mapping[str, Any]) -> tuple[Path, ...] | None:
    match found.get("allow_commands", False):
        case True:
            return None
        case False:
            return ()
        case given if (folders := _folders(given)) is not None:
            return folders
    raise _fault(file, "allow_commands is neither true nor false nor a list of folders", f"write true, or {_LIST}")


def _allowed_paths(file: Path, found: Mapping[str, Any]) -> tuple[Path, ...]:
    if (folders := _folders(found.get("allow_paths", []))) is None:
        raise _fault(file, "allow_paths is not a list of folders", f"write {_LIST}")
    return folders


def _folders(given: object) -> tuple[Path, ...] | None:
    """Return the folders of a list, None for anything but a list of absolute paths."""
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        return None
    folders = [expanded(each) for each in given]
    return tuple(each.resolve() for each in folders) if all(each.is_absolute() for each in folders) else None


def _fault(file: Path, what: str, hint: str) -> UsageError:
    return UsageError(error("bad-setting", f"{file}: {what}", hint))
