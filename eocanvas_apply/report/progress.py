"""What happens in a run, how it stands at one moment, and how it ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.plan import Plan, PlannedAction, campaign_of
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.outlook import launch_times
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.report.result_places import Place
from eocanvas_apply.report.status import Tally, tallies
from eocanvas_apply.vocabulary import has_ended, is_under_way


class Happening(StrEnum):
    """One thing that happened to an address."""

    MOVED = "moved"
    CREATING = "creating"
    CREATED = "created"
    DELETED = "deleted"
    DRAINING = "draining"
    ORDERING = "ordering"
    ORDERED = "ordered"
    TERMS_ACCEPTED = "terms-accepted"
    LAUNCHING = "launching"
    LAUNCHED = "launched"
    WITHDRAWN = "withdrawn"
    ANSWER_LOST = "answer-lost"
    REFUSED = "refused"
    ADOPTED = "adopted"
    STATUS = "status"
    UNLISTED = "unlisted"
    FETCHING = "fetching"
    RECEIVING = "receiving"
    STORED = "stored"
    DISMISSED = "dismissed"
    RUNS_ON = "runs-on"
    CANCELLED = "cancelled"
    FORGOTTEN = "forgotten"
    FAILED = "failed"
    READING = "reading"
    SILENT = "silent"
    ANSWERS = "answers"


class Transfer(Struct, frozen=True):
    """How far the results of one job are that a run fetches: files in their place and due, bytes here and in all.

    `expected` is None as long as the size of one is not known.
    """

    files: int
    due: int
    arrived: int
    expected: int | None


class Progress(Struct, frozen=True):
    """One event for a person: `detail` names what (a physical key, a job id, a status, a file).

    Where the service does not answer (SILENT), `address` is `service`, `since` when that began, `detail` the seconds
    until the next try (empty while an answer is still waited for), and `failure_line` says what is wrong; ANSWERS
    follows when it does again. While a long list is read (READING), `detail` says which and how far.

    `failure` and `failure_line` are the class and the line of the log of a job that failed, as far as it tells them.
    `transfer` comes with RECEIVING, at most once a second for each address while bytes arrive.
    """

    at: datetime
    address: str
    happening: Happening
    detail: str = ""
    transfer: Transfer | None = None
    failure: str | None = None
    failure_line: str | None = None
    since: datetime | None = None

    @property
    def is_news(self) -> bool:
        """Whether it reports an end or a need for action, not just progress."""
        if self.happening is Happening.STATUS:
            return not is_under_way(self.detail)
        return self.happening not in _GOES_ON


_GOES_ON = {
    *(Happening.CREATING, Happening.ORDERING, Happening.ORDERED, Happening.LAUNCHING, Happening.LAUNCHED),
    *(Happening.FETCHING, Happening.RECEIVING, Happening.STORED),
}


class AddressResult(Struct, frozen=True, gc=False):
    """How one address of the first plan, or one that arose later, ended; `now` is its action in the last plan.

    `job_id` and `status` are those of its job, None where it has none; `remarks` are what its log says of its results.
    """

    address: str
    action: ActionKind
    outcome: Outcome
    error: Diagnostic | None = None
    now: PlannedAction | None = None
    job_id: str | None = None
    status: str | None = None
    remarks: tuple[Remark, ...] = ()

    @property
    def results_until(self) -> datetime | None:
        """Until when results are looked for that its successful job does not list yet."""
        looked_for = self.now is not None and self.now.lists_nothing and self.outcome is Outcome.WAITING
        return self.now.not_before if self.now and looked_for else None

    @property
    def runs(self) -> bool:
        """Whether its job runs at the service, or waits there."""
        return self.status is not None and self.outcome is Outcome.WAITING and not has_ended(self.status)

    @property
    def left(self) -> bool:
        """Whether its job succeeded, and its results were left at the service because that was asked for."""
        return self.outcome is _SKIPPED and self.now is not None and self.now.action is ActionKind.FETCH

    @property
    def goes_on(self) -> bool:
        """Whether another apply goes on with it, without a decision or a correction before."""
        if self.outcome is not _WAITING or self.runs or self.now is None:
            return self.outcome is _WAITING
        held = self.now.row.reason in _NEEDS_A_PERSON and not self.now.lies_ahead
        return self.now.row.action is not _ASK and not held


# Asked of a hundred thousand: to look a member up takes Python 3.11 longer than all else here.
_WAITING, _SKIPPED, _ASK = Outcome.WAITING, Outcome.SKIPPED, ActionKind.ASK
_NEEDS_A_PERSON = frozenset({Reason.HELD_CANARY, Reason.HELD_STOPPED})


class Ending(StrEnum):
    """Why a run of apply ended as it did; several may hold, `cli/` turns them into one exit code."""

    ERROR = "error"
    REFUSED = "refused"
    STALE = "stale"
    DECISION = "decision"
    FAILED = "failed"
    UNFINISHED = "unfinished"
    INTERRUPTED = "interrupted"


class ApplyResult(Struct, frozen=True):
    """What an apply came to; `left` counts the results that it was asked to leave at the service.

    `places` are where the results of the plan's jobs lie now. `last_seen` is when the service was observed last, in a
    run that a fault ended; the fault is the last of the diagnostics. `ends` is when the last launch that
    waits can go, and `news` are the jobs of which the run recorded something new.
    """

    plan: Plan
    results: tuple[AddressResult, ...]
    endings: frozenset[Ending]
    diagnostics: tuple[Diagnostic, ...] = ()
    left: int = 0
    places: tuple[Place, ...] = ()
    last_seen: datetime | None = None
    ends: datetime | None = None
    news: frozenset[str] = frozenset()


def outcome_counts(results: Sequence[AddressResult]) -> dict[str, int]:
    """Return how many addresses ended each way, zeros too."""
    counts = Counter(result.outcome for result in results)
    return {str(kind): counts[kind] for kind in Outcome}


class RunningJob(Struct, frozen=True):
    """One job that the service works on; `since` is when it began or was created, None where that is unknown."""

    address: str
    job_id: str
    status: str
    since: datetime | None


class View(Struct, frozen=True):
    """A run by its last plan: how many jobs of each campaign stand where, when the next launch can go, when keys end.

    `stored` are the bytes of the results that this run has fetched, by campaign (None: single jobs), but for the
    addresses in `fetching`, whose results are on their way. `running` are the jobs at work, the oldest first, `look_in`
    how long after the view was made the run looks at the service again, None while it is at work.
    """

    plan: Plan
    tallies: tuple[Tally, ...]
    stored: Mapping[str | None, int]
    fetching: frozenset[str]
    keys: Mapping[str, datetime]
    next_launch: datetime | None
    running: tuple[RunningJob, ...] = ()
    look_in: timedelta | None = None


def view(plan: Plan, recorded: Recorded, before: Container[str] = frozenset()) -> View:
    """Return how a run stands by its last plan; `before` are the results that were here when it began."""
    fetching = frozenset(a.address for a in plan.actions if a.action is ActionKind.FETCH)
    next_launch = next(iter(launch_times(plan.actions)), None)
    return View(
        plan,
        tuple(tallies(plan.actions)),
        _stored(recorded, fetching, before),
        fetching,
        dict(_ends(plan.actions, recorded)),
        next_launch,
        tuple(sorted(_running(plan.actions, recorded), key=lambda job: (job.since is None, job.since, job.address))),
    )


def results_here(recorded: Recorded) -> frozenset[str]:
    """Return what tells the stored results of a view apart from those that come later."""
    every = (run for record in recorded.jobs.values() for run in record.runs.values())
    return frozenset(_result(run, key) for run in every for key in run.stored)


def _result(run: Run, key: str) -> str:
    return f"{run.job_id}\n{key}"


def _running(actions: Iterable[PlannedAction], recorded: Recorded) -> Iterator[RunningJob]:
    for action in actions:
        run = counted_run(recorded.jobs.get(action.address)) if action.action is ActionKind.WATCH else None
        if run and run.in_flight:
            yield RunningJob(action.address, run.job_id, run.status, run.started or run.created)


def _stored(recorded: Recorded, fetching: Container[str], before: Container[str]) -> Mapping[str | None, int]:
    found: dict[str | None, int] = {}
    for address, record in recorded.jobs.items():
        if address not in fetching and (size := _bytes(record, before)):
            campaign = campaign_of(address)
            found[campaign] = found.get(campaign, 0) + size
    return found


def _bytes(record: JobRecord, before: Container[str]) -> int:
    # Only those of the youngest run are in the job's folder.
    run = record.finished or next((run for run in reversed(record.runs.values()) if run.stored), None)
    return sum(stored.size for key, stored in run.stored.items() if _result(run, key) not in before) if run else 0


def _ends(actions: Iterable[PlannedAction], recorded: Recorded) -> Iterator[tuple[str, datetime]]:
    for action in actions:
        record = recorded.keys.get(action.address)
        current = record.current if record else None
        if current and current.created and current.created.expires:
            yield action.address, current.created.expires
