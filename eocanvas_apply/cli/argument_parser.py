"""The parser of one command's arguments."""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from collections.abc import Sequence
from itertools import takewhile
from typing import NoReturn

from eocanvas_apply.cli import suggestions
from eocanvas_apply.diagnostics import did_you_mean, error, one_of
from eocanvas_apply.errors import UsageError

_WORDS_OF_ARGPARSE = {
    "argument -": "-",
    ": expected one argument": " needs a value",
    ": expected at least one argument": " needs a value",
    "the following arguments are required:": "missing:",
}
# Not a number below zero, nor a dash alone.
_OPTION = re.compile(r"-[^\d]")


class Parser(argparse.ArgumentParser):
    """A parser of one command's arguments; usage errors are diagnostics, with a suggestion."""

    def __init__(self, command: str, summary: str, epilog: str = "") -> None:
        self.command = command
        super().__init__(
            prog=f"eocanvas-apply {command}",
            description=summary[:1].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Return the arguments; an unknown one is a UsageError that says what to write instead."""
        self._check_options(argv)
        args, unknown = self.parse_known_args(argv)
        for word in (word for word in unknown if word != "--"):
            hint = suggestions.for_argument(self.command, word, [*self._option_string_actions])
            self.error(f"{word!r} is an argument too many", hint)
        return args

    def _check_options(self, argv: Sequence[str]) -> None:
        """Raise a UsageError for the first option that there is not, before others miss what belongs to it."""
        known = [*self._option_string_actions]
        for word in takewhile(lambda word: word != "--", argv):
            option = word.partition("=")[0]
            if not _OPTION.match(word) or option in known:
                continue
            # A short option may have its value behind it without a blank, or another short one.
            if word[:2] in known and not word.startswith("--") and not suggestions.is_option(word, known):
                continue
            self.error(f"there is no option {option}", suggestions.for_option(self.command, word, known))

    def _check_value(self, action: argparse.Action, value: object) -> None:
        if action.choices is not None and value not in (choices := list(action.choices)):
            option = "/".join(action.option_strings) or str(action.metavar or action.dest)
            hint = did_you_mean(str(value), choices)
            self.error(f"{option} must be {one_of(choices)}, not {value!r}", hint)

    def error(self, message: str, hint: str = "") -> NoReturn:
        """Raise a UsageError, where argparse would print and exit with 2."""
        for words, ours in _WORDS_OF_ARGPARSE.items():
            message = message.replace(words, ours)
        raise UsageError(error("usage", message, hint or f"see: {self.prog} --help"))
