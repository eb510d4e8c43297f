"""What is to be done with each key and each of its generations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold import Generation, KeyRecord, Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.change import Change
from eocanvas_apply.planning.desired import Desired, DesiredKey
from eocanvas_apply.planning.fingerprint import changes
from eocanvas_apply.planning.needs import end_of, expires_soon, need_of
from eocanvas_apply.planning.observed import Observed, ObservedKey
from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason, Requests
from eocanvas_apply.planning.runs import STUCK
from eocanvas_apply.planning.tasks import AdoptKey, CreateKey, DeleteKey, DrainKey, EndDrain

_A, _R = ActionKind, Reason
Use = tuple[str, int | None]


@dataclass(frozen=True, slots=True)
class KeyPlanner:
    """Plans keys; `needed` are the keys that must live and for how long a job, `in_use` those a job may read."""

    desired: Desired
    requests: Requests
    recorded: Recorded
    observed: Observed
    needed: Mapping[str, timedelta]
    in_use: frozenset[Use]

    def actions(self) -> list[PlannedAction]:
        """Return an action for every key, and for every old generation that still lives."""
        wanted = {} if self.requests.destroy else self.desired.keys
        current = [self._existing(key) if key.existing else self._current(key) for key in wanted.values()]
        return current + [old for record in self.recorded.keys.values() for old in self._old(record)]

    def faults(self) -> list[Diagnostic]:
        """Return an error for each key that cannot be told or used."""
        wanted = () if self.requests.destroy else self.desired.keys.values()
        found = [self._fault(key) for key in wanted if key.existing or key.address in self.needed]
        return [fault for faults in found for fault in faults]

    def _existing(self, key: DesiredKey) -> PlannedAction:
        return PlannedAction(key.address, _A.NONE, _R.EXISTING)

    def _current(self, key: DesiredKey) -> PlannedAction:
        record = self.recorded.keys.get(key.address, KeyRecord(key.address))
        latest = record.latest
        if latest and latest.open and (adopted := self._adopted(key, latest)):
            return adopted
        if self._fault(key):
            return PlannedAction(key.address, _A.NONE, _R.CANNOT_TELL)
        if key.address not in self.needed:
            return PlannedAction(key.address, _A.NONE, _R.NOT_NEEDED)
        if latest and latest.open and key.fixed_name and not self._surely_absent(latest):
            return PlannedAction(key.address, _A.NONE, _R.CANNOT_TELL, not_before=self._answer_by(latest))
        return self._rotated(key, record)

    def _rotated(self, key: DesiredKey, record: KeyRecord) -> PlannedAction:
        current = record.current
        if current is None:
            gone_before = any(g.created for g in record.generations.values())
            return self._create(key, record, _R.MISSING if gone_before else _R.NEW)
        end = end_of(current, key)
        if end is not None and end <= self.observed.at:
            return self._step(key, record, current, _A.CREATE, _R.EXPIRED)
        if current.name not in self.observed.keys and self._surely_absent(current):
            return self._step(key, record, current, _A.CREATE, _R.MISSING)
        return self._compared(key, record, current)

    def _compared(self, key: DesiredKey, record: KeyRecord, current: Generation) -> PlannedAction:
        config, secret = self.config_changes(key, current), self.secret_changes(key, current)
        drift = self._drift(key, current)
        if config:
            return self._step(key, record, current, _A.REPLACE, _R.CONFIG_CHANGED, config + secret)
        if secret:
            return self._step(key, record, current, _A.REPLACE, _R.SECRET_CHANGED, secret)
        if drift:
            return self._step(key, record, current, _A.REPLACE, _R.DRIFTED, drift)
        if expires_soon(current, key, self.needed[key.address], self.observed.at):
            return self._step(key, record, current, _A.RENEW, _R.EXPIRES_SOON)
        resumed = EndDrain(key.address, current.number, current.name) if current.draining else None
        return PlannedAction(key.address, _A.NONE, _R.UNCHANGED, task=resumed)

    def _step(
        self,
        key: DesiredKey,
        record: KeyRecord,
        current: Generation,
        action: ActionKind,
        reason: Reason,
        found: tuple[Change, ...] = (),
    ) -> PlannedAction:
        """Return the next step of a rotation: a new generation, or under a fixed name drain, delete, create."""
        present = current.name in self.observed.keys
        if not key.fixed_name or current.name != key.fixed_name:
            task: CreateKey | DeleteKey | DrainKey = self._creation(key, record)
        elif not current.draining and present and action is not _A.CREATE:
            task = DrainKey(key.address, current.number, current.name)
        elif self._account_busy() and present and action is not _A.CREATE:
            return PlannedAction(key.address, _A.NONE, _R.DRAINING)
        else:
            task = DeleteKey(key.address, current.number, current.name, await_gone=True)
        return PlannedAction(key.address, action, reason, found, task=task)

    def _create(self, key: DesiredKey, record: KeyRecord, reason: Reason) -> PlannedAction:
        return PlannedAction(key.address, _A.CREATE, reason, task=self._creation(key, record))

    def _creation(self, key: DesiredKey, record: KeyRecord) -> CreateKey:
        latest = record.latest
        number = latest.number + 1 if latest else 1
        abandons = (latest.number, latest.name) if latest and latest.open else None
        return CreateKey(key, number, abandons)

    def _adopted(self, key: DesiredKey, latest: Generation) -> PlannedAction | None:
        seen = self.observed.keys.get(latest.name)
        if seen is None or not _bears(seen, latest) or latest.intended is None:
            return None
        task = AdoptKey(
            key.address, latest.number, latest.name, latest.intended.intent, seen.created, seen.expires, seen.end_known
        )
        return PlannedAction(key.address, _A.ADOPT, _R.FOUND, task=task)

    def config_changes(self, key: DesiredKey, current: Generation) -> tuple[Change, ...]:
        """Return the plain fields that differ from what was sealed."""
        was = current.intended
        if was is None:
            return ()
        before = {**was.config, "shared": was.public, "expires_in_s": was.expire_s, "name": current.name}
        after = {**key.config, "shared": key.public, "expires_in_s": key.expire_s, "name": key.fixed_name}
        if not key.fixed_name and not was.fixed:
            after["name"] = current.name
        return changes(before, after)

    def secret_changes(self, key: DesiredKey, current: Generation) -> tuple[Change, ...]:
        """Return the secret fields whose slow fingerprint differs from the sealed one's."""
        sealed = current.intended.secrets if current.intended else {}
        now = {field: self.observed.secrets.get((key.address, field)) for field in key.secrets}
        differing = [f for f in sealed.keys() | now.keys() if sealed.get(f) != now.get(f)]
        return tuple(Change(field, sensitive=True) for field in sorted(differing))

    def _drift(self, key: DesiredKey, current: Generation) -> tuple[Change, ...]:
        seen = self.observed.keys.get(current.name)
        if seen is None:
            return ()
        found = changes({"type": seen.storage, "shared": seen.public}, {"type": key.storage, "shared": key.public})
        if seen.description and not _bears(seen, current):
            found += (Change("description", seen.description, "ours"),)
        return found

    def _fault(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        if key.existing:
            return self._existing_fault(key)
        if unreadable := self.observed.unreadable.get(key.address):
            return unreadable
        return self._name_taken(key) + self._too_long(key)

    def _existing_fault(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        seen = self.observed.keys.get(key.fixed_name or "")
        if seen is None:
            return (_no_such_key(key),)
        life = seen.expires - seen.created if seen.expires and seen.created else timedelta.max
        need = need_of(self.needed.get(key.address, timedelta()), life)
        ends_early = seen.expires is not None and seen.expires - self.observed.at < need
        return (_ends_too_early(key, seen),) if ends_early and key.address in self.needed else ()

    def _name_taken(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        seen = self.observed.keys.get(key.fixed_name or "")
        record = self.recorded.keys.get(key.address)
        mine = [g for g in record.generations.values() if g.name == key.fixed_name] if record else []
        if seen is None or any(g.live or _bears(seen, g) for g in mine):
            return ()
        return (_name_taken(key),)

    def _too_long(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        sealing = self.observed.sealing
        size = sealing.sizes.get(key.address, 0) if sealing else 0
        return (_too_long(key, size, sealing.limit, sealing.bits),) if sealing and size > sealing.limit else ()

    def _old(self, record: KeyRecord) -> list[PlannedAction]:
        wanted = not self.requests.destroy and record.address in self.desired.keys
        current = record.current
        keep = current if wanted else None
        # An open generation of a wanted key is adopted, not deleted.
        spared = [keep, record.latest if wanted and record.latest and record.latest.open else None]
        present = [g for g in record.generations.values() if g not in spared and self._still_there(g)]
        return [self._delete(record, g, wanted=wanted, current=current) for g in present]

    def _still_there(self, generation: Generation) -> bool:
        seen = self.observed.keys.get(generation.name)
        if generation.deleted or seen is None:
            return False
        return generation.live or _bears(seen, generation)

    def _delete(
        self, record: KeyRecord, generation: Generation, *, wanted: bool, current: Generation | None
    ) -> PlannedAction:
        left_out = _R.DESTROYED if self.requests.destroy else _R.NOT_IN_MANIFEST
        reason = _R.SUPERSEDED if wanted else left_out
        name = Address.parse(record.address).name
        is_current = generation is current and not wanted
        address = record.address if is_current else str(Address.key(name, generation.number))
        if (record.address, generation.number) in self.in_use:
            return PlannedAction(address, _A.NONE, _R.IN_USE)
        task = DeleteKey(record.address, generation.number, generation.name)
        return PlannedAction(address, _A.DELETE, reason, task=task)

    def _surely_absent(self, generation: Generation) -> bool:
        return generation.name not in self.observed.keys and self._answer_by(generation) <= self.observed.at

    def _answer_by(self, generation: Generation) -> datetime:
        intended, timing = generation.intended, self.desired.timing
        if intended is None:
            return self.observed.at
        return intended.send_before + timing.request_timeout + (timing.settle if generation.live else timedelta())

    def _account_busy(self) -> bool:
        recent = [j for j in self.observed.jobs.jobs.values() if j.status in ("accepted", "running")]
        young = [j for j in recent if j.created is None or self.observed.at - j.created < STUCK]
        return bool(young) or bool(self.in_use)


def _bears(seen: ObservedKey, generation: Generation) -> bool:
    return generation.intended is not None and generation.intended.intent in seen.description


def _no_such_key(key: DesiredKey) -> Diagnostic:
    return error(
        "existing-key-missing",
        f"the service shows no key named {key.fixed_name!r}",
        "create it, or correct the name; its end and its owner are not ours to mend",
        address=key.address,
    )


def _ends_too_early(key: DesiredKey, seen: ObservedKey) -> Diagnostic:
    return error(
        "key-ends-too-early",
        f"the key {seen.name!r} ends at {seen.expires:%Y-%m-%d %H:%M:%S} UTC, before a job launched now would be done",
        "renew it where it comes from; a key of type existing is not ours to renew",
        address=key.address,
    )


def _name_taken(key: DesiredKey) -> Diagnostic:
    return error(
        "key-name-taken",
        f"a key named {key.fixed_name!r} exists and is not ours; names are unique over all users of the service",
        "choose another name:, leave name: out, or declare it as type: existing",
        address=key.address,
    )


def _too_long(key: DesiredKey, size: int, limit: int, bits: int) -> Diagnostic:
    return error(
        "sealed-too-long",
        f"the key's configuration takes {size} bytes, the service's RSA-{bits} key seals {limit} at most",
        "shorten what can be shortened: endpoint, bucket, user name, or use shorter credentials",
        address=key.address,
    )
