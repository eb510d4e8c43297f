"""The parser of one command's arguments."""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from collections.abc import Mapping, Sequence
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

    def __init__(self, command: str, summary: str, epilog: str = "", prog: str | None = None) -> None:
        self.command, self.parts = command, dict[str, Parser]()
        super().__init__(
            prog=prog or f"eocanvas-apply {command}",
            description=summary[:1].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_parts(self, summaries: Mapping[str, str]) -> None:
        """Declare the words that may follow the command, each with arguments of its own: `parts` has their parsers."""
        words = self.add_subparsers(metavar="|".join(summaries), title="what to do")
        for name, summary in summaries.items():
            self.parts[name] = words.add_parser(name, command=f"{self.command} {name}", summary=summary, help=summary)

    def takes(self, option: str) -> bool:
        """Whether it has this option."""
        return option in self._option_string_actions

    def part_of(self, argv: Sequence[str]) -> Parser:
        """Return the parser of the part that these words name; this one where they name none."""
        return self.parts.get(next((word for word in argv if word in self.parts), ""), self)

    def parse(self, argv: Sequence[str]) -> Namespace:
        """Return the arguments; an unknown one is a UsageError that says what to write instead.

        Where the command has parts, `part` is the name of the one that was written.
        """
        if self.parts:
            return self._parse_part(argv)
        self._check_options(argv)
        args, unknown = self.parse_known_args(argv)
        for word in (word for word in unknown if word != "--"):
            hint = suggestions.for_argument(self.command, word, [*self._option_string_actions])
            self.error(f"{word!r} is an argument too many", hint)
        return args

    def _parse_part(self, argv: Sequence[str]) -> Namespace:
        name = next((word for word in argv if word in self.parts), None)
        if name is None:
            other = next((word for word in argv if not word.startswith("-")), "")
            given = f", not {other!r}" if other else ""
            self.error(
                f"{self.command} must be followed by {one_of([*self.parts])}{given}", did_you_mean(other, self.parts)
            )
        at = argv.index(name)
        args = self.parts[name].parse([*argv[:at], *argv[at + 1 :]])
        args.part = name
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
