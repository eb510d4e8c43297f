"""`why`: why an address would change, or why it waits."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.arguments import Parser, add_project, with_project
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.engine import Engine

EPILOG = """\
An address is key.NAME or job.NAME; NAME alone, or its beginning, is enough where it is unique.

Examples:
  eocanvas-apply why subset
  eocanvas-apply why key.scenes --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare which address."""
    parser.add_argument("address", metavar="ADDRESS", help="of a key or a job")
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Plan, and explain what the plan says of the address; nothing is written."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import one_address
        from eocanvas_apply.planning.plan import Requests
        from eocanvas_apply.render import why as render
        from eocanvas_apply.report.why import explain

        engine = await project.engine()
        plan, observed = await engine.plan(Requests())
        named = one_address(args.address, await project.addresses(), engine.journal.recorded)
        address = str(named)
        found = explain(address, plan, engine.desired, engine.journal.recorded, observed)
        if found is None:
            hint = "it is recorded, and nothing is left to do about it; see: eocanvas-apply ledger show"
            raise UsageError(error("not-planned", f"{address} is not in the plan any more", hint, address=address))
        diff = _document_difference(engine, address)
        return Outcome(
            diagnostics=tuple(each for each in plan.diagnostics if each.address in {address, str(named.whole), None}),
            text=lambda style: render.text(found, style, diff),
            fields=lambda: {"why": [render.as_json(found, diff)]},
        )

    return with_project(args, console, work)


def _document_difference(engine: Engine, address: str) -> tuple[str, ...]:
    """Return a diff of the launched graph or chain and the manifest's, line by line.

    Empty where they are equal, there is none, or the text was not kept on this machine.
    """
    from eocanvas_apply.applying.document_store import kept_texts
    from eocanvas_apply.planning.state.runs import counted_definition
    from eocanvas_apply.render.differences import document_diff

    wanted, record = engine.desired.jobs.get(address), engine.journal.recorded.jobs.get(address)
    intended = counted_definition(record)
    digest = intended.components.get("document") if intended else None
    if wanted is None or wanted.document is None or not digest or digest == wanted.document.digest:
        return ()
    before = kept_texts(engine.observer.folder, [digest]).get(digest)
    return () if before is None else tuple(document_diff(before, wanted.document_text))
