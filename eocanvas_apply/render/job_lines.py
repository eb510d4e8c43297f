"""One job of a status in one line, and what helps."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.failures import HINTS, FailureClass
from eocanvas_apply.planning.plan import ActionKind, Reason
from eocanvas_apply.render.advice import advice
from eocanvas_apply.render.reasons import in_words
from eocanvas_apply.render.stamps import moment, rough
from eocanvas_apply.render.style import one_line
from eocanvas_apply.report.status import JobStatus
from eocanvas_apply.report.whereabouts import whereabouts


def failed(job: JobStatus) -> str:
    """Return that it failed, and why."""
    failure = job.failure if job.action.reason is Reason.FAILED else ""
    why = one_line(failure) if failure else in_words(job.action)
    return f"{job.address} {'refused' if job.refused else 'failed'}: {why}"


def remedies(failed: Sequence[JobStatus]) -> list[str]:
    """Return what helps, once for each kind of failure."""
    runs = [job.run for job in failed]
    kinds = dict.fromkeys(run.failure for run in runs if run and run.failure)
    hints = [f"{kind}: {HINTS[FailureClass(kind)]}" for kind in kinds if kind]
    steps = [
        advice(job.action.action, job.action.reason, "ADDRESS" if len(failed) > 1 else job.address, refused=job.refused)
        for job in failed
    ]
    return [*hints, *dict.fromkeys(steps)]


def undecided(job: JobStatus) -> str:
    """Return what is to be decided, and how."""
    step = advice(job.action.action, job.action.reason, job.address)
    return f"{job.address}: {in_words(job.action)}; {step}; see: eocanvas-apply why {typed(job.address)}"


def running(job: JobStatus, at: datetime) -> str:
    """Return how long it has been under way, or what else goes on."""
    if job.action.reason in (Reason.IN_FLIGHT, Reason.STUCK) and job.since:
        stuck = ", stuck" if job.action.reason is Reason.STUCK else ""
        return f"{job.address}: {job.status} for {rough(at - job.since)}, since {moment(job.since)}{stuck}"
    until = f", until {moment(job.action.not_before)}" if job.action.not_before else ""
    return f"{job.address}: {in_words(job.action)}{until}"


def unstuck(running: Sequence[JobStatus]) -> list[str]:
    """Return what to do about those that run for too long."""
    stuck = [job.address for job in running if job.action.reason is Reason.STUCK]
    which = stuck[0] if len(stuck) == 1 else "ADDRESS"
    return [f"stuck: {advice(ActionKind.WATCH, Reason.STUCK, which)}"] if stuck else []


def oldest_first(jobs: Sequence[JobStatus]) -> list[JobStatus]:
    """Return them in the order in which they were begun."""
    return sorted(jobs, key=lambda job: (job.since is None, job.since, job.address))


def soonest_first(jobs: Sequence[JobStatus]) -> list[JobStatus]:
    """Return launches by their time, then what is held back."""
    return sorted(jobs, key=_turn)


def _turn(job: JobStatus) -> tuple[bool, float, str]:
    """Return what sorts launches before what is held, and each by its time."""
    when = job.action.not_before
    return job.action.action is ActionKind.NONE, when.timestamp() if when else 0.0, job.address


def waiting(job: JobStatus) -> str:
    """Return what it waits for, and until when."""
    action = job.action
    if action.action is ActionKind.NONE:
        about = f", at about {moment(action.not_before)}" if action.not_before else ""
        why = f"after {', '.join(action.depends_on)}" if action.depends_on else in_words(action)
        return f"{job.address}: {why}{about}"
    before = [*action.depends_on, *(f"the order of {product}" for product in action.awaits)]
    after = f" after {', '.join(before)}" if before else ""
    when = f" not before {moment(action.not_before)}" if action.not_before else "" if after else " with the next apply"
    return f"{job.address}: {action.action}{after}{when}"


def left_out(job: JobStatus) -> str:
    """Return why it is left out."""
    return f"{job.address}: {in_words(job.action)}"


def done(job: JobStatus) -> str:
    """Return where its results are."""
    run = job.run
    return f"{job.address}: {whereabouts(run)}" if run and run.results else job.address
