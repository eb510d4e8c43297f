"""`deps`: what depends on what, from the manifest alone, also as a drawing."""

from __future__ import annotations

from argparse import Namespace
from datetime import UTC, datetime

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import opened_project
from eocanvas_apply.cli.shared_options import add_manifest
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.errors import SafetyRefusal

EPILOG = """\
A job reads from keys, follows other jobs, and writes to a key. A campaign counts as one job. Nothing is sent: rows that
a search or a listing would find are not counted.

Examples:
  eocanvas-apply deps
  eocanvas-apply deps --format mermaid
  eocanvas-apply deps --format dot | dot -Tsvg > deps.svg
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_manifest(parser, "mermaid", "dot")


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Show them."""
    from eocanvas_apply.engine.definition import given_rows
    from eocanvas_apply.render.reviews import dependency_graph as render
    from eocanvas_apply.report.dependencies import dependencies

    campaigns = given_rows(opened_project(args), datetime.now(UTC))
    if campaigns.refusals:
        raise SafetyRefusal(*campaigns.refusals)
    counts = {name: len(rows) for name, rows in campaigns.expansion.instances.items()}
    known = {name: count for name, count in counts.items() if name not in campaigns.expansion.unknown}
    found = dependencies(campaigns.project.manifest, known)
    write = {"mermaid": render.mermaid, "dot": render.dot}.get(args.format, render.text)
    return Outcome(
        diagnostics=campaigns.diagnostics,
        text=lambda _: write(found),
        fields=lambda: {"deps": [render.as_json(each) for each in found]},
    )
