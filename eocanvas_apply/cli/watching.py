"""`status --watch`: looks again and again, and shows what has become of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from eocanvas_apply.cli.exit_codes import Exit, Stopped
from eocanvas_apply.cli.patience import Patience
from eocanvas_apply.cli.session import Session
from eocanvas_apply.cli.terminal.console import Channel, Console, Outcome
from eocanvas_apply.cli.terminal.live import live
from eocanvas_apply.cli.terminal.signals import unless_signalled
from eocanvas_apply.errors import ServiceError

if TYPE_CHECKING:
    from eocanvas_apply.report.status import Status

Show = Callable[["Status"], None]


async def watch(session: Session, console: Console, *, full: bool) -> Outcome:
    """Show where everything stands until no job runs or waits, or a signal comes; nothing is written."""
    seen: list[Status] = []
    code = Exit.DONE
    try:
        async with _view(console, full=full) as show:
            await unless_signalled(_look(session, seen, show))
    except Stopped as stopped:
        code = stopped.code
        if not seen:
            raise
    return _outcome(session, console, seen[-1], code, full=full)


async def _look(session: Session, seen: list[Status], show: Show) -> None:
    pause = session.engine.desired.timing.poll.total_seconds()
    patience = Patience()
    while not seen or not seen[-1].settled:
        if seen:
            await session.engine.clock.sleep(pause)
        try:
            seen[:] = [await _status(session)]
            patience.answered()
        except ServiceError as fault:
            if not seen:
                raise
            patience.try_again(fault)
            continue
        show(seen[-1])


async def _status(session: Session) -> Status:
    from eocanvas_apply.planning.plan import Requests
    from eocanvas_apply.report.status import status

    plan, observed = await session.engine.plan(Requests())
    return status(plan, session.engine.journal.recorded, observed)


@asynccontextmanager
async def _view(console: Console, *, full: bool) -> AsyncIterator[Show]:
    """Yield how to show one: in place on a terminal, one below the other elsewhere, not at all in JSON."""
    if console.as_json:
        yield lambda found: None  # noqa: ARG005
    elif console.out.can_redraw:
        async with live(console.out) as area:
            yield lambda found: area.show(partial(_drawn, found, console.out, full))
    else:
        yield partial(_on_change, console.out, [], full)


def _drawn(found: Status, channel: Channel, full: bool, width: int) -> str:  # noqa: ARG001, FBT001  # lines may wrap
    from eocanvas_apply.render import status as render

    return render.text(found, channel.style, full=full)


def _on_change(channel: Channel, before: list[object], full: bool, found: Status) -> None:  # noqa: FBT001  # as above
    from eocanvas_apply.render import status as render

    now = render.body(found)
    stands = [now["keys"], now["jobs"]]
    if [stands] != before:
        channel.write(("\n" if before else "") + render.text(found, channel.style, full=full))
        before[:] = [stands]


def _outcome(session: Session, console: Console, last: Status, code: Exit, *, full: bool) -> Outcome:
    from eocanvas_apply.render import status as render

    # Where it was shown line by line, the last one stands there already.
    told = not console.as_json and not console.out.can_redraw
    return Outcome(
        code,
        (*session.warnings, *last.plan.diagnostics),
        text=lambda style: "" if told else render.text(last, style, full=full),
        fields=lambda: render.body(last),
    )
