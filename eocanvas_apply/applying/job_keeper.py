"""Jobs that are on the service already: adopt, dismiss, forget."""

from __future__ import annotations

from typing import Any, cast

from eocanvas_apply.applying.session import Session
from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import AdoptJob, CancelLaunch, DismissJob, ForgetJob
from eocanvas_apply.report.progress import Happening


class JobKeeper:
    """Carries out what the plan says about jobs that need no launch."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def settle(self, decided_on: int, action: PlannedAction) -> None:
        """Carry out an action on a job that is there; any other action is none of its business."""
        match action.task:
            case AdoptJob() as task:
                await self._adopt(decided_on, action, task)
            case DismissJob() as task:
                await self._dismiss(decided_on, action, task)
            case CancelLaunch() as task:
                await self._cancel(decided_on, action, task)
            case ForgetJob() as task:
                await self._forget(decided_on, action, task)

    async def _adopt(self, decided_on: int, action: PlannedAction, task: AdoptJob) -> None:
        """Record that a job of the service is this address's: one found is a fact, one taken back a decision."""
        event = e.Adopted(address=action.address, job_id=task.job_id, reason=task.reason, intent=task.intent)
        if task.reason == "returned":
            await self._session.claim(decided_on, [event])
        else:
            await self._session.journal.record(event)
            self._session.launched.add(action.address)
        self._session.succeeded(action.address)
        self._session.report_event(action.address, Happening.ADOPTED, task.job_id)

    async def _dismiss(self, decided_on: int, action: PlannedAction, task: DismissJob) -> None:
        """Ask the service to dismiss a job; one that knows no dismissing lets it run to its end."""
        session, reason = self._session, cast(Any, action.reason.value)
        claim = e.JobDismissIntended(address=action.address, job_id=task.job_id, reason=reason)
        await session.claim(decided_on, [claim])
        if session.stopping.is_set():
            return
        try:
            done = await self._dismissed(task.job_id)
        except ServiceError as fault:
            session.fail(action.address, fault.diagnostics[0], again=True)
            return
        await session.journal.record(e.JobDismissed(address=action.address, job_id=task.job_id, supported=done))
        session.dismissed.add(task.job_id)
        session.succeeded(action.address)
        session.report_event(action.address, Happening.DISMISSED if done else Happening.RUNS_ON, task.job_id)

    async def _dismissed(self, job_id: str) -> bool:
        try:
            return bool(await self._session.service.dismiss(job_id))
        except Refused as refused:
            if refused.concerns_account:
                raise
            # It says no about this job: asking again would not change that.
            return False

    async def _cancel(self, decided_on: int, action: PlannedAction, task: CancelLaunch) -> None:
        """Record that a launch without an answer shall not run, whatever became of it."""
        decision = e.Resolved(address=action.address, intent=task.intent, decision="cancel")
        await self._session.claim(decided_on, [decision])
        self._session.report_event(action.address, Happening.CANCELLED)

    async def _forget(self, decided_on: int, action: PlannedAction, task: ForgetJob) -> None:
        """Take an address off the record."""
        await self._session.claim(decided_on, [e.Forgotten(address=action.address, reason=task.reason)])
        self._session.report_event(action.address, Happening.FORGOTTEN)
