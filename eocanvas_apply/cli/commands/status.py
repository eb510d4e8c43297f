"""`status`: the state of every key and every job."""

from __future__ import annotations

import asyncio
from argparse import Namespace
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.api.exit_codes import Exit, of_status
from eocanvas_apply.cli.argument_parser import Parser
from eocanvas_apply.cli.guard import of_exception
from eocanvas_apply.cli.metrics_file import MetricsFile
from eocanvas_apply.cli.named_project import with_project
from eocanvas_apply.cli.recorded_project import RecordedProject
from eocanvas_apply.cli.shared_options import add_metrics, add_project
from eocanvas_apply.cli.terminal.channel import Channel
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.cli.terminal.live import live
from eocanvas_apply.cli.terminal.signals import Stopped, unless_signalled
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.service.clock import Backoff

if TYPE_CHECKING:
    from eocanvas_apply.api.project import AsyncProject
    from eocanvas_apply.api.values import Status
    from eocanvas_apply.diagnostics import Diagnostic

    Show = Callable[[Status], None]

EPILOG = """\
What failed comes first, with the reason and what to do; then what runs, what waits and until when, keys and quota.
With --watch it is shown again each poll: on a terminal in its place, elsewhere when something changed, with
--format json once at the end. It ends when no job runs or waits any more. It writes nothing and launches nothing.

Examples:
  eocanvas-apply status
  eocanvas-apply status --watch
  eocanvas-apply status --exit-code || echo "not everything is done"
"""


_NOTHING = "No keys or jobs are recorded yet."


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.add_argument("--full", action="store_true", help="every address, also where long lists are shortened")
    parser.add_argument(
        "--exit-code",
        action="store_true",
        help="exit with 7, 4 or 3 if a decision is needed, a job stands failed, or jobs run or wait",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--watch", action="store_true", help="show it again until no job runs or waits")
    how.add_argument("--offline", action="store_true", help="from the ledger only: the service is not asked")
    add_metrics(parser)
    add_project(parser)


def run(args: Namespace, console: Console) -> Outcome:
    """Observe and show it; nothing is written."""
    if args.offline:
        return asyncio.run(_offline(args))

    async def work(project: AsyncProject) -> Outcome:
        metrics = MetricsFile.of(args, "status", project.project.manifest.project)
        with metrics.also_of_faults():
            outcome, found = await (_watched(args, project, console) if args.watch else _once(args, project))
            return metrics.written(outcome, found.value)

    return with_project(args, console, work)


async def _once(args: Namespace, project: AsyncProject) -> tuple[Outcome, Status]:
    found = await project.status()
    return _outcome(args, found), found


async def _offline(args: Namespace) -> Outcome:
    from datetime import UTC, datetime

    from eocanvas_apply.api.values import Status
    from eocanvas_apply.report.status import remembered, status

    project = RecordedProject(args)
    found, (checks, faults) = await project.recorded(), project.checks()
    plan, seen = remembered(found, datetime.now(UTC), checks)
    value = replace(status(plan, found, seen, checks), offline=True)
    outcome = _outcome(args, Status(value, faults))
    outcome = MetricsFile.of(args, "status", plan.origin.project).written(outcome, value)
    # What the manifest asks for was not looked at, and may be much.
    if plan.actions:
        return outcome
    was = "All keys and jobs on record were deleted or forgotten." if found.keys or found.jobs else _NOTHING
    return replace(outcome, text=lambda _: f"{was}\n")


def _outcome(args: Namespace, found: Status, *, stopped: Exit | None = None, shown: bool = False) -> Outcome:
    """Return it as the outcome of a command; the text is left out where it was `shown` already."""
    from eocanvas_apply.render import status as render

    return Outcome(
        stopped or (of_status(found.value.plan) if args.exit_code else Exit.DONE),
        found.diagnostics,
        text=lambda style: "" if shown else render.text(found.value, style, full=args.full),
        fields=lambda: render.body(found.value),
    )


async def _watched(args: Namespace, project: AsyncProject, console: Console) -> tuple[Outcome, Status]:
    """Show it until no job runs or waits, a signal comes, or the service is gone for too long."""
    seen: list[Status] = []
    code: Exit | None = None
    faults: tuple[Diagnostic, ...] = ()
    try:
        async with _view(console, full=args.full) as show:
            await unless_signalled(_look(project, seen, show))
    except (Stopped, ServiceError) as ended:
        if not seen:
            raise
        code = of_exception(ended)
        faults = ended.diagnostics if isinstance(ended, ServiceError) else ()
    shown = not console.as_json and not console.out.can_redraw
    outcome = _outcome(args, seen[-1], stopped=code, shown=shown)
    return replace(outcome, diagnostics=(*outcome.diagnostics, *faults)), seen[-1]


async def _look(project: AsyncProject, seen: list[Status], show: Show) -> None:
    engine = await project.engine()
    backoff = Backoff(engine.clock)
    while not seen or not seen[-1].value.settled:
        try:
            seen[:] = [await project.status()]
        except ServiceError as fault:
            if not seen:
                raise
            pause = backoff.after(fault)
            engine.service.outages.goes_on(fault.diagnostics[0], pause)
            await engine.clock.sleep(pause.total_seconds())
            continue
        backoff.succeeded()
        show(seen[-1])
        if not seen[-1].value.settled:
            await engine.clock.sleep(engine.desired.timing.poll.total_seconds())


@asynccontextmanager
async def _view(console: Console, *, full: bool) -> AsyncIterator[Show]:
    """Yield what shows a status: in place on a terminal, one below the other elsewhere, not at all in JSON."""
    if console.as_json:
        yield lambda found: None  # noqa: ARG005
    elif console.out.can_redraw:
        async with live(console.out) as area:
            yield lambda found: area.show(lambda _: _text(found, console.out, full=full))  # lines may wrap
    else:
        yield partial(_on_change, console.out, [], full=full)


def _text(found: Status, channel: Channel, *, full: bool) -> str:
    from eocanvas_apply.render import status as render

    return render.text(found.value, channel.style, full=full)


def _on_change(channel: Channel, before: list[object], found: Status, *, full: bool) -> None:
    from eocanvas_apply.render import status as render

    now = render.body(found.value)
    state = [now["keys"], now["jobs"]]
    if [state] != before:
        channel.write(("\n" if before else "") + _text(found, channel, full=full))
        before[:] = [state]
