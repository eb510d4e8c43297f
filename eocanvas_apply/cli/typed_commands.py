"""Commands that messages tell a person to type, with the options that name the project: a copy of them works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from functools import cache
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.secrets.secret_words import names_a_secret, without_secret_words
from eocanvas_apply.web_addresses import holds_password

if TYPE_CHECKING:
    from argparse import Namespace

_MANIFEST = "-f"
_OPTIONS = {
    "file": _MANIFEST,
    "env": "--env",
    "var": "--var",
    "ledger": "--ledger",
    "allow_path": "--allow-path",
    "policy": "--policy",
}
# Those of which the value is more than a name or a path.
_OF_VALUES = {"var", "ledger"}
# Messages name codes behind `explain`, which are the same of every project.
_OF_NO_PROJECT = {"explain"}
# Where the words of a command end in a text, at the latest.
_END = r"[`;]|eocanvas-apply"


class TypedCommands(Struct, frozen=True):
    """What the person gave: options with their values. `takes` tells whether a command has an option.

    A command with parts is asked for with both words, such as `ledger show`; no part has no options.
    """

    given: tuple[tuple[str, str], ...]
    takes: Callable[[str, str], bool]

    def completed(self, text: str) -> str:
        """Return a text whose commands have the options given, where they take them and do not have them already."""
        if not self.given or "eocanvas-apply" not in text:
            return text
        return _command().sub(lambda found: self._completed(found, text), text)

    def in_diagnostic(self, found: Diagnostic) -> Diagnostic:
        """Return a diagnostic whose commands are completed."""
        message, hint = self.completed(found.message), self.completed(found.hint)
        return found if (message, hint) == (found.message, found.hint) else replace(found, message=message, hint=hint)

    def _completed(self, found: re.Match[str], text: str) -> str:
        part = found[2] or ""
        whole = f"{found[1]} {part.strip()}"
        command, end = (whole, found.end()) if part and self._takes_any(whole) else (found[1], found.end(1))
        own = re.split(_END, text[end:], maxsplit=1)[0].split()
        options = "" if {_MANIFEST, "--help"} & {*own} else " ".join(self._missing(command, own))
        behind = text[end : found.end()]
        return text[found.start() : end] + (f" {options}" if options else "") + behind

    def _takes_any(self, command: str) -> bool:
        return any(self.takes(command, option) for option, _ in self.given)

    def _missing(self, command: str, own: list[str]) -> Iterator[str]:
        for option, value in self.given:
            if option not in own and self.takes(command, option):
                yield f"{option} {shlex.quote(value)}"


@cache
def _command() -> re.Pattern[str]:
    # Built for the first text that names a command: it takes longer than to parse the arguments.
    names = "|".join(SUMMARIES.keys() - _OF_NO_PROJECT)
    return re.compile(rf"eocanvas-apply\s+({names})(?![\w-])(\s+[a-z]+(?![\w-]))?")


def typed_commands(args: Namespace, takes: Callable[[str, str], bool]) -> TypedCommands:
    """Return what completes commands with the options of these arguments, without what may be a secret."""
    given = []
    for name, option in _OPTIONS.items():
        value = getattr(args, name, None)
        values = value if isinstance(value, list) else [value] if value else []
        given += [(option, each) for each in values if name not in _OF_VALUES or not _may_be_secret(each)]
    return TypedCommands(tuple(given), takes)


def _may_be_secret(value: str) -> bool:
    name, _, _ = value.partition("=")
    return holds_password(value) or names_a_secret(name) or without_secret_words(value) != value
