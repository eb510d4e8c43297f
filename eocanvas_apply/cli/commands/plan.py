"""`plan`: shows what would change, and why. It writes nothing, neither here nor on the service."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import Mapping
from typing import TYPE_CHECKING

from eocanvas_apply.cli import wishes
from eocanvas_apply.cli.exit_codes import Exit, weightiest
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_rows
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import has_errors

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan, Requests
    from eocanvas_apply.planning.state.observed import Observed
    from eocanvas_apply.report.rehearsal import Rehearsal

EPILOG = """\
Signs: -/+ again (replace, relaunch)   + new (create, launch)   ~ renew, retry   - gone (delete, forget, dismiss)
       <= adopt, fetch   … watch   ? a decision is needed

Examples:
  eocanvas-apply plan
  eocanvas-apply plan --format json > plan.json
  eocanvas-apply plan --simulate
  eocanvas-apply plan --detailed-exitcode || echo "something would change, or went wrong"
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument(
        "--detailed-exitcode", action="store_true", help="end with 2 when an apply would change something"
    )
    parser.add_argument(
        "--refresh-searches",
        action="store_true",
        help="search anew, whatever eocanvas.lock says, and tell what that would change; the lock stays as it is",
    )
    parser.add_argument(
        "--full", action="store_true", help="every address, also in campaigns that are cut short or folded otherwise"
    )
    parser.add_argument(
        "--simulate",
        action="store_true",
        help="also run it to its end in virtual time: when that is, and what faults would make of it",
    )
    wishes.add_arguments(parser)
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Observe, plan and show it."""
    from eocanvas_apply.engine.campaigns import Rows

    async def work(session: Session) -> Outcome:
        requests = await wishes.requests(args, session)
        plan, observed = await session.engine.plan(requests)
        rehearsal = await _rehearsed(session, requests, observed) if args.simulate else None
        return _outcome(args, plan, session, rehearsal)

    return with_rows(args, Rows.ANEW if args.refresh_searches else Rows.ASKED, work)


async def _rehearsed(session: Session, requests: Requests, observed: Observed) -> Rehearsal:
    from eocanvas_apply.simulation.rehearsing import rehearse

    engine = session.engine
    # In a thread of its own, for its time is another than that of this event loop.
    return await asyncio.to_thread(rehearse, engine.desired, requests, engine.journal.recorded, observed)


def _outcome(args: Namespace, plan: Plan, session: Session, rehearsal: Rehearsal | None) -> Outcome:
    from eocanvas_apply.render import plan as render

    faulty = has_errors(plan.diagnostics)
    codes = {Exit.ERROR: faulty, Exit.PENDING: args.detailed_exitcode and plan.changes_pending}
    return Outcome(
        weightiest(code for code, holds in codes.items() if holds),
        session.findings(plan),
        text=lambda style: render.text(plan, style, full=args.full) + _simulated(plan, rehearsal),
        fields=lambda: {**render.body(plan, full=args.full), **_fields(rehearsal)},
    )


def _simulated(plan: Plan, rehearsal: Rehearsal | None) -> str:
    from eocanvas_apply.render.rehearsal import text

    return "\n" + text(rehearsal, plan) if rehearsal else ""


def _fields(rehearsal: Rehearsal | None) -> Mapping[str, object]:
    from eocanvas_apply.render.rehearsal import as_json

    return {"simulate": as_json(rehearsal)} if rehearsal else {}
