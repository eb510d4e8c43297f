"""What became of an intent whose answer was lost, judged from the job list and the logs of the candidates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from eocanvas_apply.documents.mark import Mark, mark_for
from eocanvas_apply.documents.trace import Trace
from eocanvas_apply.ledger.event_values import TraceDigests
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.planning.state.observed import Observed, ObservedJob
from eocanvas_apply.vocabulary import has_ended

# The service's stamps may be skewed against its own clock; a job stamped this much too early is still a candidate.
SKEW = timedelta(minutes=10)
# How long after an intent a duplicate is still looked for: after that the service has given up on any request.
LATE = timedelta(hours=24)
_FAR_PASSES = timedelta(seconds=60)
_GIVEN_UP = frozenset({IntentState.ABANDONED, IntentState.WITHDRAWN, IntentState.REFUSED})
_DOUBTFUL = _GIVEN_UP | {IntentState.OPEN}


class Fit(StrEnum):
    """How a candidate whose log shows no mark fits an intent."""

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


class Settlement(Struct, frozen=True):
    """The verdict, and the job where one was found; `wake` is when a waiting one is worth another look."""

    verdict: Verdict
    job_id: str | None = None
    wake: datetime | None = None


def open_intents(recorded: Recorded) -> list[JobIntended]:
    """Return the claims with an unknown outcome."""
    return [i.intended for _, i in recorded.intents() if i.intended and i.state is IntentState.OPEN]


def late_intents(recorded: Recorded, now: datetime) -> list[JobIntended]:
    """Return the claims given up recently: a runner frozen before the socket may still turn one into a job."""
    given_up = (i.intended for _, i in recorded.intents() if i.intended and i.state in _GIVEN_UP)
    return [i for i in given_up if now - i.decided < LATE]


def unanswered(recorded: Recorded, now: datetime) -> list[JobIntended]:
    """Return the claims that the service may still show a job of: those with an unknown outcome, and late ones."""
    doubtful = ((i.intended, i.state) for _, i in recorded.intents() if i.state in _DOUBTFUL)
    return [i for i, state in doubtful if i and (state is IntentState.OPEN or now - i.decided < LATE)]


def candidates(intended: Iterable[JobIntended], recorded: Recorded, jobs: Iterable[ObservedJob]) -> list[ObservedJob]:
    """Return the jobs, unknown to the ledger, that one of these intents may have become."""
    since: dict[str, datetime] = {}
    for intent in intended:
        earliest = intent.decided - SKEW
        since[intent.process] = min(since.get(intent.process, earliest), earliest)
    unknown = (job for job in jobs if job.job_id not in recorded.owner_of and job.process in since)
    return [job for job in unknown if job.created is None or job.created >= since[job.process]]


class UnmarkedJob(Struct, frozen=True):
    """A job that the ledger does not know, with what its log shows, which is no mark."""

    job: ObservedJob
    trace: Trace


# What an empty log shows.
_NOTHING = Trace()
# What a rebuilt ledger knows of a launch that the lost one recorded.
_LOST = TraceDigests()


class Evidence(Struct, frozen=True):
    """What one observation shows of launches whose answer was lost, indexed once for all of them.

    `marked` are the unknown jobs whose log shows a mark, `unmarked` all others by process; `strange` are those with a
    mark of an intent that the ledger does not know, by what that says of the address. `claims` counts the open intents
    that would leave the same trace.
    """

    project: str
    timing: Timing
    observed: Observed
    marked: Mapping[Mark, Sequence[ObservedJob]]
    unmarked: Mapping[str, Sequence[UnmarkedJob]]
    strange: Mapping[str, Sequence[ObservedJob]]
    claims: Mapping[tuple[str, TraceDigests], int]

    @classmethod
    def of(cls, project: str, timing: Timing, recorded: Recorded, observed: Observed) -> Evidence:
        """Index what an observation shows beside what is recorded."""
        marked: dict[Mark, list[ObservedJob]] = {}
        unmarked: dict[str, list[UnmarkedJob]] = {}
        strange: dict[str, list[ObservedJob]] = {}
        unknown = [job for job in observed.jobs.jobs.values() if job.job_id not in recorded.owner_of]
        known = {intent.id for _, intent in recorded.intents()} if unknown else set[str]()
        for job in unknown:
            trace = observed.traces.get(job.job_id, _NOTHING)
            for mark in trace.marks:
                marked.setdefault(mark, []).append(job)
                if mark.intent not in known:
                    strange.setdefault(mark.target, []).append(job)
            if not trace.marks:
                unmarked.setdefault(job.process, []).append(UnmarkedJob(job, trace))
        claims = Counter((i.process, i.trace) for i in open_intents(recorded))
        return cls(project, timing, observed, marked, unmarked, strange, claims)

    def settle(self, intent: Intent) -> Settlement:
        """Judge one open intent. Needs `intent.intended`; a job found by its mark is the oldest one with it."""
        intended = intent.intended
        assert intended is not None  # noqa: S101  # callers judge claims only
        if marked := self.marked.get(mark_of(intended, self.project)):
            return Settlement(Verdict.FOUND, min(marked, key=_age).job_id)
        fits = self._fits(intended)
        similar = [job for job, how in fits if how is Fit.SIMILAR]
        hows = {how for _, how in fits}
        if len(similar) == 1 and not hows & {Fit.UNDECIDED, Fit.UNCLEAR} and self._is_only_claim(intended):
            return Settlement(Verdict.FOUND, similar[0].job_id)
        return self._without_match(intent, intended, hows)

    def may_run(self, intent: Intent) -> bool:
        """Tell whether an open intent may have become a job that the service still works on."""
        verdict = self.settle(intent).verdict
        if verdict is not Verdict.AMBIGUOUS or intent.intended is None:
            return verdict is not Verdict.NOT_LAUNCHED
        return any(not has_ended(job.status) for job, _ in self._fits(intent.intended))

    def suspects(self, intended: JobIntended) -> list[ObservedJob]:
        """Return the jobs without a mark that may be this intent's, oldest first: what a person decides between."""
        return sorted((job for job, _ in self._fits(intended)), key=_age)

    def shows_nothing_of(self, intended: JobIntended) -> bool:
        """Tell whether every candidate is surely another launch's job."""
        return mark_of(intended, self.project) not in self.marked and not self._fits(intended)

    def _fits(self, intended: JobIntended) -> list[tuple[ObservedJob, Fit]]:
        """Return the candidates that may be this intent's job, and how."""
        since = intended.decided - SKEW
        unmarked = self.unmarked.get(intended.process, ())
        recent = [each for each in unmarked if each.job.created is None or each.job.created >= since]
        fits = [(each.job, _fit(intended, each)) for each in recent]
        # What a lost ledger launched bears the mark of an intent that only that one knew: a person must look at it.
        strange = self.strange.get(mark_of(intended, self.project).target, ()) if intended.trace == _LOST else ()
        fits += [(job, Fit.UNCLEAR) for job in strange if job.created is None or job.created >= since]
        return [(job, how) for job, how in fits if how is not Fit.NO]

    def _without_match(self, intent: Intent, intended: JobIntended, hows: set[Fit]) -> Settlement:
        deadline, now = settled_at(intended, self.timing), self.observed.at
        if Fit.UNDECIDED in hows or now < deadline:
            return Settlement(Verdict.WAIT, wake=deadline if now < deadline else None)
        if hows & {Fit.UNCLEAR, Fit.SIMILAR}:
            return Settlement(Verdict.AMBIGUOUS)
        if agreeing_passes(intent.passes, self.timing):
            return Settlement(Verdict.NOT_LAUNCHED)
        if self.observed.jobs.may_hide(intended.decided) and now >= deadline + max(self.timing.settle, _FAR_PASSES):
            # A list that stays unreadable never shows what became of it.
            return Settlement(Verdict.AMBIGUOUS)
        first = min(intent.passes, default=now)
        return Settlement(Verdict.WAIT, wake=first + pass_gap(self.timing))

    def _is_only_claim(self, intended: JobIntended) -> bool:
        return self.claims.get((intended.process, intended.trace), 0) == 1


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


def mark_of(intended: JobIntended, project: str) -> Mark:
    """Return the mark that this intent's job carries."""
    return mark_for(intended.intent, project, intended.address)


def _fit(intended: JobIntended, unmarked: UnmarkedJob) -> Fit:
    """Judge a candidate without a mark. What a log does not show excludes nothing."""
    shown = unmarked.trace
    if not shown.cut and _contradicts(intended, shown):
        return Fit.NO
    alike = intended.trace.document in shown.documents and intended.trace.inputs in shown.inputs
    if alike and not intended.marked:
        return Fit.SIMILAR
    return Fit.UNCLEAR if has_ended(unmarked.job.status) else Fit.UNDECIDED


def _contradicts(intended: JobIntended, shown: Trace) -> bool:
    document, inputs = intended.trace.document, intended.trace.inputs
    another_document = bool(shown.documents) and (intended.marked or _not_in(shown.documents, document))
    return another_document or (bool(shown.inputs) and _not_in(shown.inputs, inputs))


def _not_in(shown: frozenset[str], digest: str | None) -> bool:
    return digest is not None and digest not in shown


def _age(job: ObservedJob) -> tuple[bool, float, str]:
    return job.created is None, job.created.timestamp() if job.created else 0.0, job.job_id
