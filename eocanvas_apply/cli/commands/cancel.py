"""`cancel`: stops jobs that are under way, and keeps them from being launched again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from eocanvas_apply.cli.addresses import jobs_named
from eocanvas_apply.cli.exit_codes import Exit
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, without_asking
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.cli.terminal.signals import Interrupts, listening
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.planning.jobs.cancelling import Cancelled
    from eocanvas_apply.planning.plan import Plan

EPILOG = """\
It runs again only when `apply --relaunch` asks for it, or when its definition changes.
A job that the service cannot stop runs on and is watched. A launch without an answer is stopped when it turns up.
What is not under way is kept from being launched by `skip:` in the manifest.

Examples:
  eocanvas-apply cancel subset
  eocanvas-apply cancel datacube/S3A_OL_2_WFR____20240706T094017
  eocanvas-apply cancel datacube --yes
"""


def add_arguments(parser: Parser) -> None:
    """Declare which jobs."""
    parser.add_argument("addresses", metavar="ADDRESS", nargs="+", help="of a job, or of a campaign: all its instances")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    add_ledger(parser)
    add_manifest(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Ask the service to stop them, and put on record that they were cancelled."""

    async def work(session: Session) -> Outcome:
        from eocanvas_apply.planning.jobs.cancelling import cancelled

        engine = session.engine
        recorded = await engine.recorded()
        named = [jobs_named(written, session.desired, recorded) for written in args.addresses]
        addresses = frozenset(str(address) for group in named for address in group)
        interrupts = Interrupts("cancel", console, engine.stopping)
        with listening(interrupts):
            result = await engine.cancel(addresses, partial(_approve, args, console))
        found = cancelled(result.plan.by_address(), engine.journal.recorded)
        return _outcome(found, [each.error for each in result.results if each.error], interrupts)

    return without_asking(args, work)


def _approve(args: Namespace, console: Console, plan: Plan) -> None:
    from eocanvas_apply.render import plan as render

    if not plan.actions:
        hint = "a job that is not under way is kept from being launched by `skip:` in the manifest"
        raise UsageError(error("nothing-in-flight", f"nothing of {', '.join(args.addresses)} is in flight", hint))
    if not (console.as_json and args.yes):
        console.err.write(render.text(plan, console.err.style) + "\n")
    confirm(console, "Stop this?", yes=args.yes)


def _outcome(found: Sequence[Cancelled], faults: Sequence[Diagnostic], interrupts: Interrupts) -> Outcome:
    from eocanvas_apply.render import result as render

    told = (*faults, *(fault for each in found if (fault := render.cancelled_fault(each))))
    return Outcome(
        interrupts.code or (Exit.FAILED if told else Exit.DONE),
        told,
        text=lambda _: "".join(map(render.cancelled_line, found)),
        fields=lambda: {"cancel": [render.cancelled_json(each) for each in found]},
    )
