"""Keys and jobs that exist already: adopt, drain, delete, dismiss, cancel, forget, each on record first."""

from __future__ import annotations

from typing import Any, cast

from msgspec.structs import asdict

from eocanvas_apply.applying.session import Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning import tasks as t
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.report.progress import Happening


class ExistingResources:
    """Carries out what a plan, decided on this head of the ledger, says about keys and jobs that exist already."""

    def __init__(self, session: Session, decided_on: int) -> None:
        self._session = session
        self._decided_on = decided_on

    async def settle(self, action: PlannedAction) -> None:
        """Carry out an action on what exists; any other action is left alone."""
        match action.task:
            case t.AdoptKey() as task:
                await self._adopt_key(action.address, task)
            case t.DeleteKey() as task:
                await self._delete(action.address, task)
            case t.AdoptJob() as task:
                await self._adopt_job(action.address, task)
            case t.DismissJob(job_id):
                await self._dismiss(action, job_id)
            case _:
                await self._decide(action.address, action.task)

    async def _decide(self, address: str, decided: t.Task | None) -> None:
        """Put on record what asks nothing of the service."""
        match decided:
            case t.DrainKey(name=name) as task:
                await self._claim(e.KeyDrainIntended(**_generation(task)))
                self._session.report_event(address, Happening.DRAINING, name)
            case t.EndDrain() as task:
                await self._claim(e.KeyDrainEnded(**_generation(task)))
            case t.CancelLaunch(intent):
                await self._claim(e.Resolved(address=address, intent=intent, decision="cancel"))
                self._session.report_event(address, Happening.CANCELLED)
            case t.ForgetJob(reason):
                await self._claim(e.Forgotten(address=address, reason=reason))
                self._session.report_event(address, Happening.FORGOTTEN)

    async def _claim(self, event: e.AnyEvent) -> None:
        await self._session.claim(self._decided_on, [event])

    def _succeeded(self, address: str, happening: Happening, detail: str) -> None:
        self._session.succeeded(address)
        self._session.report_event(address, happening, detail)

    async def _adopt_key(self, address: str, task: t.AdoptKey) -> None:
        """Record a key whose answer was lost and that exists."""
        fields = asdict(task)
        await self._session.journal.record(e.KeyCreated(address=fields.pop("key"), **fields))
        self._succeeded(address, Happening.ADOPTED, task.name)

    async def _delete(self, address: str, task: t.DeleteKey) -> None:
        """Delete a generation; a 404 is as good. It is gone when the service does not show it any more.

        Something else may have answered, such as the login page of a network: the secret must not stay at the service.
        """
        session = self._session
        await self._claim(e.KeyDeleteIntended(**_generation(task), reason=task.reason))
        if session.stopping.is_set():
            return
        try:
            await session.service.delete_key(task.name)
            if await session.service.key(task.name) is not None:
                session.fail(address, _still_there(task), again=True)
                return
        except ServiceError as fault:
            session.fail(address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
            return
        await session.journal.record(e.KeyDeleted(**_generation(task)))
        self._succeeded(address, Happening.DELETED, task.name)

    async def _adopt_job(self, address: str, task: t.AdoptJob) -> None:
        """Record that a job of the service belongs to this address: a fact if found, a decision if taken back."""
        event = e.Adopted(address=address, **asdict(task))
        if task.reason == "returned":
            await self._claim(event)
        else:
            await self._session.journal.record(event)
            self._session.launched.add(address)
        self._succeeded(address, Happening.ADOPTED, task.job_id)

    async def _dismiss(self, action: PlannedAction, job_id: str) -> None:
        """Ask the service to dismiss a job; one without dismissing lets it run to its end."""
        session, address, reason = self._session, action.address, cast(Any, action.reason.value)
        await self._claim(e.JobDismissIntended(address=address, job_id=job_id, reason=reason))
        if session.stopping.is_set():
            return
        try:
            done = await self._dismissed(job_id)
        except ServiceError as fault:
            session.fail(address, fault.diagnostics[0], again=True)
            return
        await session.journal.record(e.JobDismissed(address=address, job_id=job_id, supported=done))
        session.dismissed.add(job_id)
        self._succeeded(address, Happening.DISMISSED if done else Happening.RUNS_ON, job_id)

    async def _dismissed(self, job_id: str) -> bool:
        try:
            return bool(await self._session.service.dismiss(job_id))
        except Refused as refused:
            if refused.concerns_account:
                raise
            # It refuses this job: asking again would not change that.
            return False


def _generation(task: t.DrainKey | t.EndDrain | t.DeleteKey) -> dict[str, Any]:
    return {"address": task.key, "generation": task.generation, "name": task.name}


def _still_there(task: t.DeleteKey) -> Diagnostic:
    message = f"the key {task.name!r} was deleted and the service still shows it"
    return error(
        "key-still-there", message, "apply deletes it again; its name is used again when it is gone", address=task.key
    )
