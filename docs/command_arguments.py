"""The arguments of all commands as data, from which a shell's completion is answered without importing a command."""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import eocanvas_apply
from eocanvas_apply.cli.argument_parser import Parser

FILE = Path(eocanvas_apply.__file__).parent / "cli/completion/arguments.json"


def text(parsers: Iterable[Parser]) -> str:
    """Return the text of the file: each argument in a line, below the words of its command."""
    commands = (f"{json.dumps(each.command)}: [\n{_lines(each)}\n]" for each in parsers)
    return "{" + ",\n".join(commands) + "}\n"


def _lines(parser: Parser) -> str:
    return ",\n".join(json.dumps(each, ensure_ascii=False) for each in _described(parser))


def _described(parser: Parser) -> Iterator[tuple[Sequence[str], dict[str, Any]]]:
    """Yield the names of each argument and the parameters that argparse gets; `excludes` numbers groups."""
    groups = {
        id(a): number for number, group in enumerate(parser._mutually_exclusive_groups) for a in group._group_actions
    }
    for action in parser._actions:
        if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction):
            about = {"excludes": groups[id(action)]} if id(action) in groups else {}
            yield action.option_strings or [action.dest], {**about, **_about(action)}


def _about(action: argparse.Action) -> dict[str, Any]:
    help_ = argparse.HelpFormatter("")._expand_help(action)
    found: dict[str, Any] = {"help": re.split(r"; | \(", help_)[0].replace("%", "%%")}
    if action.nargs == 0:
        return {"action": "store_true", **found}
    if isinstance(action, argparse._AppendAction):
        found["action"] = "append"
    given = {name: getattr(action, name) for name in ("nargs", "metavar", "choices")}
    return {**found, **{name: value for name, value in given.items() if value is not None}}
