"""Where everything stands, as text with the failures first, and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.log_rules import Checks, rule_of, severity_of, shown_remarks
from eocanvas_apply.planning.plan import Plan, WindowState
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import forecast
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, moment, one_line, rough, shortened, stamp
from eocanvas_apply.render.plan import advice, changes, title
from eocanvas_apply.render.plan_blocks import in_words, then
from eocanvas_apply.render.why import whereabouts
from eocanvas_apply.report.outcomes import blocked
from eocanvas_apply.report.status import JobStatus, KeyStatus, Status, Tally, tallies, together
from eocanvas_apply.vocabulary import OgcStatus

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import JobStatusJson, KeyStatusJson, RemarkJson, StatusBody, WindowJson

T = TypeVar("T")
# As many lines of one kind as leave the others on the screen.
_SHOWN = 10
# In the order in which they are counted; what is done stands before them.
_COLOURS = {
    Phase.RUNNING: "cyan",
    Phase.WAITING: "dim",
    Phase.FAILED: "red",
    Phase.UNDECIDED: "yellow",
    Phase.LEFT_OUT: "dim",
}


def body(status: Status) -> StatusBody:
    """Return it as JSON, without what its command adds."""
    return {
        "keys": [_key(key) for key in status.keys],
        "jobs": [_job(job) for job in status.jobs],
        "windows": [_window(window) for window in status.plan.windows],
        "forecast": forecast.as_json(status.plan),
    }


def _window(window: WindowState) -> WindowJson:
    return {
        "jobs": window.limit,
        "per_s": int(window.per.total_seconds()),
        "used": window.used,
        "left": window.left,
        "next_free": stamp(window.next_free),
    }


def _key(key: KeyStatus) -> KeyStatusJson:
    return {
        "address": key.action.address,
        "status": key.status,
        "reason": key.action.reason,
        "name": key.name,
        "expires": stamp(key.expires),
    }


def _job(job: JobStatus) -> JobStatusJson:
    run, until = job.run, job.action.not_before if job.action.lists_nothing else None
    document: JobStatusJson = {
        "address": job.address,
        "status": run.status if run else job.status,
        "reason": job.action.reason,
        "job_id": run.job_id if run else None,
        "created": stamp(run.created) if run else None,
    }
    if run and run.status == OgcStatus.FAILED:
        document["failure"], document["failure_line"] = run.failure, run.failure_line
    if job.refused:
        document["refusal"] = job.failure
    if until:
        document["results_until"] = stamp(until) or ""
    if run and run.remarks:
        document["remarks"] = [remark_json(each, job.checks) for each in run.remarks]
    return document


def remark_json(remark: Remark, checks: Checks) -> RemarkJson:
    """Return what a log says of a result as JSON; `lines` is how many lines say so."""
    severity = severity_of(remark, checks)
    return {"code": remark.code, "severity": severity, "line": remark.line, "lines": remark.lines}


def remark_lines(found: Iterable[tuple[str, Remark]]) -> list[str]:
    """Return for each code the jobs (by address) whose logs say so, what it means and what to do."""
    alike: dict[str, list[tuple[str, Remark]]] = {}
    for address, remark in found:
        alike.setdefault(remark.code, []).append((address, remark))
    return [line for group in alike.values() for line in _remark(group)]


def _remark(group: Sequence[tuple[str, Remark]]) -> list[str]:
    (address, remark), rule = group[0], rule_of(group[0][1])
    more = f" and {counted(len(group) - 1, 'other job')}" if group[1:] else ""
    meaning = rule.meaning if rule else "see the log"
    lines = [f"{address}{more}: {meaning} [{remark.code}]", f"  {one_line(remark.line)}"]
    return [*lines, f"  next: {rule.advice}"] if rule else lines


def _remarked(status: Status) -> list[str]:
    # Few of many: those of which nothing is said are not looked at twice.
    jobs = [job for job in status.jobs if job.phase is Phase.DONE]
    return remark_lines((job.address, each) for job in jobs for each in shown_remarks(job.remarks, job.checks))


def text(status: Status, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return how many stand where, what failed and what to do, what runs and waits, keys, quota, and what is next.

    Long lists are cut to a few lines unless `full`.
    """
    if not status.keys and not status.jobs:
        return "No keys and no jobs.\n"
    most = max(len(status.jobs), len(status.keys)) if full else _SHOWN
    block = partial(_block, style, most)
    at = status.plan.created
    jobs = {phase: [job for job in status.jobs if job.phase is phase] for phase in Phase}
    failed, running = (
        jobs[Phase.FAILED],
        sorted(jobs[Phase.RUNNING], key=lambda job: (job.since is None, job.since, job.address)),
    )
    finished = jobs[Phase.DONE] if full or len(status.jobs) <= most else []
    stopped = blocked(status.plan)
    blocks = [
        [_title(status, style), *_counts(tallies(status.plan.actions), style)],
        block("Failed", failed, _failed, _remedies(failed[:most])),
        block("A decision is needed", jobs[Phase.UNDECIDED], _undecided),
        block("Running", running, partial(_running, at=at), _unstuck(running)),
        block("Waiting", sorted(jobs[Phase.WAITING], key=_turn), partial(_waiting, stopped=stopped)),
        block("Left out", jobs[Phase.LEFT_OUT], _left_out),
        block("Done", finished, _done),
        block("Remarks", _remarked(status), str),
        block("Keys", status.keys, partial(_life, status=status)),
        block("Quota", status.plan.windows, forecast.window),
        block("Next", _next(status, jobs, stopped), str),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _block(
    style: Style, most: int, title: str, things: Sequence[T], line: Callable[[T], str], after: Sequence[str] = ()
) -> list[str]:
    """Return a title and a line each, of long lists the first few; nothing without things."""
    lines = [*shortened(things, most, line, "... and {} more: eocanvas-apply status --full"), *after]
    return [style.paint(title, "bold"), *(f"  {each}" for each in lines)] if things else []


def _title(status: Status, style: Style) -> str:
    return f"{title(status.plan, style)}, {moment(status.plan.created)}{', from the ledger' if status.offline else ''}"


def _counts(found: Sequence[Tally], style: Style) -> list[str]:
    alone = len(found) == 1 and found[0].campaign is None
    each = [_tally(tally, "jobs" if alone else "other jobs", style) for tally in found]
    return [*each, _tally(together(found), "total", style)] if len(found) > 1 else each


def _tally(tally: Tally, name: str, style: Style) -> str:
    """Return `job.tiles: 3 of 10 done, 2 running, 5 waiting`; `name` stands where it is of no campaign."""
    others = [
        style.paint(f"{tally.counts[phase]} {phase}", colour)
        for phase, colour in _COLOURS.items()
        if tally.counts[phase]
    ]
    return ", ".join([f"{tally.campaign or name}: {tally.counts[Phase.DONE]} of {tally.total} done", *others])


def _life(key: KeyStatus, status: Status) -> str:
    at, name = status.plan.created, f" ({key.name})" if key.name else ""
    ends = f"ends in {rough(key.expires - at)}, {moment(key.expires)}" if key.expires else "end unknown"
    life = {"live": ends, "existing": f"existing, {ends}" if key.expires else "existing"}.get(key.status, key.status)
    # Whether it is as in the manifest, the ledger alone does not know.
    return f"{key.action.address} {life}{name}" + ("" if status.offline else f"; {_key_words(key, status.plan)}")


def _key_words(key: KeyStatus, plan: Plan) -> str:
    faults = (each.message for each in plan.diagnostics if each.address == key.action.address)
    if key.status == "absent" and key.action.reason is Reason.EXISTING and (fault := next(faults, "")):
        return fault
    action = "" if key.action.action is ActionKind.NONE else f"{key.action.action}: "
    return f"{action}{in_words(key.action)}"


def _next(status: Status, jobs: dict[Phase, list[JobStatus]], stopped: Mapping[str, str]) -> list[str]:
    """Return what the next apply changes, what it waits for, and last the command that goes on."""
    if status.offline:
        return ["from the ledger only: eocanvas-apply status looks at the service, eocanvas-apply plan shows changes"]
    plan, lines = status.plan, []
    if found := changes(plan, stopped):
        lines.append(f"the next apply: {found}")
    if jobs[Phase.RUNNING]:
        lines.append(f"{counted(len(jobs[Phase.RUNNING]), 'job')} running: apply waits and fetches the results")
    elif plan.wake and jobs[Phase.WAITING]:
        lines.append(f"apply continues at {moment(plan.wake)}, in {rough(plan.wake - plan.created)}")
    if draining := [key.action.address for key in status.keys if key.action.reason is Reason.DRAINING]:
        lines.append(f"{', '.join(draining)}: apply waits until no job runs, and goes on")
    ahead = forecast.lines(plan, windows=False) if any(j.address not in stopped for j in jobs[Phase.WAITING]) else []
    return [*lines, *ahead, _command(plan, jobs, stopped, goes_on=bool(lines))]


def _command(plan: Plan, jobs: dict[Phase, list[JobStatus]], stopped: Mapping[str, str], *, goes_on: bool) -> str:
    """Return the command that goes on, or that nothing is to do."""
    if goes_on:
        return _to_continue(plan)
    if asked := jobs[Phase.UNDECIDED]:
        return f"a decision is needed: eocanvas-apply why {typed(asked[0].address)}"
    if stopped or has_errors(plan.diagnostics):
        return "nothing continues before the errors are fixed: eocanvas-apply plan shows them"
    if jobs[Phase.WAITING]:
        return "nothing continues by itself: see above what each job waits for"
    if failed := jobs[Phase.FAILED]:
        why = f"{counted(len(failed), 'job')} failed; once the cause is removed"
        return f"nothing continues by itself: {why}: eocanvas-apply apply --retry-failed"
    if any(action.reason is Reason.CANNOT_TELL for action in plan.actions):
        return "nothing to do as far as is known; state unknown of a key: see Keys above"
    return "nothing to do"


def _to_continue(plan: Plan) -> str:
    if any(each.code == "policy" for each in plan.refusals):
        return "the policy refuses this: eocanvas-apply plan names the rule"
    if plan.refusals:
        return "a safety rule refuses this: eocanvas-apply plan names the flag that allows it"
    if any(each.code == "secret-absent" for each in plan.diagnostics):
        return "to continue: set the secrets that the warnings name, then eocanvas-apply apply"
    return "to continue: eocanvas-apply apply"


def _failed(job: JobStatus) -> str:
    failure = job.failure if job.action.reason is Reason.FAILED else ""
    why = one_line(failure) if failure else in_words(job.action)
    return f"{job.address} {'refused' if job.refused else 'failed'}: {why}"


def _remedies(failed: Sequence[JobStatus]) -> list[str]:
    """Return what helps, once for each kind of failure."""
    runs = [job.run for job in failed]
    kinds = dict.fromkeys(run.failure for run in runs if run and run.failure)
    hints = [f"{kind}: {HINTS[kind]}" for kind in kinds if kind]
    steps = [advice(job.action, refused=job.refused, of_several=len(failed) > 1) for job in failed]
    return [*hints, *dict.fromkeys(steps)]


def _undecided(job: JobStatus) -> str:
    decide = f"{advice(job.action)}; see: eocanvas-apply why {typed(job.address)}"
    return f"{job.address}: {in_words(job.action)}; {decide}"


def _running(job: JobStatus, at: datetime) -> str:
    """Return for how long it has been running, or what happens instead."""
    if job.action.reason in (Reason.IN_FLIGHT, Reason.STUCK) and job.since:
        stuck = ", stuck" if job.action.reason is Reason.STUCK else ""
        since = f"{rough(at - job.since)}, since {moment(job.since)}"
        return f"{job.address}: {job.status} for {since}{stuck}{then(job.action)}"
    if job.action.action is ActionKind.DISMISS:
        return f"{job.address}: {job.status}; {advice(job.action)}"
    waits = job.action.not_before and not job.action.lists_nothing
    until = f", until {moment(job.action.not_before)}" if waits else ""
    return f"{job.address}: {in_words(job.action)}{until}"


def _unstuck(running: Sequence[JobStatus]) -> list[str]:
    """Return what to do about jobs that run for too long."""
    stuck = [job.action for job in running if job.action.reason is Reason.STUCK]
    return [f"stuck: {advice(stuck[0], of_several=len(stuck) > 1)}"] if stuck else []


def _turn(job: JobStatus) -> tuple[bool, float, str]:
    """Return a key that sorts launches before jobs that are held back, both by time."""
    when = job.action.not_before
    return job.action.action is ActionKind.NONE, when.timestamp() if when else 0.0, job.address


def _waiting(job: JobStatus, stopped: Mapping[str, str]) -> str:
    action = job.action
    if job.address in stopped:
        return f"{job.address}: cannot start: {one_line(stopped[job.address])}"
    if action.action not in (*LAUNCHES, ActionKind.NONE):
        return f"{job.address}: {in_words(action)}"
    if action.action is ActionKind.NONE:
        about = f", at about {moment(action.not_before)}" if action.not_before else ""
        why = f"after {', '.join(action.depends_on)}" if action.depends_on else in_words(action)
        return f"{job.address}: {why}{about}"
    before = [*action.depends_on, *(f"the order of {product}" for product in action.awaits)]
    after = f" after {', '.join(before)}" if before else ""
    when = f" not before {moment(action.not_before)}" if action.not_before else "" if after else " with the next apply"
    return f"{job.address}: {action.action}{after}{when}"


def _left_out(job: JobStatus) -> str:
    then_what = "" if job.action.action is ActionKind.NONE else f"; {advice(job.action)}"
    return f"{job.address}: {in_words(job.action)}{then_what}"


def _done(job: JobStatus) -> str:
    run = job.run
    return f"{job.address}: {whereabouts(run)}" if run and run.results else job.address


def html(status: Status) -> str:
    """Return the keys and jobs as a table for a notebook, with quota and forecast below it."""
    keys = [(k.action.address, k.status, k.action.reason, k.name, f"ends {moment(k.expires)}") for k in status.keys]
    jobs = [(j.address, j.status, j.action.reason, j.run.job_id if j.run else "", j.failure) for j in status.jobs]
    below = [*map(forecast.window, status.plan.windows), *forecast.lines(status.plan, windows=False)]
    title = _title(status, PLAIN)
    return html_table(title, ("address", "status", "reason", "name or job", "note"), [*keys, *jobs], "\n".join(below))
