"""The loop: observe, plan, carry out what can be done now, until nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, TypeVar

from eocanvas_apply.applying.applier import Applier
from eocanvas_apply.applying.downloads import Downloads
from eocanvas_apply.applying.session import Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.engine.pace import Pace
from eocanvas_apply.engine.seals import VaultSeals
from eocanvas_apply.errors import LedgerConflict, LedgerError, SafetyRefusal, ServiceError, StoppedEarly
from eocanvas_apply.ledger.events import AnyEvent, JobObserved, PlanAccepted
from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.ledger.opening import Binding, mismatches
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.notes import notes
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.outcomes import endings, results, results_left, results_pending
from eocanvas_apply.planning.plan import QUIET, ActionKind, Origin, Plan, PlannedAction, Reason, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.progress import ApplyResult, Ending, Happening, Progress
from eocanvas_apply.planning.safety import new_ledger
from eocanvas_apply.planning.view import View, view
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.sources.lock import LockedQuery

T = TypeVar("T")
# How long answers on the way are waited for after the first Ctrl-C.
_GRACE_S = 5.0


@dataclass(slots=True)
class Engine:
    """One project at one service with one ledger, for one run.

    `ledger_is_lost_after_run` tells that the ledger would not outlive this machine (a local file on CI). `findings`
    are what manifest, rows and secrets give reason to say, `searches` what was found for rows, relative times apart.
    `report` is told each event of a run, `show` how it stands after each look at the service.
    """

    desired: Desired
    service: EOCanvas
    journal: Journal
    observer: Observer
    clock: Clock
    token: Callable[[], str]
    ledger_is_lost_after_run: bool = False
    idle: timedelta = timedelta(minutes=15)
    findings: tuple[Diagnostic, ...] = ()
    searches: tuple[LockedQuery, ...] = ()
    report: Callable[[Progress], None] = lambda progress: None  # noqa: ARG005
    show: Callable[[View], None] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    # Facts of a plan that was only shown: folded into the record, but not in the ledger before something is applied.
    _unrecorded: list[AnyEvent] = field(default_factory=list, init=False)
    _grace_ends: float | None = field(default=None, init=False)

    async def recorded(self) -> Recorded:
        """Return what is on record; raises LedgerError where the ledger is unreadable or belongs to something else."""
        recorded = await self.journal.refresh()
        if recorded.opened:
            faults = mismatches(recorded.opened, self._binding(), self.journal.url)
            if faults:
                raise LedgerError(*faults)
        return recorded

    async def plan(self, requests: Requests) -> tuple[Plan, Observed]:
        """Return the plan and what it was made from; nothing is written anywhere.

        Raises ServiceError, CredentialsError and LedgerError.
        """
        recorded = await self.recorded()
        observed = await self.observer.observe(self.desired, recorded)
        facts = notes(self.desired, recorded, observed)
        recorded.note(facts)
        self._unrecorded += facts
        return self._guarded(self._planned(requests, observed), requests, observed), observed

    async def apply(self, requests: Requests, wait: timedelta | None, confirm: Callable[[Plan], None]) -> ApplyResult:
        """Make it so. `confirm` raises SafetyRefusal for a plan that is declined.

        `wait` is how long to wait for jobs in all: None to their end, zero for one turn.
        """
        await self.recorded()
        await self.journal.keep()
        first = await self._first(requests)
        if first.refusals:
            raise SafetyRefusal(*first.refusals)
        if first.changes_pending and not _only_left(first, requests):
            confirm(first)
            await self._accept(first)
        return await self._loop(first, requests, wait)

    async def cancel(self, addresses: frozenset[str], confirm: Callable[[Plan], None]) -> ApplyResult:
        """Stop what is in flight of these jobs, and nothing else; `confirm` raises for a plan that is declined.

        No plan is accepted by this: it does not follow from the manifest.
        """
        requests = Requests(cancel=addresses)
        first = await self._first(requests)
        confirm(first)
        return await self._loop(first, requests, timedelta())

    async def _first(self, requests: Requests) -> Plan:
        planned = await self._unless_stopped(self.plan(requests))
        if planned is None:
            raise StoppedEarly(error("interrupted", "interrupted before anything was changed"))
        return planned[0]

    def _guarded(self, made: Plan, requests: Requests, observed: Observed) -> Plan:
        """Return the plan with what speaks against opening a ledger for it."""
        if self.journal.recorded.opened or not made.changes_pending:
            return made
        lost = new_ledger(self.desired, requests, observed, lost_after_run=self.ledger_is_lost_after_run)
        return replace(made, refusals=(*made.refusals, lost)) if lost else made

    async def _accept(self, first: Plan) -> None:
        while self.journal.recorded.opened is None:
            try:
                await self.journal.claim(self.journal.recorded.head, [self._binding().event(self.token)])
            except LedgerConflict:
                # Another run opened it first; it must be bound to the same.
                await self.recorded()
        await self.journal.record(PlanAccepted(plan_id=first.plan_id, manifest_digest=self.desired.manifest_digest))

    async def _loop(self, first: Plan, requests: Requests, wait: timedelta | None) -> ApplyResult:
        session = self.session()
        pace = Pace(self.clock, wait, self.desired.timing.poll, self.stopping, self.idle)
        downloads = Downloads(session)
        try:
            await downloads.open()
            met, last = await self._rounds(first, requests, session, pace, downloads)
            await downloads.close(self._grace_left())
        finally:
            await downloads.abandon()
        return self._result(first, replace(first, actions=tuple(met.values())), last, session, requests)

    async def _rounds(
        self, first: Plan, requests: Requests, session: Session, pace: Pace, downloads: Downloads
    ) -> tuple[dict[str, PlannedAction], Plan]:
        """Go round until nothing is left; return each address as it first stood, and the last plan."""
        last, met = first, first.by_address()
        while not self.stopping.is_set():
            try:
                last = await self._unless_stopped(self._round(session, requests)) or last
                met |= {a.address: a for a in last.actions if a.address not in met}
                pace.answered()
                session.mended(last.by_address())
            except ServiceError as fault:
                if not fault.may_pass or pace.over or pace.given_up():
                    raise
                await pace.back_off(fault.retry_after)
                continue
            left = results_left(last, requests)
            ready = [
                a for a in self._ready(last, session) if a.address not in left and not downloads.under_way(a.address)
            ]
            if ready and not self.stopping.is_set() and await self._carry_out(session, downloads, last, ready):
                continue
            pause = pace.pause(_wakes(last, session), moving=_moving(last, session, requests))
            if downloads.busy and (pace.one_turn or not pace.over):
                await downloads.wait(None if pace.one_turn else pause.total_seconds())
                continue
            if pace.over or not _unfinished(last, session, requests):
                break
            await pace.sleep(pause)
        return met, last

    async def _round(self, session: Session, requests: Requests) -> Plan:
        recorded = await self.recorded()
        observed = await self.observer.observe(self.desired, recorded)
        seen = notes(self.desired, recorded, observed)
        self._tell(seen, recorded, observed)
        facts = [*self._unrecorded, *seen]
        if facts:
            await self.journal.record(*facts)
            self._unrecorded.clear()
        made = self._planned(_with_session(requests, session), observed)
        if self.show:
            self.show(view(made, recorded))
        return made

    def _tell(self, seen: Iterable[AnyEvent], recorded: Recorded, observed: Observed) -> None:
        """Report each job whose status is another than it was."""
        # The status and why it failed are two facts of one job: the later one tells both.
        latest = {fact.job_id: fact for fact in seen if isinstance(fact, JobObserved)}
        for fact in latest.values():
            if _status_of(fact, recorded) != fact.status or fact.failure:
                self.report(Progress(observed.at, fact.address, Happening.STATUS, _in_words(fact)))

    async def _carry_out(self, session: Session, downloads: Downloads, last: Plan, ready: list[PlannedAction]) -> bool:
        """Carry out what is ready; tell whether anything came of it, so that the plan is not the last word."""
        before = self.journal.recorded.head
        work = Applier(session, downloads).carry_out(last.origin.ledger_head, ready)
        try:
            await self._unless_stopped(work, _GRACE_S)
        except LedgerConflict:
            return True
        # What was cut off after a stop may have been about to put its answer on record.
        await self.journal.flush()
        return self.journal.recorded.head > before

    async def _unless_stopped(self, work: Coroutine[Any, Any, T], grace_s: float = 0) -> T | None:
        """Return what the work comes to; None when it was not done `grace_s` seconds after a stop."""
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                self._grace_ends = self._grace_ends or asyncio.get_running_loop().time() + _GRACE_S
            if not task.done() and grace_s:
                await asyncio.wait({task}, timeout=self._grace_left())
            return task.result() if task.done() else None
        finally:
            await _cancelled(task, stopped)

    def _grace_left(self) -> float:
        """Return how many seconds are left for what is under way at the end of a run."""
        ends = self._grace_ends
        return _GRACE_S if ends is None else max(0.0, ends - asyncio.get_running_loop().time())

    def _ready(self, last: Plan, session: Session) -> list[PlannedAction]:
        """Return what can be done now; what failed for good is not tried again in this run."""
        return [a for a in last.actions if a.ready(last.created) and session.may_try(a.address)]

    def _planned(self, requests: Requests, observed: Observed) -> Plan:
        recorded = self.journal.recorded
        origin = Origin(
            project=self.desired.project,
            service=self.service.addresses.service,
            account=self.service.account,
            manifest_digest=self.desired.manifest_digest,
            ledger_id=recorded.opened.ledger_id if recorded.opened else None,
            ledger_head=recorded.head,
        )
        return plan(self.desired, requests, recorded, observed, origin)

    def _binding(self) -> Binding:
        return Binding(self.desired.project, self.service.addresses.service, self.service.account)

    def session(self) -> Session:
        """Return what every part of applying works with, fresh for one piece of work."""
        return Session(
            desired=self.desired,
            journal=self.journal,
            service=self.service,
            seals=VaultSeals(self.observer),
            clock=self.clock,
            token=self.token,
            folder=self.observer.folder,
            report=self.report,
            stopping=self.stopping,
        )

    def _result(self, first: Plan, met: Plan, last: Plan, session: Session, requests: Requests) -> ApplyResult:
        """Return how it ended; `met` holds each address as it first stood, also those that arose on the way."""
        left, recorded = results_left(last, requests), self.journal.recorded
        ended = results(met, last, recorded, session.failures, left)
        found = endings(last, ended, launches_stopped=session.launches_stopped)
        if self.stopping.is_set():
            found |= {Ending.INTERRUPTED}
        return ApplyResult(first, ended, found, last.diagnostics, sum(results_pending(recorded, a) for a in left))


def _with_session(requests: Requests, session: Session) -> Requests:
    return replace(
        requests,
        launches_stopped=session.launches_stopped,
        launched=frozenset(session.launched),
        launches=session.launches,
        failed=session.given_up,
        dismissed=frozenset(session.dismissed),
    )


def _in_words(fact: JobObserved) -> str:
    return f"{fact.status} ({fact.failure}) {fact.failure_line or ''}".rstrip() if fact.failure else fact.status


def _status_of(fact: JobObserved, recorded: Recorded) -> str | None:
    # A job may be found and observed in one look: then it is not on record yet.
    record = recorded.jobs.get(fact.address)
    run = record.runs.get(fact.job_id) if record else None
    return run.status if run else None


def _unfinished(last: Plan, session: Session, requests: Requests) -> bool:
    """Tell whether waiting may bring anything: something runs, is due later, or failed in a way that may mend."""
    # What waits for another job goes on with that one, or not at all.
    own = (a for a in last.actions if a.reason is not Reason.WAITS_FOR and a.address not in session.failures)
    due = any(a.not_before for a in own)
    return due or session.retries.next() is not None or _moving(last, session, requests)


def _moving(last: Plan, session: Session, requests: Requests) -> bool:
    """Tell whether the service may bring something about at any moment, so that polling tells when."""
    held = {Reason.DRAINING, Reason.IN_USE} if requests.destroy else {Reason.DRAINING}
    closed = session.failures.keys() | results_left(last, requests)
    open_ = [a for a in last.actions if a.address not in closed]
    return any(_moves(a) or a.reason in held for a in open_)


def _only_left(first: Plan, requests: Requests) -> bool:
    """Tell whether a plan holds no change but the results that are left where they are."""
    left = results_left(first, requests)
    return all(action.action in QUIET or action.address in left for action in first.actions)


def _moves(action: PlannedAction) -> bool:
    ordering = bool(action.awaits) and not action.depends_on
    return action.action in (ActionKind.WATCH, ActionKind.FETCH) or ordering


def _wakes(last: Plan, session: Session) -> list[timedelta]:
    due = [last.wake - last.created if last.wake else None, session.retries.next()]
    return [pause for pause in due if pause is not None]


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
