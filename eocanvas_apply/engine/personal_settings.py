"""What a person has allowed on this machine, in a settings file of their own: no manifest can name or change it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import read_bytes

NAME = "settings.toml"
_FIELDS = ("allow_commands",)


def settings_file() -> Path:
    """Return where the settings file is, or would be: in the folder that the system has for settings of programs."""
    from platformdirs import user_config_path

    return user_config_path("eocanvas-apply", appauthor=False) / NAME


@dataclass(frozen=True, slots=True)
class PersonalSettings:
    """The settings; `allow_commands` are the folders of the projects whose commands may run, None for all of them."""

    allow_commands: tuple[Path, ...] | None = ()

    def allows_commands(self, folder: Path) -> bool:
        """Tell whether commands of a manifest in this folder may run."""
        if self.allow_commands is None:
            return True
        real = folder.resolve()
        return any(real.is_relative_to(each) for each in self.allow_commands)


def read_personal_settings(file: Path) -> PersonalSettings:
    """Return the settings of a file, those of none where there is none. Raises UsageError, code `bad-setting`."""
    if not file.exists():
        return PersonalSettings()
    try:
        found = tomllib.loads(read_bytes(str(file), Path()).decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
        raise _fault(file, str(fault), "write TOML, such as: allow_commands = true") from None
    return PersonalSettings(_folders(file, found))


def _folders(file: Path, found: Mapping[str, Any]) -> tuple[Path, ...] | None:
    for name in found:
        if name not in _FIELDS:
            raise _fault(file, f"there is no setting {name!r}", did_you_mean(name, _FIELDS))
    match found.get("allow_commands", False):
        case True:
            return None
        case False:
            return ()
        case [*folders] if all(isinstance(each, str) and Path(each).expanduser().is_absolute() for each in folders):
            return tuple(Path(each).expanduser().resolve() for each in folders)
    hint = 'write true, or a list of folders from the root on, such as ["/home/jane/baltic"]'
    raise _fault(file, "allow_commands is neither true nor false nor a list of folders", hint)


def _fault(file: Path, what: str, hint: str) -> UsageError:
    return UsageError(error("bad-setting", f"{file}: {what}", hint))
