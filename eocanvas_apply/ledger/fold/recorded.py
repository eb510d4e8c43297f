"""What is recorded: the fold of a ledger's events.

Facts may arrive in any order, so each is an upsert that only ever adds knowledge: a submitted intent stays
submitted, a status never goes back from an end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, get_args

from msgspec import Struct, field

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, ResultFile, Run, key_of
from eocanvas_apply.ledger.fold.key_records import Generation, KeyRecord
from eocanvas_apply.ledger.fold.moved_records import moved_jobs, moved_keys, moved_patterns, moves_of
from eocanvas_apply.ledger.fold.order_records import Order, fold_order, mark_used

# The version of what is folded. Raise it with every change of a record's fields or of what an event makes of them:
# snapshots of another version are ignored.
VERSION = 18


class Recorded(Struct, omit_defaults=True):
    """The fold: everything the ledger says, by address; `first_accepted` is the id of the plan that opened it."""

    head: int = 0
    opened: e.LedgerOpened | None = None
    accepted: e.PlanAccepted | None = None
    first_accepted: str | None = None
    keys: dict[str, KeyRecord] = field(default_factory=dict)
    jobs: dict[str, JobRecord] = field(default_factory=dict)
    owner_of: dict[str, str] = field(default_factory=dict)
    quota_closed_until: datetime | None = None
    orders: dict[str, Order] = field(default_factory=dict)
    orders_closed_until: datetime | None = None
    terms: set[str] = field(default_factory=set)
    protected: set[str] = field(default_factory=set)
    # Where the things of an old address are, the last move of each address.
    moved: dict[str, str] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry]) -> None:
        """Fold more entries, in the order of their numbers."""
        for entry in entries:
            self.head = entry.seq
            _FOLDER_OF[type(entry.event)](self, entry.event)

    def note(self, events: Iterable[e.Event]) -> None:
        """Fold facts that are not in the ledger (yet): the head stays where it is."""
        for event in events:
            _FOLDER_OF[type(event)](self, event)

    def key_record(self, address: str) -> KeyRecord:
        """The record of a key, made when it is new."""
        return self.keys.setdefault(address, KeyRecord(address))

    def job_record(self, address: str) -> JobRecord:
        """The record of a job instance, made when it is new."""
        return self.jobs.setdefault(address, JobRecord(address))

    def is_now_at(self, address: str) -> str:
        """Return where the things are that had an address; a campaign took its instances along."""
        if not self.moved:
            return address
        seen = set[str]()
        while address not in seen:
            seen.add(address)
            whole, bracket, rest = address.partition("[")
            if bracket and address not in self.moved:
                address = f"{self.moved.get(whole, whole)}{bracket}{rest}"
            else:
                address = self.moved.get(address, address)
        return address

    def taken_by(self, job_id: str, intent: str) -> str | None:
        """The address whose other launch became this job; None where it may be this intent's."""
        address = self.owner_of.get(job_id, "")
        run = self.jobs[address].runs.get(job_id) if address in self.jobs else None
        return address if run and run.intent not in (None, intent) else None

    def runs(self) -> Iterator[tuple[JobRecord, Run]]:
        """Every run with the job it belongs to."""
        return ((job, run) for job in self.jobs.values() for run in job.runs.values())

    def intents(self) -> Iterator[tuple[JobRecord, Intent]]:
        """Every intent with the job it belongs to."""
        return ((job, intent) for job in self.jobs.values() for intent in job.intents.values())


def _opened(recorded: Recorded, event: e.LedgerOpened) -> None:
    recorded.opened = recorded.opened or event


def _accepted(recorded: Recorded, event: e.PlanAccepted) -> None:
    recorded.accepted = event
    recorded.first_accepted = recorded.first_accepted or event.plan_id


def _generation(recorded: Recorded, address: str, number: int, name: str) -> Generation:
    generations = recorded.key_record(_of_key(recorded, address, number, name)).generations
    return generations.setdefault(number, Generation(number, name))


def _key(recorded: Recorded, event: e.KeyEvent) -> None:
    generation = _generation(recorded, event.address, event.generation, event.name)
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
            generation.delete_reason = event.reason
        case e.KeyDeleted():
            generation.deleted = True


def _knowledge(created: e.KeyCreated) -> tuple[bool, bool, str]:
    return created.end_known, created.created is not None, repr(created)


def _of_key(recorded: Recorded, address: str, number: int, name: str) -> str:
    """Return the address of the key that an event is about: one that began before a move goes on after it."""
    if (now := recorded.is_now_at(address)) != address and now in recorded.keys:
        known = recorded.keys[now].generations.get(number)
        return now if known and known.name == name else address
    return address


def _of_job(recorded: Recorded, event: e.AddressEvent, intent: str | None, job_id: str | None) -> JobRecord:
    """Return the job that an event is about: a launch that began before a move belongs to it after that."""
    now = recorded.is_now_at(event.address)
    job = recorded.jobs.get(now) if now != event.address else None
    return job if job and (intent in job.intents or job_id in job.runs) else recorded.job_record(event.address)


def _intent(recorded: Recorded, event: e.IntentEvent) -> None:
    job = _of_job(recorded, event, event.intent, None)
    intent = job.intents.setdefault(event.intent, Intent(event.intent))
    match event:
        case e.JobIntended():
            intent.intended = event
            job.forgotten = None
            mark_used(recorded.orders, event.orders or (), (event.address, event.intent))
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
    if event.decision == "cancel":
        intent.cancelled = True
        if run := job.run_of(intent):
            run.cancelled = True
    elif event.job_id:
        _bind(recorded, job, intent, event.job_id)
    else:
        _give_up(intent, IntentState.ABANDONED)


def _refuse(intent: Intent, event: e.JobRefused) -> None:
    intent.reach(IntentState.REFUSED)
    intent.refused = event
    # A service that refused and acted later has made a duplicate. A job of another owner is for a person to decide.
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
    run.cancelled = run.cancelled or intent.cancelled
    return run


def _run_in(recorded: Recorded, job: JobRecord, job_id: str) -> Run:
    recorded.owner_of.setdefault(job_id, job.address)
    return job.runs.setdefault(job_id, Run(job_id))


def _run(recorded: Recorded, event: e.RunEvent) -> None:
    job = _of_job(recorded, event, None, event.job_id)
    run = _run_in(recorded, job, event.job_id)
    match event:
        case e.JobObserved():
            _observe(run, event)
        case e.JobDismissIntended():
            run.dismiss_intended = True
            run.cancelled = run.cancelled or event.reason == "requested"
        case e.JobDismissed():
            run.dismissed = event
        case e.ResultsListed():
            _list(run, event)
        case e.ResultStored():
            run.stored[key_of(event)] = ResultFile(event.file, event.size, event.sha256, event.modified_ns)


def _list(run: Run, event: e.ResultsListed) -> None:
    if event.gone:
        run.gone = _with(run.gone, event.looked)
        return
    run.first_looked = min(run.first_looked or event.looked, event.looked)
    run.results = max(run.results, event.results, key=_count)
    if event.results:
        run.last_listed = max(run.last_listed or event.looked, event.looked)


def _observe(run: Run, event: e.JobObserved) -> None:
    run.see(event.status, event.created, event.started, event.finished)
    if event.failure:
        run.failure, run.failure_line = event.failure, event.failure_line or ""
    if event.remarks is not None:
        run.remarks = event.remarks
    if event.software is not None:
        run.software = {**(run.software or {}), **event.software}
    if event.looked:
        run.last_seen = max(run.last_seen or event.looked, event.looked)


def _count(results: tuple[ListedResult, ...] | None) -> int:
    return -1 if results is None else len(results)


def _adopt(recorded: Recorded, event: e.Adopted) -> None:
    if event.generation is not None and event.name is not None:
        _generation(recorded, event.address, event.generation, event.name).adopted = True
    if event.job_id is None:
        return
    job = _of_job(recorded, event, event.intent, event.job_id)
    _run_in(recorded, job, event.job_id)
    if event.reason == "returned":
        job.forgotten = None
    if event.intent:
        _bind(recorded, job, job.intents.setdefault(event.intent, Intent(event.intent)), event.job_id)


def _pass(recorded: Recorded, event: e.PassObserved) -> None:
    job = _of_job(recorded, event, event.intent, event.job_id)
    if event.intent:
        intent = job.intents.setdefault(event.intent, Intent(event.intent))
        intent.passes = _with(intent.passes, event.begun)
    if event.job_id:
        run = _run_in(recorded, job, event.job_id)
        run.passes = _with(run.passes, event.begun)


def _with(times: tuple[datetime, ...], time: datetime) -> tuple[datetime, ...]:
    return tuple(sorted({*times, time}))


def _forgotten(recorded: Recorded, event: e.Forgotten) -> None:
    recorded.job_record(event.address).forgotten = event.reason


def _terms(recorded: Recorded, event: e.TermsAccepted) -> None:
    recorded.terms.add(event.term)


def _protected(recorded: Recorded, event: e.Protected) -> None:
    if event.lifted:
        recorded.protected.discard(event.pattern)
    else:
        recorded.protected.add(event.pattern)


def _moved(recorded: Recorded, event: e.Moved) -> None:
    if not (moves := moves_of(event, recorded.keys, recorded.jobs)):
        return
    recorded.keys = moved_keys(recorded.keys, moves)
    recorded.jobs = moved_jobs(recorded.jobs, moves)
    recorded.protected = moved_patterns(recorded.protected, event)
    for job in (recorded.jobs[new] for new in moves.values() if new in recorded.jobs):
        recorded.owner_of.update(dict.fromkeys(job.runs, job.address))
    for order in recorded.orders.values():
        order.address = moves.get(order.address, order.address)
        order.used_by = [(moves.get(address, address), intent) for address, intent in order.used_by]
    # What has the address from now on is something else.
    recorded.moved.pop(event.to, None)
    recorded.moved[event.address] = event.to


def _quota(recorded: Recorded, event: e.QuotaClosed) -> None:
    if event.quota == "orders":
        recorded.orders_closed_until = max(recorded.orders_closed_until or event.until, event.until)
    else:
        recorded.quota_closed_until = max(recorded.quota_closed_until or event.until, event.until)


# What takes an event of this class, or of one below it, into the fold.
_FOLDERS: dict[type[e.Event], Any] = {
    e.LedgerOpened: _opened,
    e.PlanAccepted: _accepted,
    e.KeyEvent: _key,
    e.IntentEvent: _intent,
    e.RunEvent: _run,
    e.PassObserved: _pass,
    e.Adopted: _adopt,
    e.Forgotten: _forgotten,
    e.OrderEvent: lambda recorded, event: fold_order(recorded.orders, event),
    e.TermsAccepted: _terms,
    e.QuotaClosed: _quota,
    e.Protected: _protected,
    e.Moved: _moved,
}
_FOLDER_OF = {kind: next(_FOLDERS[each] for each in kind.__mro__ if each in _FOLDERS) for kind in get_args(e.AnyEvent)}
