"""What became of an intent whose answer was lost, judged from the job list and the logs of the candidates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from eocanvas_apply.documents.mark import Mark, mark_for
from eocanvas_apply.documents.trace import Trace, trace_of
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold import ENDED, Intent, IntentState, Recorded
from eocanvas_apply.planning.desired import Timing
from eocanvas_apply.planning.launching import inputs_digest
from eocanvas_apply.planning.observed import Observed, ObservedJob

# The service's stamps may be skewed against its own clock; a job stamped this much too early is still a candidate.
SKEW = timedelta(minutes=10)
# How long after an intent a duplicate is still looked for: after that the service has given up on any request.
LATE = timedelta(hours=24)
_FAR_PASSES = timedelta(seconds=60)


class Fit(StrEnum):
    """How a candidate fits an intent."""

    MARK = "mark"
    SIMILAR = "similar"
    UNDECIDED = "undecided"
    UNCLEAR = "unclear"
    NO = "no"


class Verdict(StrEnum):
    """What became of an intent."""

    FOUND = "found"
    WAIT = "wait"
    AMBIGUOUS = "ambiguous"
    NOT_LAUNCHED = "not-launched"


@dataclass(frozen=True, slots=True)
class Settlement:
    """The verdict, and the job where one was found; `wake` is when a waiting one is worth another look."""

    verdict: Verdict
    job_id: str | None = None
    wake: datetime | None = None


def open_intents(recorded: Recorded) -> list[JobIntended]:
    """Return the claims whose outcome nobody knows."""
    return [i.intended for _, i in recorded.intents() if i.intended and i.state is IntentState.OPEN]


def late_intents(recorded: Recorded, now: datetime) -> list[JobIntended]:
    """Return the claims given up lately: a runner frozen before the socket may still turn one into a job."""
    given_up = {IntentState.ABANDONED, IntentState.WITHDRAWN, IntentState.REFUSED}
    intents = (i.intended for _, i in recorded.intents() if i.intended and i.state in given_up)
    return [i for i in intents if now - i.decided < LATE]


def candidates(intended: Iterable[JobIntended], recorded: Recorded, jobs: Iterable[ObservedJob]) -> list[ObservedJob]:
    """Return the jobs, unknown to the ledger, that one of these intents may have become."""
    since: dict[str, datetime] = {}
    for intent in intended:
        earliest = intent.decided - SKEW
        since[intent.process] = min(since.get(intent.process, earliest), earliest)
    return [
        job
        for job in jobs
        if job.job_id not in recorded.owner_of
        and job.process in since
        and (job.created is None or job.created >= since[job.process])
    ]


def settle(intent: Intent, project: str, recorded: Recorded, observed: Observed, timing: Timing) -> Settlement:
    """Judge one open intent. Needs `intent.intended`; a job found by its mark is the oldest one with it."""
    intended = intent.intended
    assert intended is not None  # noqa: S101  # callers judge claims only
    fits = [(job, fit(intended, project, job, observed)) for job in _own_candidates(intended, recorded, observed)]
    marked = [job for job, how in fits if how is Fit.MARK]
    if marked:
        return Settlement(Verdict.FOUND, _oldest(marked).job_id)
    similar = [job for job, how in fits if how is Fit.SIMILAR]
    hows = {how for _, how in fits}
    if len(similar) == 1 and not hows & {Fit.UNDECIDED, Fit.UNCLEAR} and _only_taker(intended, recorded):
        return Settlement(Verdict.FOUND, similar[0].job_id)
    return _without_match(intent, intended, hows, observed, timing)


def _without_match(
    intent: Intent, intended: JobIntended, hows: set[Fit], observed: Observed, timing: Timing
) -> Settlement:
    deadline = settled_at(intended, timing)
    if Fit.UNDECIDED in hows or observed.at < deadline:
        return Settlement(Verdict.WAIT, wake=deadline if observed.at < deadline else None)
    if hows & {Fit.UNCLEAR, Fit.SIMILAR}:
        return Settlement(Verdict.AMBIGUOUS)
    if agreeing_passes(intent.passes, timing):
        return Settlement(Verdict.NOT_LAUNCHED)
    first = min(intent.passes, default=observed.at)
    return Settlement(Verdict.WAIT, wake=first + pass_gap(timing))


def settled_at(intended: JobIntended, timing: Timing) -> datetime:
    """Return the service time after which the list must show what this intent became."""
    return intended.send_before + timing.request_timeout + timing.settle


def pass_gap(timing: Timing) -> timedelta:
    """Return how far two agreeing passes must lie apart."""
    return min(_FAR_PASSES, timing.settle)


def agreeing_passes(passes: Iterable[datetime], timing: Timing) -> bool:
    """Tell whether two of these passes lie far enough apart."""
    begun = sorted(passes)
    return len(begun) > 1 and begun[-1] - begun[0] >= pass_gap(timing)


def fit(intended: JobIntended, project: str, job: ObservedJob, observed: Observed) -> Fit:
    """Judge one candidate by its log. What a log does not show excludes nothing."""
    text = observed.logs.get(job.job_id, "")
    shown = _shown(text)
    if shown.marks:
        return Fit.MARK if mark_of(intended, project) in shown.marks else Fit.NO
    if intended.marked and shown.documents:
        return Fit.NO
    return _by_content(intended, shown, job)


def mark_of(intended: JobIntended, project: str) -> Mark:
    """Return the mark that this intent's job carries."""
    return mark_for(intended.intent, project, intended.address)


# A log is looked at for every open intent and in every round.
_shown = lru_cache(maxsize=1024)(trace_of)


def _by_content(intended: JobIntended, shown: Trace, job: ObservedJob) -> Fit:
    document, inputs = intended.trace.document, intended.trace.inputs
    if shown.documents and document not in shown.documents:
        return Fit.NO
    if shown.inputs and inputs not in {inputs_digest(given) for given in shown.inputs}:
        return Fit.NO
    everything_shown = bool(shown.documents and shown.inputs) and document is not None
    if everything_shown:
        return Fit.SIMILAR
    return Fit.UNCLEAR if job.status in ENDED else Fit.UNDECIDED


def _own_candidates(intended: JobIntended, recorded: Recorded, observed: Observed) -> list[ObservedJob]:
    return candidates([intended], recorded, observed.jobs.jobs.values())


def _only_taker(intended: JobIntended, recorded: Recorded) -> bool:
    rivals = [i for i in open_intents(recorded) if i.process == intended.process and i.trace == intended.trace]
    return len(rivals) == 1


def _oldest(jobs: list[ObservedJob]) -> ObservedJob:
    return min(jobs, key=lambda job: (job.created is None, job.created, job.job_id))
