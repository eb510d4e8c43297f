"""Jobs that are on the service already: adopt, dismiss, forget."""

from __future__ import annotations

from eocanvas_apply.applying.session import Session
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.progress import Happening
from eocanvas_apply.planning.tasks import AdoptJob, DismissJob, ForgetJob


class JobKeeper:
    """Carries out what the plan says about jobs that need no launch."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def adopt(self, decided_on: int, action: PlannedAction, task: AdoptJob) -> None:
        """Record that a job of the service is this address's: one found is a fact, one taken back a decision."""
        event = e.Adopted(address=action.address, job_id=task.job_id, reason=task.reason, intent=task.intent)
        if task.reason == "returned":
            await self._session.claim(decided_on, [event])
        else:
            await self._session.journal.record(event)
            self._session.launched.add(action.address)
        self._session.fine(action.address)
        self._session.tell(action.address, Happening.ADOPTED, task.job_id)

    async def dismiss(self, decided_on: int, action: PlannedAction, task: DismissJob) -> None:
        """Ask the service to dismiss a job; one that knows no dismissing lets it run to its end."""
        session, run = self._session, {"address": action.address, "job_id": task.job_id}
        await session.claim(decided_on, [e.JobDismissIntended.model_validate(run)])
        if session.stopping.is_set():
            return
        try:
            done = await session.service.dismiss(task.job_id)
        except ServiceError as fault:
            session.fail(action.address, fault.diagnostics[0], again=True)
            return
        await session.journal.record(e.JobDismissed.model_validate({**run, "supported": bool(done)}))
        session.fine(action.address)
        session.tell(action.address, Happening.DISMISSED, task.job_id)

    async def forget(self, decided_on: int, action: PlannedAction, task: ForgetJob) -> None:
        """Take an address off the record."""
        await self._session.claim(decided_on, [e.Forgotten(address=action.address, reason=task.reason)])
        self._session.tell(action.address, Happening.FORGOTTEN)
