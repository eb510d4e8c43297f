"""`status`: where every key and every job stands."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from dataclasses import replace
from typing import TYPE_CHECKING

from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_engine
from eocanvas_apply.cli.terminal.console import Console, Outcome

if TYPE_CHECKING:
    from eocanvas_apply.report.status import Status

EPILOG = """\
What failed comes first, with the reason and what to do; then what runs, what waits and until when, keys and quota.
With --watch it is shown anew each poll: on a terminal in its place, elsewhere when something changed, with
--format json once at the end. It ends when no job runs or waits any more. Nothing is written, and nothing is launched.

Examples:
  eocanvas-apply status
  eocanvas-apply status --watch
  eocanvas-apply status --offline --full
  eocanvas-apply status --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument("--full", action="store_true", help="every address, where long lists are cut otherwise")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="go on showing it until no job runs or waits")
    how.add_argument("--offline", action="store_true", help="from the ledger alone: no credentials, no network")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Observe and show it; nothing is written."""
    if args.offline:
        return asyncio.run(_offline(args))
    if args.watch:
        from eocanvas_apply.cli.watching import watch

        return with_engine(args, lambda session: watch(session, console, full=args.full))

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.planning.plan import Requests
        from eocanvas_apply.report.status import status

        plan, observed = await session.engine.plan(Requests())
        found = status(plan, session.engine.journal.recorded, observed)
        return shown(found, full=args.full, session=session)

    return with_engine(args, work)


async def _offline(args: Namespace) -> Outcome:
    from datetime import UTC, datetime

    from eocanvas_apply.cli.records import recorded
    from eocanvas_apply.report.remembered import remembered
    from eocanvas_apply.report.status import status

    found = await recorded(args)
    plan, seen = remembered(found, datetime.now(UTC))
    outcome = shown(status(plan, found, seen), full=args.full)
    # What the manifest asks for was not looked at, and may be much.
    return outcome if plan.actions else replace(outcome, text=lambda _: "No key and no job is on record yet.\n")


def shown(found: Status, *, full: bool, session: Session | None = None) -> Outcome:
    """Return it as the outcome of a command."""
    from eocanvas_apply.render import status as render

    return Outcome(
        diagnostics=(*(session.warnings if session else ()), *found.plan.diagnostics),
        text=lambda style: render.text(found, style, full=full),
        fields=lambda: render.body(found),
    )
