"""Where everything stands, as text with the failures first, and as JSON."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from msgspec import structs

from eocanvas_apply.diagnostics import has_errors
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Phase
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.log_rules import Checks, rule_of, severity_of, shown_remarks
from eocanvas_apply.planning.plan import Plan, WindowState
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import forecast, tallies
from eocanvas_apply.render.layout import (
    PLAIN,
    Style,
    columns,
    counted,
    html_table,
    minute,
    moment,
    one_line,
    rough,
    shortened,
    stamp,
)
from eocanvas_apply.render.plan import advice, changes, title
from eocanvas_apply.render.plan_blocks import few_names, in_words, then
from eocanvas_apply.render.why import whereabouts
from eocanvas_apply.report.outcomes import blocked
from eocanvas_apply.report.status import JobStatus, KeyStatus, Status
from eocanvas_apply.report.status import tallies as tallies_of
from eocanvas_apply.vocabulary import OgcStatus

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import JobStatusJson, KeyStatusJson, RemarkJson, StatusBody, WindowJson

T = TypeVar("T")
# As many lines of one kind as leave the others on the screen.
_SHOWN = 10
# So many jobs of which the same is said have a line each, and so far apart are times that are not the same.
_FEW, _MOMENT = 3, timedelta(minutes=1)
# So wide are the names of some instances of a campaign together.
_NAMES = 100
_FULL = "eocanvas-apply status --full"
_HEADINGS = {"Failed": "red", "A decision is needed": "yellow"}


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


def _remarked(jobs: Iterable[JobStatus]) -> list[str]:
    return remark_lines((job.address, each) for job in jobs for each in shown_remarks(job.remarks, job.checks))


def text(status: Status, style: Style = PLAIN, *, full: bool = False) -> str:
    """Return how many stand where, what failed and what to do, what runs and waits, keys, quota, and what is next.

    Long lists are cut to a few lines unless `full`.
    """
    if not status.keys and not status.jobs:
        return "No keys and no jobs.\n"
    most = max(len(status.jobs), len(status.keys)) if full else _SHOWN
    block = partial(_block, style, most, full=full)
    at = status.plan.created
    jobs = status.by_phase
    failed, running = (
        jobs[Phase.FAILED],
        sorted(jobs[Phase.RUNNING], key=lambda job: (job.since is None, job.since, job.address)),
    )
    finished = jobs[Phase.DONE] if full or len(status.jobs) <= most else []
    stopped = blocked(status.plan)
    waits = partial(_waiting, stopped=stopped)
    waiting = _alike(sorted(jobs[Phase.WAITING], key=_turn), waits, full=full, timed=True)
    blocks = [
        style.wrap(_title(status, style)).split("\n"),
        tallies.counts(tallies_of(status.plan.actions), style),
        block("Failed", _alike(failed, _failed, full=full), _remedies(failed[:most]), count=len(failed)),
        block("A decision is needed", [(typed(job.address), _undecided(job)) for job in jobs[Phase.UNDECIDED]]),
        block("Running", [(typed(job.address), _running(job, at)) for job in running], _unstuck(running)),
        block("Waiting", waiting, count=len(jobs[Phase.WAITING])),
        block("Left out", _alike(jobs[Phase.LEFT_OUT], _left_out, full=full), count=len(jobs[Phase.LEFT_OUT])),
        block("Done", [(typed(job.address), _done(job)) for job in finished]),
        _lines("Remarks", _remarked(jobs[Phase.DONE]), style, most),
        block("Keys", [_life(key, status) for key in status.keys], count=0),
        block("Quota", [forecast.window_cells(window) for window in status.plan.windows], count=0),
        _lines("Next", _next(status, jobs, stopped), style, most),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _block(
    style: Style,
    most: int,
    title: str,
    rows: Sequence[Sequence[str]],
    after: Sequence[str] = (),
    *,
    full: bool,
    count: int | None = None,
) -> list[str]:
    """Return a title with the number of jobs, and the rows, of many the first few; nothing without rows.

    `count` is that number where a row may stand for several jobs, 0 where it is of no interest.
    """
    if not rows:
        return []
    number = len(rows) if count is None else count
    more = [f"... and {len(rows) - most} more: {_FULL}"] if len(rows) > most else []
    heading = style.paint(title, "bold", *filter(None, (_HEADINGS.get(title),))) + (f" ({number})" if number else "")
    return [heading, *columns(rows[:most], style, whole=full), *_indented([*more, *after], style)]


def _lines(title: str, lines: Sequence[str], style: Style, most: int) -> list[str]:
    """Return a title and a line each, of long lists the first few; nothing without lines."""
    shown = shortened(lines, most, str, f"... and {{}} more: {_FULL}")
    return [style.paint(title, "bold"), *_indented(shown, style)] if lines else []


def _indented(lines: Sequence[str], style: Style) -> list[str]:
    return [line for each in lines for line in style.wrap(f"  {each}").split("\n")]


def _alike(
    jobs: Sequence[JobStatus], words: Callable[[JobStatus], str], *, full: bool, timed: bool = False
) -> list[tuple[str, str]]:
    """Return names and words: many instances of a campaign of which the same is said are one row, unless `full`.

    Where it is `timed`, they are alike also if they start at different times.
    """
    groups: dict[tuple[str, str], list[JobStatus]] = {}
    for job in jobs:
        said = words(_untimed(job) if timed else job)
        groups.setdefault((job.action.campaign or job.address, said), []).append(job)
    found = list[tuple[str, str]]()
    for (campaign, _), group in groups.items():
        if full or len(group) <= _FEW:
            found += [(typed(job.address), words(job)) for job in group]
            continue
        times = [time for job in group if (time := job.action.not_before)] if timed else []
        last = f", the last {minute(max(times))}" if times and max(times) - min(times) > _MOMENT else ""
        names = few_names([job.address for job in group], _NAMES)
        found.append((campaign, f"{len(group)} instances: {words(group[0])}{last}\n{names}"))
    return found


def _untimed(job: JobStatus) -> JobStatus:
    return dataclasses.replace(job, action=structs.replace(job.action, not_before=None))


def _title(status: Status, style: Style) -> str:
    return f"{title(status.plan, style)}, {moment(status.plan.created)}{', from the ledger' if status.offline else ''}"


def _life(key: KeyStatus, status: Status) -> tuple[str, str, str]:
    at, name = status.plan.created, f"({key.name})" if key.name else ""
    ends = f"ends in {rough(key.expires - at)}, {minute(key.expires)}" if key.expires else "end unknown"
    life = {"live": ends, "existing": f"existing, {ends}" if key.expires else "existing"}.get(key.status, key.status)
    # Whether it is as in the manifest, the ledger alone does not know.
    words = "" if status.offline else _key_words(key, status.plan)
    return key.action.address, life, " ".join(filter(None, (words, name)))


def _key_words(key: KeyStatus, plan: Plan) -> str:
    faults = (each.message for each in plan.diagnostics if each.address == key.action.address)
    if key.status == "absent" and key.action.reason is Reason.EXISTING and (fault := next(faults, "")):
        return fault
    action = "" if key.action.action is ActionKind.NONE else f"{key.action.action}: "
    return f"{action}{in_words(key.action)}"


def _next(status: Status, jobs: Mapping[Phase, list[JobStatus]], stopped: Mapping[str, str]) -> list[str]:
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


def _command(plan: Plan, jobs: Mapping[Phase, list[JobStatus]], stopped: Mapping[str, str], *, goes_on: bool) -> str:
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
    return f"refused: {why}" if job.refused else why


def _remedies(failed: Sequence[JobStatus]) -> list[str]:
    """Return what helps, once for each kind of failure."""
    runs = [job.run for job in failed]
    kinds = dict.fromkeys(run.failure for run in runs if run and run.failure)
    hints = [f"hint: {kind}: {HINTS[kind]}" for kind in kinds if kind]
    steps = (advice(job.action, refused=job.refused, of_several=len(failed) > 1) for job in failed)
    return [*hints, *dict.fromkeys(f"next: {each}" for each in steps)]


def _undecided(job: JobStatus) -> str:
    decide = f"{advice(job.action)}; see: eocanvas-apply why {typed(job.address)}"
    return f"{in_words(job.action)}; {decide}"


def _running(job: JobStatus, at: datetime) -> str:
    """Return for how long it has been running, or what happens instead."""
    if job.action.reason in (Reason.IN_FLIGHT, Reason.STUCK) and job.since:
        stuck = ", stuck" if job.action.reason is Reason.STUCK else ""
        since = f"{rough(at - job.since)}, since {minute(job.since)}"
        return f"{job.status} {since}{stuck}{then(job.action)}"
    if job.action.action is ActionKind.DISMISS:
        return f"{job.status}; {advice(job.action)}"
    waits = job.action.not_before and not job.action.lists_nothing
    until = f", until {moment(job.action.not_before)}" if waits else ""
    return f"{in_words(job.action)}{until}"


def _unstuck(running: Sequence[JobStatus]) -> list[str]:
    """Return what to do about jobs that run for too long."""
    stuck = [job.action for job in running if job.action.reason is Reason.STUCK]
    return [f"next: stuck: {advice(stuck[0], of_several=len(stuck) > 1)}"] if stuck else []


def _turn(job: JobStatus) -> tuple[bool, float, str]:
    """Return a key that sorts launches before jobs that are held back, both by time."""
    when = job.action.not_before
    return job.action.action is ActionKind.NONE, when.timestamp() if when else 0.0, job.address


def _waiting(job: JobStatus, stopped: Mapping[str, str]) -> str:
    action = job.action
    if job.address in stopped:
        return f"cannot start: {one_line(stopped[job.address])}"
    if action.action not in (*LAUNCHES, ActionKind.NONE):
        return in_words(action)
    if action.action is ActionKind.NONE:
        about = f", at about {minute(action.not_before)}" if action.not_before else ""
        why = f"after {', '.join(action.depends_on)}" if action.depends_on else in_words(action)
        return f"{why}{about}"
    before = [*action.depends_on, *(f"the order of {product}" for product in action.awaits)]
    after = f" after {', '.join(before)}" if before else ""
    when = f" not before {minute(action.not_before)}" if action.not_before else "" if after else " with the next apply"
    return f"{action.action}{after}{when}"


def _left_out(job: JobStatus) -> str:
    then_what = "" if job.action.action is ActionKind.NONE else f"; {advice(job.action)}"
    return f"{in_words(job.action)}{then_what}"


def _done(job: JobStatus) -> str:
    run = job.run
    return whereabouts(run) if run and run.results else ""


def html(status: Status) -> str:
    """Return the keys and jobs as a table for a notebook, with quota and forecast below it."""
    keys = [(k.action.address, k.status, k.action.reason, k.name, f"ends {moment(k.expires)}") for k in status.keys]
    jobs = [(j.address, j.status, j.action.reason, j.run.job_id if j.run else "", j.failure) for j in status.jobs]
    below = [*map(forecast.window, status.plan.windows), *forecast.lines(status.plan, windows=False)]
    title = _title(status, PLAIN)
    return html_table(title, ("address", "status", "reason", "name or job", "note"), [*keys, *jobs], "\n".join(below))
