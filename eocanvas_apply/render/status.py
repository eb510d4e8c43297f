"""Where everything stands: for people what needs them first, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from eocanvas_apply.planning.plan import ActionKind
from eocanvas_apply.planning.schedule.windows import WindowState
from eocanvas_apply.render import forecast
from eocanvas_apply.render import job_lines as lines
from eocanvas_apply.render.reasons import in_words
from eocanvas_apply.render.stamps import moment, rough, stamp
from eocanvas_apply.render.style import PLAIN, Style, counted
from eocanvas_apply.report.phases import Phase, Tally, together
from eocanvas_apply.report.status import JobStatus, KeyStatus, Status

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import JobStatusDocument, KeyStatusDocument, StatusBody, WindowDocument

T = TypeVar("T")
# As many lines of one kind as leave the others on the screen.
_SHOWN = 10
_COLOURS = {
    Phase.DONE: "green",
    Phase.RUNNING: "cyan",
    Phase.FAILED: "red",
    Phase.UNDECIDED: "yellow",
    Phase.WAITING: "dim",
    Phase.LEFT_OUT: "dim",
}


def body(status: Status) -> StatusBody:
    """Return it as JSON, without what its command adds. `windows` are those of the quota."""
    return {
        "keys": [_key(key) for key in status.keys],
        "jobs": [_job(job) for job in status.jobs],
        "windows": [_window(window) for window in status.plan.windows],
        "forecast": forecast.document(status.plan),
    }


def _window(window: WindowState) -> WindowDocument:
    return {
        "jobs": window.limit,
        "per_s": int(window.per.total_seconds()),
        "used": window.used,
        "left": window.left,
        "next_free": stamp(window.next_free),
    }


def _key(key: KeyStatus) -> KeyStatusDocument:
    return {
        "address": key.action.address,
        "status": key.status,
        "reason": key.action.reason,
        "name": key.name,
        "expires": stamp(key.expires),
    }


def _job(job: JobStatus) -> JobStatusDocument:
    run = job.run
    return {
        "address": job.address,
        "status": run.status if run else job.status,
        "reason": job.action.reason,
        "job_id": run.job_id if run else None,
        "created": stamp(run.created) if run else None,
    }


def text(status: Status, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return how many stand where, what failed and what to do, what runs and waits, keys, quota, and what is next.

    Long lists are cut to a few lines unless `full`.
    """
    if not status.keys and not status.jobs:
        return "Nothing in the manifest, nothing on record.\n"
    page = _Page(style, max(len(status.jobs), len(status.keys)) if full else _SHOWN)
    at = status.plan.created
    jobs = {phase: [job for job in status.jobs if job.phase is phase] for phase in Phase}
    failed, running = jobs[Phase.FAILED], lines.oldest_first(jobs[Phase.RUNNING])
    finished = jobs[Phase.DONE] if full or len(status.jobs) <= page.most else []
    ahead = [*_next(status, jobs), *forecast.lines(status.plan, windows=False)]
    blocks = [
        [_title(status, style), *_counts(status.tallies, style)],
        page.block("Failed", failed, lines.failed, lines.remedies(failed[: page.most])),
        page.block("A decision is needed", jobs[Phase.UNDECIDED], lines.undecided),
        page.block("Running", running, partial(lines.running, at=at), lines.unstuck(running)),
        page.block("Waiting", lines.soonest_first(jobs[Phase.WAITING]), lines.waiting),
        page.block("Left out", jobs[Phase.LEFT_OUT], lines.left_out),
        page.block("Done", finished, lines.done),
        page.block("Keys", status.keys, partial(_life, at=at)),
        page.block("Quota", status.plan.windows, forecast.window),
        page.block("Next", ahead, str),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


@dataclass(frozen=True, slots=True)
class _Page:
    """How things are listed: the first few told, the others counted."""

    style: Style
    most: int

    def block(self, title: str, things: Sequence[T], told: Callable[[T], str], after: Sequence[str] = ()) -> list[str]:
        """Return a title and a line each, nothing without things."""
        if not things:
            return []
        rest = len(things) - self.most
        more = [f"... and {rest} more: eocanvas-apply status --full"] if rest > 0 else []
        shown = [told(thing) for thing in things[: self.most]]
        return [self.style.paint(title, "bold"), *(f"  {line}" for line in (*shown, *more, *after))]


def _title(status: Status, style: Style) -> str:
    origin = status.plan.origin
    return (
        f"{style.paint(origin.project, 'bold')} at {origin.service} as {origin.account}, {moment(status.plan.created)}"
    )


def _counts(found: Sequence[Tally], style: Style) -> list[str]:
    alone = len(found) == 1 and found[0].campaign is None
    each = [_tally(tally, "jobs" if alone else "other jobs", style) for tally in found]
    return [*each, _tally(together(found), "in all", style)] if len(found) > 1 else each


def _tally(tally: Tally, name: str, style: Style) -> str:
    """Return `job.tiles: 3 of 10 done, 2 running, 5 waiting`; `name` stands where it is of no campaign."""
    others = [
        style.paint(f"{tally.counts[phase]} {phase}", _COLOURS[phase])
        for phase in (Phase.RUNNING, Phase.WAITING, Phase.FAILED, Phase.UNDECIDED, Phase.LEFT_OUT)
        if tally.counts[phase]
    ]
    return ", ".join([f"{tally.campaign or name}: {tally.counts[Phase.DONE]} of {tally.total} done", *others])


def _life(key: KeyStatus, at: datetime) -> str:
    name = f" ({key.name})" if key.name else ""
    if key.status == "live":
        ends = f"ends in {rough(key.expires - at)}, {moment(key.expires)}" if key.expires else "has no known end"
        what = f"{ends}{name}"
    else:
        what = f"{key.status}{name}"
    action = "" if key.action.action is ActionKind.NONE else f"{key.action.action}: "
    return f"{key.action.address} {what}; {action}{in_words(key.action)}"


def _next(status: Status, jobs: dict[Phase, list[JobStatus]]) -> list[str]:
    if now := status.plan.forecast.launches_now:
        return [f"the next apply launches {counted(now, 'job')}"]
    wake = status.plan.wake
    if wake and jobs[Phase.WAITING]:
        return [f"apply goes on at {moment(wake)}, in {rough(wake - status.plan.created)}"]
    if jobs[Phase.RUNNING]:
        return [f"{counted(len(jobs[Phase.RUNNING]), 'job')} under way: apply watches and fetches what they leave"]
    if jobs[Phase.UNDECIDED]:
        return []
    if jobs[Phase.WAITING]:
        return ["nothing goes on by itself: see above what each waits for"]
    failed = len(jobs[Phase.FAILED])
    return [f"nothing goes on by itself: {counted(failed, 'job')} failed" if failed else "nothing is left to do"]
