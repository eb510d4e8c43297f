"""`show`: a saved plan as text, as JSON, as Markdown or HTML for reviewers, or as GitLab's Terraform report."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Callable
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.shared_options import add_output
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan
    from eocanvas_apply.render.layout import Style

EPILOG = """\
It needs neither the manifest nor the service. Markdown is made for a comment on a pull request: below 60 kB, folded,
and the same as long as the plan is the same.

Examples:
  eocanvas-apply show review.plan
  eocanvas-apply show review.plan --format markdown > comment.md
  eocanvas-apply show review.plan --format gitlab-terraform > tfplan.json
"""


def add_arguments(parser: Parser) -> None:
    """Declare the file and its forms."""
    parser.add_argument("plan", metavar="PLAN", help="a plan that `plan --out` saved")
    parser.add_argument("--full", action="store_true", help="every address, also where campaigns are shortened")
    add_output(parser, "markdown", "html", "gitlab-terraform")


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Show it."""
    from eocanvas_apply.engine.saved_plans import read_plan
    from eocanvas_apply.render import plan as render

    saved = read_plan(args.plan)
    write = _written_as(args.format, full=args.full)
    findings = saved.plan.findings if args.format in ("text", "json") else ()
    return Outcome(
        diagnostics=findings,
        text=lambda style: write(saved.plan, style),
        fields=lambda: render.body(saved.plan, full=args.full),
    )


def _written_as(form: str, *, full: bool) -> Callable[[Plan, Style], str]:
    from eocanvas_apply.render import plan as render
    from eocanvas_apply.render.reviews import gitlab_terraform, markdown, page

    return {
        "markdown": lambda plan, _: markdown.text(plan),
        "html": lambda plan, _: page.text(plan),
        "gitlab-terraform": lambda plan, _: json.dumps(gitlab_terraform.document(plan)) + "\n",
    }.get(form, lambda plan, style: render.text(plan, style, full=full, see="--full"))
