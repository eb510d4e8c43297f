"""`apply`: plans, asks, and applies: keys, jobs, results. `destroy` runs the same way."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from eocanvas_apply.api.exit_codes import Exit, of_endings
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import add_project, add_requests, add_sealing, add_yes, requested
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.live import shown
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.cli.terminal.signals import Interrupts, listening
from eocanvas_apply.vocabulary import ALLOWANCES

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.values import ApplyResult
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.planning.plan import Plan

EPILOG = """\
It can be interrupted at any moment and run again: what is recorded is never launched twice.
On a terminal it shows a table, elsewhere (and with -v) one line for each event.
The first Ctrl-C sends nothing more and waits a few seconds for answers; the second stops at once.

Examples:
  eocanvas-apply apply
  eocanvas-apply apply --yes --wait 2h
  eocanvas-apply apply --retry-failed
  eocanvas-apply apply --only datacube --limit 20
  eocanvas-apply apply --yes --no-wait --format json
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    add_run_arguments(parser)
    parser.set_defaults(accepts_licences=True)
    parser.add_argument(
        "--no-fetch", action="store_true", help="leave results at the service; `results --fetch` downloads them"
    )
    add_requests(parser)
    add_sealing(parser)
    safety = parser.add_argument_group("what it refuses without permission")
    for flag, meaning in ALLOWANCES.items():
        words = meaning.replace("%", "%%")
        safety.add_argument(f"--{flag}", dest="allowed", action="append_const", const=flag, default=[], help=words)


def add_run_arguments(parser: Parser) -> None:
    """Declare how to confirm and how long to wait, and what every command has."""
    add_yes(parser)
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument("--wait", metavar="D", help="longest time to wait for jobs, such as 2h (default: to the end)")
    waiting.add_argument("--no-wait", action="store_true", help="do what can be done now, and end")
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Apply."""
    asked = {**requested(args), "fetch": not args.no_fetch, "allow": args.allowed}
    return run_to_its_end(args, console, "apply", asked)


def run_to_its_end(
    args: Namespace, console: Console, command: str, asked: Mapping[str, Any], rows: str = "ASKED"
) -> Outcome:
    """Run the loop and return how it ended; `asked` are the arguments of a project's `requests`."""
    wait = _wait(args)

    async def work(project: AsyncProject) -> Outcome:
        engine = await project.engine()
        if not console.as_json:
            console.report(engine.other_runs())
        interrupts = Interrupts(command, console, engine.stopping)
        # The log of -v goes to the same terminal, line by line.
        table = not (console.as_json or args.verbose)
        with listening(interrupts):
            async with shown(engine, console, wait, table=table):
                approve = partial(_approve, args, console, engine.findings, command)
                result = await project.applied(await project.requests(**asked), wait, approve)
        return _outcome(result, interrupts, command, as_json=console.as_json)

    return with_project(args, console, work, rows=rows)


def _wait(args: Namespace) -> timedelta | None:
    from eocanvas_apply.engine.opening import duration

    if args.no_wait:
        return timedelta()
    return None if args.wait is None else duration("--wait", args.wait, "usage")


def _approve(args: Namespace, console: Console, warnings: tuple[Diagnostic, ...], command: str, plan: Plan) -> None:
    from eocanvas_apply.render import plan as render

    if not console.as_json:
        console.report((*warnings, *plan.diagnostics, *plan.refusals))
    if not (console.as_json and args.yes):
        see = render.FULL_PLAN if command == "apply" else ""
        console.err.write(render.text(plan, console.err.style, see=see) + "\n")
    confirm(console, "Apply these changes?", yes=args.yes)


def _outcome(result: ApplyResult, interrupts: Interrupts, command: str, *, as_json: bool) -> Outcome:
    from eocanvas_apply.render.results import result as render

    # In the text it is the last line.
    unfinished = render.unfinished(result.value, command) if as_json else None
    return Outcome(
        of_endings(result.value.endings, interrupts.code or Exit.INTERRUPTED),
        (*result.diagnostics, *([unfinished] if unfinished else [])),
        text=lambda style: render.text(result.value, style, command=command),
        fields=lambda: render.body(result.value),
    )
