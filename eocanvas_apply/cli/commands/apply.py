"""`apply`: plans, asks, and applies: keys, jobs, results. `destroy` runs the same way."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from eocanvas_apply.api.exit_codes import Exit, of_endings
from eocanvas_apply.cli import suggestions
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.metrics_file import MetricsFile
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.shared_options import (
    add_allowances,
    add_metrics,
    add_project,
    add_requests,
    add_sealing,
    add_yes,
    requested,
)
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.live import shown
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.cli.terminal.signals import Interrupts, listening
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.values import ApplyResult
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.planning.plan import Plan

    Approve = Callable[[Plan], None]
    Applied = Callable[[AsyncProject, timedelta | None, Approve], Awaitable[ApplyResult]]

EPILOG = """\
It can be interrupted at any moment and run again: what is recorded is never launched twice.
On a terminal it shows a table, elsewhere (and with -v) one line for each event.
The first Ctrl-C sends nothing more and waits a few seconds for answers; the second stops at once.

Examples:
  eocanvas-apply apply
  eocanvas-apply apply --yes --wait 2h
  eocanvas-apply apply --only datacube --retry-failed
"""


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan that `plan --out` saved: exactly that is done")
    add_run_arguments(parser)
    parser.add_argument(
        "--continue",
        dest="goes_on",
        action="store_true",
        help="go on with the manifest that was accepted last, without asking; exit 6 if it is another one, or none was",
    )
    parser.set_defaults(accepts_licences=True)
    parser.add_argument(
        "--no-fetch", action="store_true", help="leave results at the service; `results --fetch` downloads them"
    )
    add_metrics(parser)
    add_requests(parser)
    add_sealing(parser)
    add_allowances(parser)


def add_run_arguments(parser: Parser) -> None:
    """Declare how to confirm and how long to wait, and what every command has."""
    add_yes(parser)
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument("--wait", metavar="D", help="longest time to wait for jobs, such as 2h (default: to the end)")
    waiting.add_argument("--no-wait", action="store_true", help="do what can be done now, and end")
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Apply what the manifest asks for, or what a saved plan allows."""
    if args.plan:
        return _apply_saved(args, console)

    async def applied(project: AsyncProject, wait: timedelta | None, approve: Approve) -> ApplyResult:
        allowed = {"allow": args.allowed, "allow_protected": args.allow_protected}
        asked = {**requested(args), "fetch": not args.no_fetch, **allowed}
        permission = await project.last_accepted() if args.goes_on else None
        return await project.applied(await project.requests(**asked), wait, approve, permission)

    return run_to_its_end(args, console, "apply", applied, asks=not (args.yes or args.goes_on))


def _apply_saved(args: Namespace, console: Console) -> Outcome:
    """Apply a saved plan; what was asked for is in it."""
    from eocanvas_apply.engine.saved_plans import read_plan

    if beside := _asked_beside(args):
        hint = "give it to `plan --out`, which saves what is asked for"
        if args.goes_on:
            hint = "a saved plan is a permission of its own: leave --continue out, or leave the plan out"
        raise UsageError(error("usage", f"{beside} cannot be given with a saved plan", hint))
    if not Path(args.plan).exists():
        # More often than a plan that is gone it is the name of a job.
        hint = suggestions.for_argument("apply", args.plan, ["--only"])
        raise UsageError(error("usage", f"there is no saved plan {args.plan!r}", hint))
    saved = read_plan(args.plan)

    async def applied(project: AsyncProject, wait: timedelta | None, approve: Approve) -> ApplyResult:
        return await project.applied_as_saved(saved, wait, approve, fetch=not args.no_fetch)

    return run_to_its_end(args, console, "apply", applied, asks=False, rows="GIVEN" if saved.asked.destroy else "ASKED")


def _asked_beside(args: Namespace) -> str:
    """Return the first option that a saved plan leaves no room for, empty for none."""
    given = [f"--{name.replace('_', '-')}" for name, value in requested(args).items() if value]
    given += [f"--{flag}" for flag in [*args.allowed, *(["allow-protected"] if args.allow_protected else [])]]
    return next(iter([*(["--continue"] if args.goes_on else []), *given]), "")


def run_to_its_end(
    args: Namespace, console: Console, command: str, applied: Applied, *, asks: bool, rows: str = "ASKED"
) -> Outcome:
    """Run the loop and return how it ended; `applied` applies to an open project, and `asks` for confirmation."""
    wait = _wait(args)

    async def work(project: AsyncProject) -> Outcome:
        metrics = MetricsFile.of(args, command, project.project.manifest.project)
        with metrics.also_of_faults():
            outcome = await applied_outcome(project)
            return metrics.written(outcome, (await project.engine()).last_status if metrics.path else None)

    async def applied_outcome(project: AsyncProject) -> Outcome:
        engine = await project.engine()
        if not console.as_json:
            console.report(await engine.other_runs())
        interrupts = Interrupts(command, console, engine.stopping)
        # The log of -v goes to the same terminal, line by line.
        table = not (console.as_json or args.verbose)
        with listening(interrupts):
            async with shown(engine, console, wait, table=table):
                approve = partial(_approve, console, engine.findings, command, asks=asks)
                result = await applied(project, wait, approve)
        return _outcome(result, interrupts, command, as_json=console.as_json)

    return with_project(args, console, work, rows=rows)


def _wait(args: Namespace) -> timedelta | None:
    from eocanvas_apply.engine.opening import duration

    if args.no_wait:
        return timedelta()
    return None if args.wait is None else duration("--wait", args.wait, "usage")


def _approve(console: Console, warnings: tuple[Diagnostic, ...], command: str, plan: Plan, *, asks: bool) -> None:
    from eocanvas_apply.render import plan as render

    if not console.as_json:
        console.report((*warnings, *plan.diagnostics, *plan.refusals))
    if asks or not console.as_json:
        see = render.FULL_PLAN if command == "apply" else ""
        console.err.write(render.text(plan, console.err.style, see=see) + "\n")
    confirm(console, "Apply these changes?", yes=not asks)


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
