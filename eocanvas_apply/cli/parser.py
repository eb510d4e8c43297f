"""argparse, made to answer as the rest of the program does: usage errors are diagnostics, with a suggestion."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NoReturn

from eocanvas_apply.diagnostics import did_you_mean, error
from eocanvas_apply.errors import UsageError


class Parser(argparse.ArgumentParser):
    """A parser of one command's arguments that raises UsageError instead of leaving the process."""

    def __init__(self, command: str, summary: str, epilog: str = "") -> None:
        super().__init__(
            prog=f"eocanvas-apply {command}",
            description=summary[:1].upper() + summary[1:] + ".",
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def parse(self, argv: Sequence[str]) -> argparse.Namespace:
        """Return the arguments; an unknown one is a UsageError that names the nearest known one."""
        args, unknown = self.parse_known_args(argv)
        if unknown:
            self._refuse(unknown[0])
        return args

    def _refuse(self, word: str) -> NoReturn:
        if not word.startswith("-"):
            raise self._usage(f"{word!r} is an argument too many")
        option = word.split("=")[0]
        raise self._usage(f"there is no option {option}", did_you_mean(option, self._option_string_actions))

    def error(self, message: str) -> NoReturn:
        """Raise a UsageError, where argparse would print and exit with 2."""
        raise self._usage(message)

    def _usage(self, message: str, hint: str = "") -> UsageError:
        return UsageError(error("usage", message, hint or f"see: {self.prog} --help"))
