"""`status`: where every key and every job stands."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.console import Console, Outcome
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_engine

EPILOG = """\
Examples:
  eocanvas-apply status
  eocanvas-apply status --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Observe and show it; nothing is written."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.planning.plan import Requests
        from eocanvas_apply.planning.status import status
        from eocanvas_apply.render import status as render

        plan, observed = await session.engine.plan(Requests())
        found = status(plan, session.engine.journal.recorded, observed)
        return Outcome(
            diagnostics=(*session.warnings, *plan.diagnostics),
            text=lambda style: render.text(found, style),
            fields=lambda: render.body(found),
        )

    return with_engine(args, work)
