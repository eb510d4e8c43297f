"""The options that several commands share, declared once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from eocanvas_apply.cli.parser import Parser

MANIFEST = "eocanvas.yaml"
FORMATS = ("text", "json")


class _Once(argparse.Action):
    """Takes one value; a second one is an error, where argparse would forget the first."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        if hasattr(namespace, f"{self.dest}_given"):
            parser.error(f"{option_string} is given twice; only one manifest is read")
        setattr(namespace, f"{self.dest}_given", True)
        setattr(namespace, self.dest, values)


def add_project(parser: Parser) -> None:
    """Declare the ledger, the manifest and its variables, and the options of every command."""
    add_ledger(parser)
    add_manifest(parser)


def add_manifest(parser: Parser) -> None:
    """Declare the manifest and its variables, and the options of every command."""
    add_variables(parser)
    add_place(parser)


def add_variables(parser: Parser) -> None:
    """Declare the manifest's variables."""
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the manifest, instead of its default; can be given several times",
    )


def add_place(parser: Parser, formats: Sequence[str] = FORMATS) -> None:
    """Declare the manifest, for a command that reads only what lies beside it, and the options of every command."""
    parser.add_argument(
        "-f", "--file", action=_Once, default=MANIFEST, metavar="FILE", help="the manifest (default: %(default)s)"
    )
    add_output(parser, formats)


def add_ledger(parser: Parser) -> None:
    """Declare where the ledger is."""
    parser.add_argument(
        "--ledger",
        metavar="PATH",
        help="the ledger file (default: EOCANVAS_APPLY_LEDGER, else .eocanvas/default.jsonl beside the manifest)",
    )


def add_yes(parser: Parser) -> None:
    """Declare `--yes`."""
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def add_output(parser: Parser, formats: Sequence[str] = FORMATS) -> None:
    """Declare format, colour and log."""
    parser.add_argument("--format", choices=formats, default="text", help="format of the result (default: text)")
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")
    parser.add_argument("-v", dest="verbose", action="store_true", help="show the requests to the service on stderr")
    parser.add_argument("--log", metavar="FILE", help="append the log to a file, without secrets")


def add_requests(parser: Parser) -> None:
    """Declare what plan and apply may be asked for beyond the manifest."""
    part = parser.add_argument_group("a part of it")
    part.add_argument(
        "--only",
        metavar="PATTERN",
        action="append",
        help="launch, forget and delete only this: a name, a campaign, CAMPAIGN/ID; their keys are included",
    )
    part.add_argument("--limit", metavar="N", type=_count, help="launch at most this many jobs in this run")
    again = parser.add_argument_group("what to run again; each job uses a unit of the quota")
    again.add_argument("--retry-failed", action="store_true", help="the jobs that failed")
    again.add_argument("--relaunch", metavar="ADDRESS", action="append", default=[], help="this job, or this campaign")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of launches (at least 1)")
    return int(text)
