"""New generations of keys: claimed, requested once, and looked up where the answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from eocanvas_apply.applying.sending import Check, OnceSender, Unsent
from eocanvas_apply.applying.session import BATCH, Session
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import CredentialsError, Doubt, Refused, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.keys.comparison import key_tag, name_taken
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.tasks import CreateKey
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.service.wire import KeyInfo

_NAME_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_NAME_TAIL = 6
# What may keep a key from being shown that the service has accepted.
_UNSEEN = (ServiceError, CredentialsError)
AbandonReason = Literal["refused", "not-sent", "not-found", "late"]


@dataclass(frozen=True, slots=True)
class _Creation:
    """One key about to be created: the claim, and what is sent."""

    address: str
    task: CreateKey
    intended: e.KeyIntended
    description: str
    data: str


class KeyCreator(OnceSender[_Creation, None]):
    """Creates generations of keys."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._accepted: list[_Creation] = []

    async def create(self, decided_on: int, actions: Sequence[PlannedAction]) -> None:
        """Create keys in batches: one claim for a batch, then its requests side by side."""
        tasks = [(action.address, action.task) for action in actions if isinstance(action.task, CreateKey)]
        for start in range(0, len(tasks), BATCH):
            check = self._session.deadline()
            creations = [await self._prepared(*each) for each in tasks[start : start + BATCH]]
            try:
                await self.send_once(decided_on, check, creations)
            except CredentialsError:
                # The account is locked out; what it was granted before is a fact all the same.
                await self._confirm()
                raise
            await self._confirm()

    async def _prepared(self, address: str, task: CreateKey) -> _Creation:
        session, key, intent = self._session, task.key, self._session.token()
        opened = session.journal.recorded.opened
        assert opened is not None  # noqa: S101  # a ledger is opened before anything is applied
        tag = key_tag(session.desired.project, key.address, intent)
        fingerprints = await asyncio.to_thread(session.vault.fingerprints, bytes.fromhex(opened.salt))
        public_key = await session.vault.public_key(session.service.public_key)
        intended = e.KeyIntended(
            address=key.address,
            generation=task.generation,
            name=key.fixed_name or self._drawn_name(task),
            intent=intent,
            storage=key.storage,
            config=dict(key.config),
            secrets={field: value for (of, field), value in fingerprints.items() if of == key.address},
            public=key.public,
            description=key.description,
            expire_s=key.expire_s,
            fixed=key.fixed_name is not None,
            send_before=session.now() + session.desired.timing.send_within,
        )
        description = f"{key.description} {tag}".strip()
        return _Creation(address, task, intended, description, session.vault.seal(key.address, public_key))

    def _claims(self, creation: _Creation) -> Iterator[e.AnyEvent]:
        if creation.task.abandons:
            # An earlier generation, which cannot be found, was not created.
            number, name = creation.task.abandons
            address = creation.intended.address
            earlier = self._session.journal.recorded.keys[address].generations[number].intended
            intent = earlier.intent if earlier else ""
            yield e.KeyAbandoned(address=address, generation=number, name=name, intent=intent, reason="not-found")
        yield creation.intended

    def _drawn_name(self, task: CreateKey) -> str:
        number = int(self._session.token(), 16)
        tail = ""
        for _ in range(_NAME_TAIL):
            number, place = divmod(number, len(_NAME_ALPHABET))
            tail += _NAME_ALPHABET[place]
        return f"{self._session.desired.project}-{task.key.name}-{task.generation}-{tail}"

    def _begin(self, creation: _Creation) -> None:
        self._session.report_event(creation.address, Happening.CREATING, creation.intended.name)

    async def _send(self, creation: _Creation, check: Check) -> None:
        intended = creation.intended
        await self._session.service.create_key(
            intended.name,
            type=intended.storage,
            expire_s=intended.expire_s,
            public=intended.public,
            description=creation.description,
            data=creation.data,
            check=check,
        )

    async def _unsent(self, creation: _Creation, reason: Unsent) -> None:
        if reason == "not-sent":
            await self._abandon(creation, "not-sent")
        else:
            await self._abandon(creation, "late", message=reason)

    def _fail_unsent(self, creation: _Creation, found: Diagnostic) -> None:
        self._session.fail(creation.address, found, again=True)

    async def _answered(self, creation: _Creation, answer: None) -> None:  # noqa: ARG002  # a 2xx is all it says
        self._accepted.append(creation)

    async def _confirm(self) -> None:
        """Record what the service accepted, with the end that it shows: one list has it of all keys, or nearly all."""
        accepted, self._accepted = self._accepted, []
        if not accepted:
            return
        try:
            listed = {key.name: key for key in await self._session.service.keys()}
        except _UNSEEN:
            listed = {}
        found = [(c, listed.get(c.intended.name) or await self._seen(c.intended.name)) for c in accepted]
        await self._session.journal.record(*(_created(c.intended, seen) for c, seen in found))
        for creation, seen in found:
            self._report_created(creation, seen)

    async def _refused(self, creation: _Creation, fault: Refused) -> None:
        session, intended = self._session, creation.intended
        await self._abandon(creation, "refused", fault.status, fault.diagnostics[0].message)
        name_refused = intended.fixed and fault.status in (400, 409)
        if name_refused and await self._is_strangers(intended):
            session.fail(creation.address, name_taken(intended.address, intended.name))
            return
        # A name may not be free yet although the old key is gone.
        again = name_refused or fault.may_pass
        session.fail(creation.address, fault.diagnostics[0], again=again, wait=fault.retry_after)

    async def _is_strangers(self, intended: e.KeyIntended) -> bool:
        """Return whether another account's key bears the name; a list shows only one's own and public ones."""
        ours = {g.name for g in self._session.journal.recorded.keys[intended.address].generations.values() if g.live}
        try:
            seen = await self._session.service.key(intended.name)
        except Refused as fault:
            return fault.status in (401, 403)
        except ServiceError:
            return False
        return seen is not None and seen.name not in ours

    async def _in_doubt(self, creation: _Creation, fault: Doubt) -> None:
        """Settle a lost answer by asking for the key; where that fails too, the next plan asks again."""
        self._session.report_event(creation.address, Happening.ANSWER_LOST, creation.intended.name)
        seen = await self._seen(creation.intended.name)
        if seen and creation.intended.intent in seen.description:
            await self._session.journal.record(_created(creation.intended, seen))
            self._report_created(creation, seen)
        else:
            self._session.fail(creation.address, fault.diagnostics[0], again=True)

    async def _seen(self, name: str) -> KeyInfo | None:
        try:
            return await self._session.service.key(name)
        except _UNSEEN:
            return None

    def _report_created(self, creation: _Creation, seen: KeyInfo | None) -> None:
        session, intended = self._session, creation.intended
        ends = f" until {seen.ends:%Y-%m-%d %H:%M} UTC" if seen and seen.ends else ""
        session.succeeded(creation.address)
        session.report_event(creation.address, Happening.CREATED, intended.name + ends)

    async def _abandon(
        self, creation: _Creation, reason: AbandonReason, status: int | None = None, message: str = ""
    ) -> None:
        intended = creation.intended
        await self._session.journal.record(
            e.KeyAbandoned(
                address=intended.address,
                generation=intended.generation,
                name=intended.name,
                intent=intended.intent,
                reason=reason,
                status=status,
                message=message,
            )
        )


def _created(intended: e.KeyIntended, seen: KeyInfo | None) -> e.KeyCreated:
    return e.KeyCreated(
        address=intended.address,
        generation=intended.generation,
        name=intended.name,
        intent=intended.intent,
        created=seen.created if seen else None,
        expires=seen.ends if seen else None,
        end_known=seen is not None and seen.end_known,
    )
