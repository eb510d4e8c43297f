"""New generations of keys: claimed, sent once, and looked up where the answer was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from eocanvas_apply.applying.sending import OnceSender, Request, Unsent
from eocanvas_apply.applying.session import BATCH, Session
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, Doubt, Refused, SafetyRefusal, ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.keys.comparison import key_tag
from eocanvas_apply.planning.keys.key_faults import name_taken
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.safety import other_sealing_key
from eocanvas_apply.planning.tasks import CreateKey
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.service.wire import KeyInfo

_NAME_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
_NAME_TAIL = 6
_UNREADABLE = (ServiceError, CredentialsError)
_Creation = Request[e.KeyIntended, None]


class KeyCreator(OnceSender[_Creation, None]):
    """Creates generations of keys."""

    sending = Happening.CREATING

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._accepted: list[_Creation] = []

    async def create(self, decided_on: int, actions: Sequence[PlannedAction]) -> None:
        """Create keys in batches: one claim for a batch, then its requests side by side."""
        tasks = [(action.address, action.task) for action in actions if isinstance(action.task, CreateKey)]
        if not tasks or not await self._can_seal([address for address, _ in tasks]):
            return
        fingerprints = await self._fingerprints()
        for start in range(0, len(tasks), BATCH):
            check = self._session.deadline()
            creations = [await self._prepared(*each, fingerprints) for each in tasks[start : start + BATCH]]
            try:
                await self.send_once(decided_on, check, creations)
            except CredentialsError:
                # The account is locked out; keys that were created before that are recorded all the same.
                await self._confirm()
                raise
            await self._confirm()

    async def _can_seal(self, addresses: Sequence[str]) -> bool:
        """Return whether the service's public key is known; without it these keys cannot be created, and only these.

        Raises SafetyRefusal for another key than the required one: the plan may have been made without seeing it.
        """
        session = self._session
        try:
            public_key = await session.vault.public_key(session.service.public_key)
        except ServiceError as fault:
            for address in addresses:
                session.fail(address, fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
            return False
        if refused := other_sealing_key(session.required_sealing_key, public_key.digest):
            raise SafetyRefusal(*refused)
        return True

    async def _fingerprints(self) -> Mapping[tuple[str, str], str]:
        """Return those of all secrets as new keys are recorded with."""
        opened = self._session.journal.recorded.opened
        assert opened is not None  # noqa: S101  # a ledger is opened before anything is applied
        return await asyncio.to_thread(self._session.vault.fingerprints, bytes.fromhex(opened.salt))

    async def _prepared(self, address: str, task: CreateKey, fingerprints: Mapping[tuple[str, str], str]) -> _Creation:
        session, key, intent = self._session, task.key, self._session.token()
        tag = key_tag(session.desired.project, key.address, intent)
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
            sealing_key=public_key.digest,
            send_before=session.now() + session.desired.timing.send_within,
        )
        create = partial(
            session.service.create_key,
            intended.name,
            type=intended.storage,
            expire_s=intended.expire_s,
            public=intended.public,
            description=f"{key.description} {tag}".strip(),
            data=session.vault.seal(key.address, public_key),
        )
        return _Creation(
            intended=intended,
            send=lambda check: create(check=check),
            addresses=[address],
            subject=intended.name,
            abandoned=self._abandoned(task),
        )

    def _abandoned(self, task: CreateKey) -> e.KeyAbandoned | None:
        """Return the claim that an earlier generation, which cannot be found, was not created."""
        if not task.abandons:
            return None
        number, name = task.abandons
        earlier = self._session.journal.recorded.keys[task.key.address].generations[number].intended
        intent = earlier.intent if earlier else ""
        return e.KeyAbandoned(address=task.key.address, generation=number, name=name, intent=intent, reason="not-found")

    def _drawn_name(self, task: CreateKey) -> str:
        number = int(self._session.token(), 16)
        tail = ""
        for _ in range(_NAME_TAIL):
            number, place = divmod(number, len(_NAME_ALPHABET))
            tail += _NAME_ALPHABET[place]
        return f"{self._session.desired.project}-{task.key.name}-{task.generation}-{tail}"

    async def _unsent(self, creation: _Creation, reason: Unsent) -> None:
        if reason == "not-sent":
            await self._abandon(creation, reason="not-sent")
        else:
            await self._abandon(creation, reason="late", message=reason)

    async def _answered(self, creation: _Creation, answer: None) -> None:  # noqa: ARG002  # a 2xx is all it says
        self._accepted.append(creation)

    async def _confirm(self) -> None:
        """Record the keys that the service accepted, with the end that it shows; one list has nearly all of them."""
        accepted, self._accepted = self._accepted, []
        if not accepted:
            return
        try:
            listed = {key.name: key for key in await self._session.service.keys()}
        except _UNREADABLE:
            listed = {}
        looks = [await self._look_up(c, listed.get(c.intended.name)) for c in accepted]
        await self._record(*(look for look in looks if look))
        for creation, look in zip(accepted, looks, strict=True):
            if look is None:
                await self._in_doubt(creation, _not_shown(creation))

    async def _look_up(self, creation: _Creation, listed: KeyInfo | None) -> tuple[_Creation, KeyInfo | None] | None:
        """Return an accepted key as the service shows it, alone where it cannot be read; None where it is not there.

        Then something else may have answered, such as the login page of a network.
        """
        try:
            seen = listed or await self._session.service.key(creation.intended.name)
        except _UNREADABLE:
            return creation, None
        return (creation, seen) if seen else None

    async def _refused(self, creation: _Creation, fault: Refused) -> None:
        session, intended = self._session, creation.intended
        await self._abandon(creation, reason="refused", status=fault.status, message=fault.diagnostics[0].message)
        name_refused = intended.fixed and fault.status in (400, 409)
        if name_refused and await self._name_taken_by_others(intended):
            session.fail(creation.addresses[0], name_taken(intended.address, intended.name))
            return
        # A name may not be free yet although the old key is gone.
        again = name_refused or fault.may_pass
        session.fail(creation.addresses[0], fault.diagnostics[0], again=again, wait=fault.retry_after)

    async def _name_taken_by_others(self, intended: e.KeyIntended) -> bool:
        """Return whether another account's key has the name; a list shows only own and public keys."""
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
        self._report(creation, Happening.ANSWER_LOST)
        seen = await self._seen(creation.intended.name)
        if seen and creation.intended.intent in seen.description:
            await self._record((creation, seen))
        else:
            self._session.fail(creation.addresses[0], fault.diagnostics[0], again=True)

    async def _seen(self, name: str) -> KeyInfo | None:
        try:
            return await self._session.service.key(name)
        except _UNREADABLE:
            return None

    async def _record(self, *created: tuple[_Creation, KeyInfo | None]) -> None:
        """Record keys as created, with the ends that the service shows, and report them."""
        session = self._session
        await session.journal.record(*(_created(creation.intended, seen) for creation, seen in created))
        for creation, seen in created:
            ends = f" until {seen.ends:%Y-%m-%d %H:%M} UTC" if seen and seen.ends else ""
            session.succeeded(creation.addresses[0])
            session.report_event(creation.addresses[0], Happening.CREATED, creation.intended.name + ends)

    async def _abandon(self, creation: _Creation, **outcome: Any) -> None:
        await self._session.journal.record(e.KeyAbandoned(**_identity(creation.intended), **outcome))


def _not_shown(creation: _Creation) -> Doubt:
    message = f"the key {creation.intended.name} was accepted, and the service does not show it"
    return Doubt(error("service-answer-lost", message, "apply looks again, and creates the key where it is not there"))


def _created(intended: e.KeyIntended, seen: KeyInfo | None) -> e.KeyCreated:
    if seen is None:
        return e.KeyCreated(**_identity(intended))
    owner = seen.owner if intended.intent in seen.description else ""
    return e.KeyCreated(
        **_identity(intended),
        created=seen.created,
        expires=seen.ends,
        end_known=seen.end_known,
        owner=owner or None,
    )


def _identity(intended: e.KeyIntended) -> dict[str, Any]:
    return {name: getattr(intended, name) for name in ("address", "generation", "name", "intent")}
