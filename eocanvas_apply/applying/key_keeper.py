"""Keys that are there: adopt, drain, delete, each on record before it is done."""

from __future__ import annotations

from typing import Any

from eocanvas_apply.applying.session import Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import AdoptKey, DeleteKey, DrainKey, EndDrain
from eocanvas_apply.report.progress import Happening


class KeyKeeper:
    """Carries out what the plan says about keys that are there already."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def settle(self, decided_on: int, action: PlannedAction) -> None:
        """Carry out an action on a key that is there; any other action is none of its business."""
        match action.task:
            case AdoptKey() as task:
                await self._adopt(action, task)
            case DrainKey() as task:
                await self._drain(decided_on, action, task)
            case EndDrain() as task:
                await self._end_drain(decided_on, task)
            case DeleteKey() as task:
                await self._delete(decided_on, action, task)

    async def _adopt(self, action: PlannedAction, task: AdoptKey) -> None:
        """Record a key whose answer was lost and that is there."""
        await self._session.journal.record(
            e.KeyCreated(
                address=task.key,
                generation=task.generation,
                name=task.name,
                intent=task.intent,
                created=task.created,
                expires=task.expires,
                end_known=task.end_known,
            )
        )
        self._session.succeeded(action.address)
        self._session.report_event(action.address, Happening.ADOPTED, task.name)

    async def _drain(self, decided_on: int, action: PlannedAction, task: DrainKey) -> None:
        """Claim that no new job names this key any more."""
        event = e.KeyDrainIntended(address=task.key, generation=task.generation, name=task.name)
        await self._session.claim(decided_on, [event])
        self._session.report_event(action.address, Happening.DRAINING, task.name)

    async def _end_drain(self, decided_on: int, task: EndDrain) -> None:
        """Claim that the key is used again."""
        event = e.KeyDrainEnded(address=task.key, generation=task.generation, name=task.name)
        await self._session.claim(decided_on, [event])

    async def _delete(self, decided_on: int, action: PlannedAction, task: DeleteKey) -> None:
        """Delete a generation; a 404 is as good."""
        session = self._session
        names: dict[str, Any] = {"address": task.key, "generation": task.generation, "name": task.name}
        await session.claim(decided_on, [e.KeyDeleteIntended(**names)])
        if session.stopping.is_set():
            return
        try:
            await session.service.delete_key(task.name)
            if task.await_gone and await session.service.key(task.name) is not None:
                session.fail(action.address, _still_there(task), again=True)
                return
        except ServiceError as fault:
            session.fail(action.address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
            return
        await session.journal.record(e.KeyDeleted(**names))
        session.succeeded(action.address)
        session.report_event(action.address, Happening.DELETED, task.name)


def _still_there(task: DeleteKey) -> Diagnostic:
    message = f"the key {task.name!r} was deleted and the service still shows it"
    return error("key-still-there", message, "its name is used again when it is gone", address=task.key)
