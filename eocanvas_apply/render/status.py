"""Where everything stands: for people what needs them first, and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from eocanvas_apply.planning.failures import HINTS, FailureClass
from eocanvas_apply.planning.phases import Phase, Tally, together
from eocanvas_apply.planning.plan import ActionKind, Reason
from eocanvas_apply.planning.status import JobStatus, KeyStatus, Status
from eocanvas_apply.planning.windows import WindowState
from eocanvas_apply.render import forecast
from eocanvas_apply.render.advice import advice
from eocanvas_apply.render.reasons import in_words
from eocanvas_apply.render.stamps import moment, rough, stamp
from eocanvas_apply.render.style import PLAIN, Style, counted, one_line

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import JobStatusDocument, KeyStatusDocument, StatusBody, WindowDocument

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
    return {
        "address": job.address,
        "status": job.status,
        "reason": job.action.reason,
        "job_id": job.run.job_id if job.run else None,
        "created": stamp(job.run.created) if job.run else None,
    }


def text(status: Status, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return how many stand where, what failed and what to do, what runs and waits, keys, quota, and what is next.

    Long lists are cut to a few lines unless `full`.
    """
    if not status.keys and not status.jobs:
        return "Nothing in the manifest, nothing on record.\n"
    most = max(len(status.jobs), len(status.keys)) if full else _SHOWN
    at = status.plan.created
    jobs = {phase: [job for job in status.jobs if job.phase is phase] for phase in Phase}
    blocks = [
        [_title(status, style), *_counts(status.tallies, style)],
        _block("Failed", [_failed(job) for job in jobs[Phase.FAILED]], most, style, _remedies(jobs[Phase.FAILED])),
        _block("A decision is needed", [_undecided(job) for job in jobs[Phase.UNDECIDED]], most, style),
        _block(
            "Running",
            [_running(job, at) for job in _oldest_first(jobs[Phase.RUNNING])],
            most,
            style,
            _unstuck(jobs[Phase.RUNNING]),
        ),
        _block("Waiting", [_waiting(job) for job in _soonest_first(jobs[Phase.WAITING])], most, style),
        _block("Left out", [f"{job.address}: {in_words(job.action)}" for job in jobs[Phase.LEFT_OUT]], most, style),
        _block("Done", [_done(job) for job in jobs[Phase.DONE]], most, style)
        if full or len(status.jobs) <= most
        else [],
        _block("Keys", [_life(key, at) for key in status.keys], most, style),
        _block("Quota", [forecast.window(window) for window in status.plan.windows], most, style),
        _block("Next", [*_next(status, jobs), *forecast.lines(status.plan, windows=False)], most, style),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _title(status: Status, style: Style) -> str:
    origin = status.plan.origin
    return (
        f"{style.paint(origin.project, 'bold')} at {origin.service} as {origin.account}, {moment(status.plan.created)}"
    )


def _counts(found: Sequence[Tally], style: Style) -> list[str]:
    alone = len(found) == 1 and found[0].campaign is None
    lines = [tally_line(each, "jobs" if alone else "other jobs", style) for each in found]
    return [*lines, tally_line(together(found), "in all", style)] if len(found) > 1 else lines


def tally_line(tally: Tally, name: str, style: Style = PLAIN) -> str:
    """Return `job.tiles: 3 of 10 done, 2 running, 5 waiting`; `name` stands where it is of no campaign."""
    others = [
        style.paint(f"{tally.counts[phase]} {phase}", _COLOURS[phase])
        for phase in (Phase.RUNNING, Phase.WAITING, Phase.FAILED, Phase.UNDECIDED, Phase.LEFT_OUT)
        if tally.counts[phase]
    ]
    return ", ".join([f"{tally.campaign or name}: {tally.counts[Phase.DONE]} of {tally.total} done", *others])


def _block(title: str, lines: list[str], most: int, style: Style, after: Sequence[str] = ()) -> list[str]:
    if not lines:
        return []
    rest = len(lines) - most
    more = [f"... and {rest} more: eocanvas-apply status --full"] if rest > 0 else []
    return [style.paint(title, "bold"), *(f"  {line}" for line in (*lines[:most], *more, *after))]


def _failed(job: JobStatus) -> str:
    why = one_line(job.failure) if job.action.reason is Reason.FAILED and job.failure else in_words(job.action)
    return f"{job.address} {'refused' if job.refused else 'failed'}: {why}"


def _remedies(failed: Sequence[JobStatus]) -> list[str]:
    """Return what helps, once for each kind of failure."""
    kinds = dict.fromkeys(job.run.failure for job in failed if job.run and job.run.failure)
    hints = [f"{kind}: {HINTS[FailureClass(kind)]}" for kind in kinds if kind]
    steps = [
        advice(job.action.action, job.action.reason, "ADDRESS" if len(failed) > 1 else job.address, refused=job.refused)
        for job in failed
    ]
    return [*hints, *dict.fromkeys(steps)]


def _undecided(job: JobStatus) -> str:
    step = advice(job.action.action, job.action.reason, job.address)
    return f"{job.address}: {in_words(job.action)}; {step}; see: eocanvas-apply why {job.address}"


def _running(job: JobStatus, at: datetime) -> str:
    if job.action.reason in (Reason.IN_FLIGHT, Reason.STUCK) and job.since:
        stuck = ", stuck" if job.action.reason is Reason.STUCK else ""
        return f"{job.address}: {job.status} for {rough(at - job.since)}, since {moment(job.since)}{stuck}"
    until = f", until {moment(job.action.not_before)}" if job.action.not_before else ""
    return f"{job.address}: {in_words(job.action)}{until}"


def _unstuck(running: Sequence[JobStatus]) -> list[str]:
    stuck = [job.address for job in running if job.action.reason is Reason.STUCK]
    which = stuck[0] if len(stuck) == 1 else "ADDRESS"
    return [f"stuck: {advice(ActionKind.WATCH, Reason.STUCK, which)}"] if stuck else []


def _oldest_first(jobs: Sequence[JobStatus]) -> list[JobStatus]:
    return sorted(jobs, key=lambda job: (job.since is None, job.since, job.address))


def _soonest_first(jobs: Sequence[JobStatus]) -> list[JobStatus]:
    return sorted(jobs, key=lambda job: (job.action.not_before is not None, job.action.not_before, job.address))


def _waiting(job: JobStatus) -> str:
    action = job.action
    if action.action is ActionKind.NONE:
        return f"{job.address}: {in_words(action)}"
    before = [*action.depends_on, *(f"the order of {product}" for product in action.awaits)]
    after = f" after {', '.join(before)}" if before else ""
    when = f" not before {moment(action.not_before)}" if action.not_before else "" if after else " with the next apply"
    return f"{job.address}: {action.action}{after}{when}"


def _done(job: JobStatus) -> str:
    run = job.run
    results = f": {len(run.stored)} of {counted(len(run.results), 'result')} here" if run and run.results else ""
    return f"{job.address}{results}"


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
