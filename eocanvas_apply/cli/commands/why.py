"""`why`: why an address would change, or why it waits."""

from __future__ import annotations

import re
from argparse import Namespace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.recorded_project import RecordedProject
from eocanvas_apply.cli.shared_options import add_project
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.engine.definition import Definition
    from eocanvas_apply.engine.engine import Engine
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.report.why import Explanation

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

        _require_name(args.address, project.project, await RecordedProject(args, project.project).recorded())
        engine = await project.engine()
        named = one_address(args.address, await project.addresses(), await engine.recorded())
        address = str(named)
        plan, observed = await engine.plan(Requests())
        found = explain(address, plan, engine.desired, engine.journal.recorded, observed)
        if found is None:
            hint = "it is recorded, and nothing is left to do about it; see: eocanvas-apply ledger show"
            raise UsageError(error("not-planned", f"{address} is not in the plan any more", hint, address=address))
        launched = _launched_text(engine, found)
        return Outcome(
            diagnostics=tuple(each for each in plan.diagnostics if each.address in {address, str(named.whole), None}),
            text=lambda style: render.text(found, style, launched),
            fields=lambda: {"why": [render.as_json(found, launched)]},
        )

    return with_project(args, console, work)


def _require_name(text: str, definition: Definition, recorded: Recorded) -> None:
    """Raise UsageError for a name that neither the manifest nor the ledger has; no rows are searched for to say so."""
    from eocanvas_apply.api.addresses import known_addresses, one_address
    from eocanvas_apply.engine.definition import given_rows
    from eocanvas_apply.manifest.address import Address, resolve

    manifest = definition.manifest
    names = [*map(str, map(Address.key, manifest.keys)), *map(str, map(Address.job, manifest.jobs))]
    try:
        resolve(re.split(r"[/\[]", text, maxsplit=1)[0], known_addresses(names, recorded))
    except UsageError:
        # It may be the id of a row, which has better advice.
        desired = given_rows(definition, datetime.now(UTC)).desired({})
        one_address(text, (*desired.keys, *desired.jobs), recorded)
        raise


def _launched_text(engine: Engine, found: Explanation) -> str | None:
    """Return the graph or chain as it was launched, None where the manifest's is the same or none is kept here."""
    from eocanvas_apply.applying.document_store import kept_texts

    digest = found.launched_digest
    return kept_texts(engine.observer.boundary, [digest]).get(digest) if digest else None
