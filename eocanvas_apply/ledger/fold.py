"""What is recorded: the fold of a ledger's events.

Facts may arrive in any order, so each is an upsert that only ever adds knowledge: a submitted intent stays
submitted, a status never goes back from an end.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.generations import Generation as Generation
from eocanvas_apply.ledger.generations import KeyRecord as KeyRecord
from eocanvas_apply.ledger.listing import key_of, pending
from eocanvas_apply.ledger.orders import Order as Order
from eocanvas_apply.ledger.orders import fold_order

ENDED = frozenset({"successful", "failed", "dismissed"})
_RANK = {"accepted": 0, "running": 1, "dismissed": 2, "failed": 3, "successful": 4}


class IntentState(StrEnum):
    """What became of an intent; later members win over earlier ones when facts meet."""

    OPEN = "open"
    ABANDONED = "abandoned"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"
    SUBMITTED = "submitted"


_STRENGTH = {state: rank for rank, state in enumerate(IntentState)}


@dataclass(slots=True)
class Intent:
    """One intent to launch, and what became of it. One given up may still turn into a job: then it is a duplicate."""

    id: str
    intended: e.JobIntended | None = None
    state: IntentState = IntentState.OPEN
    refused: e.JobRefused | None = None
    job_id: str | None = None
    given_up: bool = False
    passes: list[datetime] = field(default_factory=list)

    def reach(self, state: IntentState) -> None:
        """Take a new state unless a stronger one is known."""
        if _STRENGTH[state] > _STRENGTH[self.state]:
            self.state = state


@dataclass(slots=True)
class Run:
    """One job of the service that is or was ours."""

    job_id: str
    intent: str | None = None
    status: str = "accepted"
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    results: tuple[e.ListedResult, ...] | None = None
    first_looked: datetime | None = None
    stored: dict[str, e.ResultStored] = field(default_factory=dict)
    dismiss_intended: bool = False
    dismissed: e.JobDismissed | None = None
    last_seen: datetime | None = None
    passes: list[datetime] = field(default_factory=list)
    failure: e.FailureName | None = None
    failure_line: str = ""

    @property
    def missing(self) -> list[datetime]:
        """When passes began, oldest first, that did not show it since it was last seen."""
        return [begun for begun in self.passes if self.last_seen is None or begun > self.last_seen]

    @property
    def pending(self) -> dict[str, e.ListedResult]:
        """What is listed and not stored yet, by key."""
        return pending(self.results or (), self.stored)

    @property
    def in_flight(self) -> bool:
        """Whether the service may still be working on it."""
        return self.status not in ENDED

    def see(self, status: str, created: datetime | None, started: datetime | None, finished: datetime | None) -> None:
        """Take what the service showed; an end is never taken back."""
        if _RANK.get(status, 1) >= _RANK.get(self.status, 1):
            self.status = status
        self.created = _earlier(self.created, created)
        self.started = _earlier(self.started, started)
        self.finished = _earlier(self.finished, finished)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(one, other) if one and other else one or other


@dataclass(slots=True)
class JobRecord:
    """All intents and runs of one job instance, oldest first."""

    address: str
    intents: dict[str, Intent] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    forgotten: str | None = None

    @property
    def last_intent(self) -> Intent | None:
        """The youngest intent."""
        return next(reversed(self.intents.values()), None)

    def run_of(self, intent: Intent) -> Run | None:
        """The job that this intent became, if it is known."""
        return self.runs.get(intent.job_id) if intent.job_id else None


@dataclass(slots=True)
class Recorded:
    """The fold: everything the ledger says, by address."""

    head: int = 0
    opened: e.LedgerOpened | None = None
    accepted: e.PlanAccepted | None = None
    keys: dict[str, KeyRecord] = field(default_factory=dict)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    owner_of: dict[str, str] = field(default_factory=dict)
    quota_closed_until: datetime | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    orders_closed_until: datetime | None = None
    terms: set[str] = field(default_factory=set)

    def add(self, entries: Iterable[e.Entry]) -> None:
        """Fold more entries, in the order of their numbers."""
        for entry in entries:
            self.head = entry.seq
            _FOLDERS[entry.event.type](self, entry.event)

    def note(self, events: Iterable[e.Event]) -> None:
        """Fold facts that are not in the ledger (yet): the head stays where it is."""
        for event in events:
            _FOLDERS[event.type](self, event)

    def key_record(self, address: str) -> KeyRecord:
        """The record of a key, made when it is new."""
        return self.keys.setdefault(address, KeyRecord(address))

    def job_record(self, address: str) -> JobRecord:
        """The record of a job instance, made when it is new."""
        return self.jobs.setdefault(address, JobRecord(address))

    def taken_by(self, job_id: str, intent: str) -> str | None:
        """The address whose other launch became this job; None where it may be this intent's."""
        address = self.owner_of.get(job_id, "")
        run = self.jobs[address].runs.get(job_id) if address in self.jobs else None
        return address if run and run.intent not in (None, intent) else None

    def intents(self) -> Iterator[tuple[JobRecord, Intent]]:
        """Every intent with the job it belongs to."""
        return ((job, intent) for job in self.jobs.values() for intent in job.intents.values())

    def runs(self) -> Iterator[tuple[JobRecord, Run]]:
        """Every run with the job it belongs to."""
        return ((job, run) for job in self.jobs.values() for run in job.runs.values())


def _opened(recorded: Recorded, event: e.LedgerOpened) -> None:
    recorded.opened = recorded.opened or event


def _accepted(recorded: Recorded, event: e.PlanAccepted) -> None:
    recorded.accepted = event


def _generation(recorded: Recorded, event: e.KeyEvent) -> Generation:
    generations = recorded.key_record(event.address).generations
    return generations.setdefault(event.generation, Generation(event.generation, event.name))


def _key(recorded: Recorded, event: e.KeyEvent) -> None:
    generation = _generation(recorded, event)
    match event:
        case e.KeyIntended():
            generation.intended = event
        case e.KeyCreated():
            # One look may know the end that another did not.
            generation.created = max((event, generation.created or event), key=_knowledge)
        case e.KeyAbandoned():
            generation.abandoned = event
        case e.KeyDrainIntended():
            generation.draining = True
        case e.KeyDrainEnded():
            generation.draining = False
        case e.KeyDeleteIntended():
            generation.delete_intended = True
        case e.KeyDeleted():
            generation.deleted = True


def _knowledge(created: e.KeyCreated) -> tuple[bool, bool, str]:
    return created.end_known, created.created is not None, created.model_dump_json()


def _intent(recorded: Recorded, event: e.IntentEvent) -> None:
    job = recorded.job_record(event.address)
    intent = job.intents.setdefault(event.intent, Intent(event.intent))
    match event:
        case e.JobIntended():
            intent.intended = event
            job.forgotten = None
        case e.JobWithdrawn():
            _give_up(intent, IntentState.WITHDRAWN)
        case e.JobAbandoned():
            _give_up(intent, IntentState.ABANDONED)
        case e.JobRefused():
            _refuse(intent, event)
        case e.JobSubmitted():
            _submit(recorded, job, intent, event)
        case e.Resolved():
            _resolve(recorded, job, intent, event)


def _submit(recorded: Recorded, job: JobRecord, intent: Intent, event: e.JobSubmitted) -> None:
    if recorded.taken_by(event.job_id, intent.id):
        # Two runners were answered with one job in the same moment: the first on record has it.
        _refuse(intent, _same_job(event))
    else:
        _bind(recorded, job, intent, event.job_id).see(event.status, event.created, None, None)


def _same_job(event: e.JobSubmitted) -> e.JobRefused:
    return e.JobRefused(address=event.address, intent=event.intent, status=200, refusal="same-job", job_id=event.job_id)


def _resolve(recorded: Recorded, job: JobRecord, intent: Intent, event: e.Resolved) -> None:
    if event.job_id:
        _bind(recorded, job, intent, event.job_id)
    else:
        _give_up(intent, IntentState.ABANDONED)


def _refuse(intent: Intent, event: e.JobRefused) -> None:
    intent.reach(IntentState.REFUSED)
    intent.refused = event
    # A service that refused and acted later has made a duplicate. Somebody else's job is for a person to decide.
    intent.given_up = intent.given_up or event.refusal != "same-job"


def _give_up(intent: Intent, state: IntentState) -> None:
    intent.given_up = True
    intent.reach(state)


def _bind(recorded: Recorded, job: JobRecord, intent: Intent, job_id: str) -> Run:
    intent.reach(IntentState.SUBMITTED)
    # The first job of an intent stays its own; a second one is a duplicate and only a run beside it.
    intent.job_id = intent.job_id or job_id
    run = _run_in(recorded, job, job_id)
    run.intent = intent.id
    return run


def _run_in(recorded: Recorded, job: JobRecord, job_id: str) -> Run:
    recorded.owner_of.setdefault(job_id, job.address)
    return job.runs.setdefault(job_id, Run(job_id))


def _run(recorded: Recorded, event: e.RunEvent) -> None:
    job = recorded.job_record(event.address)
    run = _run_in(recorded, job, event.job_id)
    match event:
        case e.JobObserved():
            _observe(run, event)
        case e.JobDismissIntended():
            run.dismiss_intended = True
        case e.JobDismissed():
            run.dismissed = event
        case e.ResultsListed():
            run.first_looked = min(run.first_looked or event.looked, event.looked)
            run.results = max(run.results, event.results, key=_count)
        case e.ResultStored():
            run.stored[key_of(event)] = event
        case e.Adopted():
            _adopt(recorded, job, run, event)


def _observe(run: Run, event: e.JobObserved) -> None:
    run.see(event.status, event.created, event.started, event.finished)
    if event.failure:
        run.failure, run.failure_line = event.failure, event.failure_line or ""
    if event.looked:
        run.last_seen = max(run.last_seen or event.looked, event.looked)


def _count(results: tuple[e.ListedResult, ...] | None) -> int:
    return -1 if results is None else len(results)


def _adopt(recorded: Recorded, job: JobRecord, run: Run, event: e.Adopted) -> None:
    if event.reason == "returned":
        job.forgotten = None
    if event.intent:
        _bind(recorded, job, job.intents.setdefault(event.intent, Intent(event.intent)), run.job_id)


def _pass(recorded: Recorded, event: e.PassObserved) -> None:
    job = recorded.job_record(event.address)
    if event.intent:
        _pass_of(job.intents.setdefault(event.intent, Intent(event.intent)).passes, event.begun)
    if event.job_id:
        _pass_of(_run_in(recorded, job, event.job_id).passes, event.begun)


def _pass_of(passes: list[datetime], begun: datetime) -> None:
    if begun not in passes:
        insort(passes, begun)


def _forgotten(recorded: Recorded, event: e.Forgotten) -> None:
    recorded.job_record(event.address).forgotten = event.reason


def _order(recorded: Recorded, event: e.OrderEvent) -> None:
    fold_order(recorded.orders, event)


def _terms(recorded: Recorded, event: e.TermsAccepted) -> None:
    recorded.terms.add(event.term)


def _quota(recorded: Recorded, event: e.QuotaClosed) -> None:
    if event.quota == "orders":
        recorded.orders_closed_until = max(recorded.orders_closed_until or event.until, event.until)
        return
    recorded.quota_closed_until = max(recorded.quota_closed_until or event.until, event.until)


_FOLDERS: dict[str, Any] = {
    "ledger-opened": _opened,
    "plan-accepted": _accepted,
    "key-intended": _key,
    "key-created": _key,
    "key-abandoned": _key,
    "key-drain-intended": _key,
    "key-drain-ended": _key,
    "key-delete-intended": _key,
    "key-deleted": _key,
    "job-intended": _intent,
    "job-withdrawn": _intent,
    "job-abandoned": _intent,
    "job-submitted": _intent,
    "job-refused": _intent,
    "resolved": _intent,
    "job-observed": _run,
    "job-dismiss-intended": _run,
    "job-dismissed": _run,
    "results-listed": _run,
    "result-stored": _run,
    "adopted": _run,
    "pass-observed": _pass,
    "forgotten": _forgotten,
    "order-intended": _order,
    "product-ordered": _order,
    "terms-accepted": _terms,
    "quota-closed": _quota,
}
