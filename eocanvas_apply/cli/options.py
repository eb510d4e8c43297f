"""The arguments that several commands share, declared once."""

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
            parser.error(f"{option_string} is given twice, and one manifest is read")
        setattr(namespace, f"{self.dest}_given", True)
        setattr(namespace, self.dest, values)


def add_manifest(parser: Parser) -> None:
    """Declare which manifest and what its variables are, and the options of every command."""
    add_variables(parser)
    add_place(parser)


def add_variables(parser: Parser) -> None:
    """Declare what the manifest's variables are."""
    parser.add_argument(
        "--var",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a variable of the manifest, in place of its default; may be given again for another",
    )


def add_place(parser: Parser, formats: Sequence[str] = FORMATS) -> None:
    """Declare which manifest for a command that reads only what lies beside it, and the options of every command."""
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


def add_output(parser: Parser, formats: Sequence[str] = FORMATS) -> None:
    """Declare how to answer: form, colour, log."""
    parser.add_argument(
        "--format", choices=formats, default="text", help="form of the result on stdout (default: text)"
    )
    parser.add_argument("--no-color", action="store_true", help="no colours (also: NO_COLOR in the environment)")
    parser.add_argument("-v", dest="verbose", action="store_true", help="tell on stderr what is asked of the service")
    parser.add_argument("--log", metavar="FILE", help="append the log to a file, without secrets")
