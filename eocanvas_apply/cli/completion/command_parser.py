"""The parser of the command that is being typed, made of `arguments.json`, which `make docs` writes."""

from __future__ import annotations

import json
import os
from argparse import ArgumentParser, HelpFormatter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.completion.candidates import candidates

# By the words of a command: for each argument its names, and the parameters that argparse gets.
Arguments = Mapping[str, Sequence[tuple[Sequence[str], Mapping[str, Any]]]]


class _Parser(ArgumentParser):
    def __init__(self, prog: str) -> None:
        # argparse asks for the width of the terminal with each argument, and imports what can tell it.
        super().__init__(prog, add_help=False, formatter_class=partial(HelpFormatter, width=80))


def arguments() -> Arguments:
    """Return the arguments of every command, and of its parts, such as `ledger show`."""
    # pathlib and importlib.resources would take longer than all the rest.
    with open(os.path.join(os.path.dirname(__file__), "arguments.json"), encoding="utf-8") as file:  # noqa: PTH118, PTH120, PTH123
        found: Arguments = json.load(file)
    return found


def parser_for(words: Sequence[str]) -> ArgumentParser:
    """Return a parser of a line that begins with these words: of their command, or of the names of all commands."""
    root = _Parser("eocanvas-apply")
    if words and words[0] in SUMMARIES:
        command = root.add_subparsers().add_parser(words[0])
        _declare(command, words[0], arguments())
    elif not words or words[0] == "help":
        _expect_command(root, words)
    return root


def _expect_command(root: ArgumentParser, words: Sequence[str]) -> None:
    if words:
        root.add_argument("help")
    else:
        root.add_argument("--help", action="store_true", help="all commands")
        root.add_argument("--version", action="store_true", help="the version")
    command = root.add_argument("command")
    command.completer = lambda **_: SUMMARIES  # type: ignore[attr-defined]


def _declare(parser: ArgumentParser, command: str, known: Arguments) -> None:
    parser.add_argument("--help", action="store_true", help="what it does, its options and examples")
    groups: dict[int, Any] = {}
    for names, about in known[command]:
        given = dict(about)
        group = given.pop("excludes", None)
        if group is not None and group not in groups:
            groups[group] = parser.add_mutually_exclusive_group()
        action = groups.get(group, parser).add_argument(*names, **given)
        action.completer = candidates(command, action)
    if parts := [each for each in known if each.startswith(f"{command} ")]:
        words = parser.add_subparsers()
        for part in parts:
            _declare(words.add_parser(part.removeprefix(f"{command} ")), part, known)
