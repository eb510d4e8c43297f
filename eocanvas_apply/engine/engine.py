"""The loop: observe, plan, carry out what can be done now, until nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta

from eocanvas_apply.applying.applier import Applier
from eocanvas_apply.applying.session import Session
from eocanvas_apply.engine.pace import Pace
from eocanvas_apply.engine.seals import VaultSeals
from eocanvas_apply.errors import Doubt, LedgerConflict, LedgerError, NotSent, SafetyRefusal
from eocanvas_apply.ledger.events import PlanAccepted
from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.ledger.opening import Binding, mismatches
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.notes import notes
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.outcomes import endings, results
from eocanvas_apply.planning.plan import ActionKind, Origin, Plan, PlannedAction, Reason, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.progress import ApplyResult, Ending, Progress
from eocanvas_apply.planning.safety import new_ledger
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.eocanvas import EOCanvas

# How long answers on the way are waited for after the first Ctrl-C.
_GRACE_S = 5.0


@dataclass(slots=True)
class Engine:
    """One project at one service with one ledger, for one run.

    `ledger_is_lost_after_run` tells that the ledger would not outlive this machine (a local file on CI).
    """

    desired: Desired
    service: EOCanvas
    journal: Journal
    observer: Observer
    clock: Clock
    token: Callable[[], str]
    ledger_is_lost_after_run: bool = False
    report: Callable[[Progress], None] = lambda progress: None  # noqa: ARG005
    stopping: asyncio.Event = field(default_factory=asyncio.Event)

    async def plan(self, requests: Requests) -> tuple[Plan, Observed]:
        """Return the plan and what it was made from; nothing is written anywhere.

        Raises ServiceError, CredentialsError and LedgerError.
        """
        recorded = await self._recorded()
        observed = await self.observer.observe(self.desired, recorded)
        recorded.note(notes(self.desired, recorded, observed))
        return self._planned(requests, observed), observed

    async def apply(self, requests: Requests, wait: timedelta | None, confirm: Callable[[Plan], None]) -> ApplyResult:
        """Make it so. `confirm` raises SafetyRefusal for a plan that is declined.

        `wait` is how long to wait for jobs in all: None to their end, zero for one turn.
        """
        first, observed = await self.plan(requests)
        self._refuse(first, observed, requests)
        if first.changes_pending:
            confirm(first)
            await self._accept(first)
        return await self._loop(first, requests, wait)

    def _refuse(self, first: Plan, observed: Observed, requests: Requests) -> None:
        refused = list(first.refusals)
        if self.journal.recorded.opened is None and first.changes_pending:
            lost = new_ledger(self.desired, requests, observed, lost_after_run=self.ledger_is_lost_after_run)
            refused += [lost] if lost else []
        if refused:
            raise SafetyRefusal(*refused)

    async def _accept(self, first: Plan) -> None:
        recorded = self.journal.recorded
        if recorded.opened is None:
            await self.journal.claim(recorded.head, [self._binding().event(self.token)])
        await self.journal.record(PlanAccepted(plan_id=first.plan_id, manifest_digest=self.desired.manifest_digest))

    async def _loop(self, first: Plan, requests: Requests, wait: timedelta | None) -> ApplyResult:
        session = self._session()
        pace = Pace(self.clock, wait, self.desired.timing.poll, self.stopping)
        last = first
        while True:
            try:
                last = await self._round(session, requests)
                pace.answered()
            except (Doubt, NotSent):
                if pace.over or pace.given_up():
                    raise
                await pace.back_off()
                continue
            ready = self._ready(last, session)
            progressed = bool(ready) and await self._carry_out(session, last, ready)
            if self.stopping.is_set() or (not progressed and (pace.over or not _unfinished(last, session, requests))):
                return self._result(first, last, session)
            if not progressed:
                await (pace.back_off() if session.retry_later else pace.until_next(_wake(last)))

    async def _round(self, session: Session, requests: Requests) -> Plan:
        recorded = await self._recorded()
        observed = await self.observer.observe(self.desired, recorded)
        facts = notes(self.desired, recorded, observed)
        if facts:
            await self.journal.record(*facts)
        return self._planned(_with_session(requests, session), observed)

    async def _carry_out(self, session: Session, last: Plan, ready: list[PlannedAction]) -> bool:
        """Carry out what is ready; tell whether anything moved, so that another look is worth its requests."""
        before = self.journal.recorded.head
        work = asyncio.ensure_future(Applier(session).carry_out(last.origin.ledger_head, ready))
        stopped = asyncio.ensure_future(self.stopping.wait())
        try:
            await asyncio.wait({work, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                await asyncio.wait({work}, timeout=_GRACE_S)
            if work.done():
                work.result()
        except LedgerConflict:
            return True
        finally:
            work.cancel()
            stopped.cancel()
        return self.journal.recorded.head > before and any(a.address not in session.failures for a in ready)

    def _ready(self, last: Plan, session: Session) -> list[PlannedAction]:
        """Return what can be done now; what failed for good is not tried again in this run."""
        given_up = session.failures.keys() - session.retry_later
        return [a for a in last.actions if a.ready(last.created) and a.address not in given_up]

    async def _recorded(self) -> Recorded:
        recorded = await self.journal.refresh()
        if recorded.opened:
            faults = mismatches(recorded.opened, self._binding(), self.journal.url)
            if faults:
                raise LedgerError(*faults)
        return recorded

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

    def _session(self) -> Session:
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

    def _result(self, first: Plan, last: Plan, session: Session) -> ApplyResult:
        ended = results(first, last, self.journal.recorded, session.failures)
        found = endings(last, ended, launches_stopped=session.launches_stopped)
        if self.stopping.is_set():
            found |= {Ending.INTERRUPTED}
        return ApplyResult(first, ended, found, last.diagnostics)


def _with_session(requests: Requests, session: Session) -> Requests:
    return replace(requests, launches_stopped=session.launches_stopped)


def _unfinished(last: Plan, session: Session, requests: Requests) -> bool:
    """Tell whether waiting may bring anything: something runs, is due later, or failed in a way that may mend."""
    held = {Reason.DRAINING, Reason.IN_USE} if requests.destroy else {Reason.DRAINING}
    open_ = [a for a in last.actions if a.address not in session.failures]
    return bool(session.retry_later) or any(_moves(a) or a.reason in held for a in open_)


def _moves(action: PlannedAction) -> bool:
    return action.action in (ActionKind.WATCH, ActionKind.FETCH) or action.not_before is not None


def _wake(last: Plan) -> timedelta | None:
    return last.wake - last.created if last.wake else None
