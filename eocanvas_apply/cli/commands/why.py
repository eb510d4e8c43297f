"""`why`: why an address would change, or why it waits."""

from __future__ import annotations

from argparse import Namespace

from eocanvas_apply.cli.addresses import one_address
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_engine
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

EPILOG = """\
An address is key.NAME or job.NAME; NAME alone, or its beginning, will do where it is unique.

Examples:
  eocanvas-apply why subset
  eocanvas-apply why key.scenes --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which address."""
    parser.add_argument("address", metavar="ADDRESS", help="of a key or a job")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Plan, and explain what the plan says of the address; nothing is written."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.engine.documents import document_difference
        from eocanvas_apply.planning.plan import Requests
        from eocanvas_apply.render import why as render
        from eocanvas_apply.report.why import explain

        engine = session.engine
        plan, observed = await engine.plan(Requests())
        named = one_address(args.address, session.desired, engine.journal.recorded)
        address = str(named)
        found = explain(address, plan, engine.desired, engine.journal.recorded, observed)
        if found is None:
            hint = "it is on record, and nothing is left to do about it; see: eocanvas-apply ledger show"
            raise UsageError(error("not-planned", f"{address} is in no plan any more", hint, address=address))
        diff = document_difference(engine, address)
        own = tuple(each for each in plan.diagnostics if each.address in {address, str(named.whole), None})
        return Outcome(
            diagnostics=own,
            text=lambda style: render.text(found, style, diff),
            fields=lambda: {"why": [render.as_json(found, diff)]},
        )

    return with_engine(args, work)
