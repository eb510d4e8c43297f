"""What apply and destroy share: the plan is shown and confirmed, the run told while it goes on, its end summed up."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

from eocanvas_apply.cli.exit_codes import Exit, weightiest
from eocanvas_apply.cli.options import add_ledger, add_manifest
from eocanvas_apply.cli.parser import Parser
from eocanvas_apply.cli.session import Session, Work, with_engine
from eocanvas_apply.cli.telling import told
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.prompt import confirm
from eocanvas_apply.cli.terminal.signals import Interrupts, listening
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import UsageError

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan, Requests
    from eocanvas_apply.report.progress import ApplyResult


def add_arguments(parser: Parser) -> None:
    """Declare how to confirm and how long to wait, and what every command has."""
    parser.add_argument("--yes", action="store_true", help="do not ask")
    waiting = parser.add_mutually_exclusive_group()
    waiting.add_argument("--wait", metavar="D", help="wait for jobs at most so long, such as 2h (default: to the end)")
    waiting.add_argument("--no-wait", action="store_true", help="do what can be done now, and end")
    add_ledger(parser)
    add_manifest(parser)


Asked = Callable[[Session], Awaitable["Requests"]]
Opened = Callable[[Namespace, Work], Outcome]


def make(args: Namespace, console: Console, command: str, asked: Asked, opened: Opened = with_engine) -> Outcome:
    """Run the loop and return what came of it; `asked` tells what the command line asks for."""
    wait = _wait(args)

    async def work(session: Session) -> Outcome:
        engine = session.engine
        interrupts = Interrupts(command, console, engine.stopping)
        # The log of -v goes to the same terminal, line by line.
        table = not (console.as_json or args.verbose)
        with listening(interrupts):
            async with told(engine, console, wait, table=table):
                result = await engine.apply(await asked(session), wait, partial(_approve, args, console, session))
        return _outcome(result, session, interrupts)

    return opened(args, work)


def _wait(args: Namespace) -> timedelta | None:
    from eocanvas_apply.manifest.model.times import parse_duration

    if args.no_wait:
        return timedelta()
    try:
        return None if args.wait is None else parse_duration(args.wait)
    except ValueError as fault:
        raise UsageError(error("usage", f"--wait: {fault}")) from None


def _approve(args: Namespace, console: Console, session: Session, plan: Plan) -> None:
    from eocanvas_apply.render import plan as render

    if not console.as_json:
        console.report(session.findings(plan))
    if not (console.as_json and args.yes):
        console.err.write(render.text(plan, console.err.style) + "\n")
    confirm(console, "Carry this out?", yes=args.yes)


def _outcome(result: ApplyResult, session: Session, interrupts: Interrupts) -> Outcome:
    from eocanvas_apply.render import result as render

    return Outcome(
        weightiest(_codes(result, interrupts)),
        (*session.warnings, *result.diagnostics),
        text=lambda style: render.text(result, style),
        fields=lambda: render.body(result),
    )


def _codes(result: ApplyResult, interrupts: Interrupts) -> list[Exit]:
    from eocanvas_apply.report.progress import Ending

    table = {
        Ending.ERROR: Exit.ERROR,
        Ending.DECISION: Exit.DECISION,
        Ending.FAILED: Exit.FAILED,
        Ending.UNFINISHED: Exit.UNFINISHED,
        Ending.INTERRUPTED: interrupts.code or Exit.INTERRUPTED,
    }
    return [table[ending] for ending in result.endings]
