"""`plan`: shows what would change, and why. It writes nothing, neither here nor on the service."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING

from eocanvas_apply.cli import wishes
from eocanvas_apply.cli.console import Console, Outcome
from eocanvas_apply.cli.exit_codes import Exit, weightiest
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, with_rows
from eocanvas_apply.diagnostics import Severity

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan

EPILOG = """\
Signs: -/+ again (replace, relaunch)   + new (create, launch)   ~ renew, retry   - gone (delete, forget, dismiss)
       <= adopt, fetch   … watch   ? a decision is needed

Examples:
  eocanvas-apply plan
  eocanvas-apply plan --format json > plan.json
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
    wishes.add_arguments(parser)
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:  # noqa: ARG001 - every command is called alike
    """Observe, plan and show it."""
    from eocanvas_apply.engine.campaigns import Rows

    async def work(session: Session) -> Outcome:
        plan, _ = await session.engine.plan(await wishes.requests(args, session))
        return _outcome(plan, session, detailed=args.detailed_exitcode, full=args.full)

    return with_rows(args, Rows.ANEW if args.refresh_searches else Rows.ASKED, work)


def _outcome(plan: Plan, session: Session, *, detailed: bool, full: bool) -> Outcome:
    from eocanvas_apply.render import plan as render

    faulty = any(found.severity is Severity.ERROR for found in plan.diagnostics)
    codes = {Exit.ERROR: faulty, Exit.PENDING: detailed and plan.changes_pending}
    return Outcome(
        weightiest(code for code, holds in codes.items() if holds),
        session.findings(plan),
        text=lambda style: render.text(plan, style, full=full),
        fields=lambda: render.body(plan, full=full),
    )
