"""`schema`: prints a JSON schema, for editors and for programs that read our output."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.schemas import NAMES, schemas, text
from eocanvas_apply.cli.terminal.console import Console, Outcome

EPILOG = """\
In an editor with the YAML language server, this line on top of a manifest checks it while you type:
  # yaml-language-server: $schema=manifest.json

Examples:
  eocanvas-apply schema manifest > manifest.json
  eocanvas-apply schema plan
"""


def add_arguments(parser: Parser) -> None:
    """Declare which schema."""
    parser.add_argument("name", choices=NAMES, metavar="NAME", help=", ".join(NAMES))


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Print it. A schema is JSON already, so there is no other form."""
    return Outcome(text=lambda _: text(schemas()[args.name]))
