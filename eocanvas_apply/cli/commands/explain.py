"""`explain`: what a diagnostic code means, why it is a fault, and an example; or the codes of a subject."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.shared_options import add_output
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError
from eocanvas_apply.render.layout import one_line

if TYPE_CHECKING:
    from eocanvas_apply.checks.codes import Code
    from eocanvas_apply.render.layout import Style

EPILOG = """\
A code stands in brackets behind a message, such as [roi-bounds]. A subject, or a word of a name, lists the codes that
fit. Without any, all codes are listed by subject.

Examples:
  eocanvas-apply explain roi-bounds
  eocanvas-apply explain storage
  eocanvas-apply explain roi-bounds --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which codes."""
    parser.add_argument(
        "codes", nargs="*", metavar="CODE", help="a code, a subject or a word of a name; several are allowed"
    )
    add_output(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Explain the codes that are named, list those of a subject, or list all."""
    from eocanvas_apply.checks.codes import codes
    from eocanvas_apply.checks.explanations import explanations
    from eocanvas_apply.render import code_pages as render

    asked = [_matching(each) for each in dict.fromkeys(args.codes)] or [list(codes().values())]
    found = dict.fromkeys(code for group in asked for code in group)
    return Outcome(
        text=lambda style: "\n".join(_text(group, style) for group in asked),
        fields=lambda: {"explain": [render.page_as_json(code, explanations()[code.name]) for code in found]},
    )


def _text(group: Sequence[Code], style: Style) -> str:
    """Return the page of a single code, or the list of several."""
    from eocanvas_apply.checks.codes import subjects
    from eocanvas_apply.checks.explanations import explanations
    from eocanvas_apply.render import code_pages as render

    if len(group) == 1:
        return render.page(group[0], explanations()[group[0].name], style)
    return render.by_subject(group, subjects(), style)


def _matching(text: str) -> Sequence[Code]:
    from eocanvas_apply.checks.codes import codes, matching, subjects
    from eocanvas_apply.diagnostics import nearest

    if found := matching(text):
        return found
    words = {word for name in codes() for word in name.split("-") if len(word) > 3}
    hint = "`eocanvas-apply explain` lists all codes"
    if near := nearest(text, {*codes(), *subjects(), *words}):
        named = near in codes() or near in subjects()
        hint = f"did you mean {near}?" if named else f"`eocanvas-apply explain {near}` lists the codes with this word"
    message = f"no diagnostic code or subject is called `{one_line(text, 80)}`"
    raise UsageError(error("usage", message, hint))
