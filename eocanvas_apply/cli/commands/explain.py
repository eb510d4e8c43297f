"""`explain`: what a diagnostic code means, why it is a fault, and an example."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.shared_options import add_output
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

EPILOG = """\
A code stands in brackets behind a message, such as [roi-bounds]. Without a code, all codes are listed.

Examples:
  eocanvas-apply explain roi-bounds
  eocanvas-apply explain roi-bounds --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which codes."""
    parser.add_argument("codes", nargs="*", metavar="CODE", help="a diagnostic code; several are allowed")
    add_output(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Explain the codes that are named, or list all."""
    from eocanvas_apply.checks.codes import codes
    from eocanvas_apply.checks.explanations import explanations
    from eocanvas_apply.render import diagnostics as render

    named = [_known(each.strip("[]")) for each in args.codes] or list(codes())
    found = [(codes()[name], explanations()[name]) for name in named]
    return Outcome(
        text=lambda _: (
            "\n".join(render.page(*each) for each in found) if args.codes else render.list_of(codes().values())
        ),
        fields=lambda: {"explain": [render.page_as_json(*each) for each in found]},
    )


def _known(name: str) -> str:
    from eocanvas_apply.checks.codes import codes
    from eocanvas_apply.diagnostics import did_you_mean

    if name in codes():
        return name
    hint = did_you_mean(name, codes()) or "`eocanvas-apply explain` lists all codes"
    raise UsageError(error("usage", f"no diagnostic has the code `{name}`", hint))
