"""`cancel`: stops jobs that are running, and keeps them from being launched again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_project, add_yes
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.cli.terminal.signals import Interrupts, listening
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.planning.jobs.cancelling import Cancelled
    from eocanvas_apply.planning.plan import Plan

EPILOG = """\
A cancelled job runs again only when `apply --relaunch` asks for it, or when its definition changes.
A job that the service cannot stop runs to its end. A launch without an answer is dismissed if its job appears.
To keep a job that does not run from being launched, use `skip:` in the manifest.

Examples:
  eocanvas-apply cancel subset
  eocanvas-apply cancel datacube/S3A_OL_2_WFR____20240706T094017
  eocanvas-apply cancel datacube --yes
"""


def add_arguments(parser: Parser) -> None:
    """Declare which jobs."""
    parser.add_argument("addresses", metavar="ADDRESS", nargs="+", help="of a job, or of a campaign: all its instances")
    add_yes(parser)
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Ask the service to stop them, and record that they were cancelled."""

    async def work(project: AsyncProject) -> Outcome:
        from eocanvas_apply.api.addresses import jobs_named
        from eocanvas_apply.planning.jobs.cancelling import cancelled

        engine = await project.engine()
        addresses = jobs_named(args.addresses, await project.addresses(), await engine.recorded())
        interrupts = Interrupts("cancel", console, engine.stopping)
        with listening(interrupts):
            result = await engine.cancel(addresses, partial(_approve, args, console))
        found = cancelled(result.plan.by_address(), engine.journal.recorded)
        return _outcome(found, [each.error for each in result.results if each.error], interrupts)

    return with_project(args, console, work, rows="GIVEN")


def _approve(args: Namespace, console: Console, plan: Plan) -> None:
    from eocanvas_apply.render import plan as render

    if not plan.actions:
        hint = "to keep a job that does not run from being launched, use `skip:` in the manifest"
        raise UsageError(error("nothing-in-flight", f"nothing of {', '.join(args.addresses)} is running", hint))
    if not (console.as_json and args.yes):
        console.err.write(render.text(plan, console.err.style, see="") + "\n")
    confirm(console, "Stop these jobs?", yes=args.yes)


def _outcome(found: Sequence[Cancelled], faults: Sequence[Diagnostic], interrupts: Interrupts) -> Outcome:
    from eocanvas_apply.render.results import result as render

    all_faults = (*faults, *(fault for each in found if (fault := render.cancelled_fault(each))))
    return Outcome(
        interrupts.code or (Exit.FAILED if all_faults else Exit.DONE),
        all_faults,
        text=lambda _: "".join(map(render.cancelled_line, found)),
        fields=lambda: {"cancel": [render.cancelled_json(each) for each in found]},
    )
