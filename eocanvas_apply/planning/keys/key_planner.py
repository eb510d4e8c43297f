"""What is to be done with each key and each of its generations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity, has_errors
from eocanvas_apply.ledger.events import DeleteReason
from eocanvas_apply.ledger.fold.key_records import Generation, KeyRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.keys.comparison import drift, sealed_otherwise, secrets_known
from eocanvas_apply.planning.keys.key_faults import KeyFaults, secret_absent
from eocanvas_apply.planning.keys.needs import end_of, expires_soon
from eocanvas_apply.planning.keys.ownership import bears
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import Observed, ObservedKey
from eocanvas_apply.planning.state.runs import STUCK, Occupancy
from eocanvas_apply.planning.tasks import AdoptKey, CreateKey, DeleteKey, DrainKey, EndDrain, KeyTask
from eocanvas_apply.vocabulary import is_under_way

_A, _R = ActionKind, Reason


@dataclass(frozen=True)
class KeyPlanner:
    """Plans keys; `needed` are the keys that must live and for how long a job, `occupied` those a job may read."""

    desired: Desired
    requests: Requests
    recorded: Recorded
    observed: Observed
    needed: Mapping[str, timedelta]
    occupied: Occupancy

    def actions(self) -> list[PlannedAction]:
        """Return an action for every key, and for every old generation that still lives."""
        current = [self._current(key) for key in self._wanted.values()]
        return current + [old for record in self.recorded.keys.values() for old in self._old(record)]

    def faults(self) -> list[Diagnostic]:
        """Return an error for each key with an unknown or unusable state that blocks an action.

        Where it blocks none, it is a warning: a key at the service may hold a secret that is no longer used.
        """
        needed = [key for key in self._wanted.values() if key.address in self.needed]
        others = [key for key in self._wanted.values() if key.address not in self.needed and self._is_unclear(key)]
        errors = [fault for key in needed for fault in self._faults.of(key)]
        absent = [] if self.requests.applying else map(secret_absent, self._unread(needed))
        return [*errors, *absent, *(replace(fault, severity=Severity.WARNING) for fault in self._unread(others))]

    @property
    def uncompared(self) -> frozenset[str]:
        """The addresses of keys that are left as they are if they stand, because they cannot be compared.

        Their secrets have fingerprints that were made with another pepper, or cannot be read; an apply stops for those.
        """
        unread = self.observed.unreadable.keys()
        known = {address for address, _ in self.observed.secrets}
        other = {key.address for key in self._wanted.values() if key.secrets and key.address not in known | unread}
        return frozenset(other if self.requests.applying else other | unread)

    def _unread(self, keys: Iterable[DesiredKey]) -> list[Diagnostic]:
        return [fault for key in keys for fault in self.observed.unreadable.get(key.address, ())]

    @property
    def _wanted(self) -> Mapping[str, DesiredKey]:
        return {} if self.requests.destroy else self.desired.keys

    @cached_property
    def _faults(self) -> KeyFaults:
        return KeyFaults(self.desired.project, self.recorded, self.observed, self.needed, self.requests.applying)

    def _current(self, key: DesiredKey) -> PlannedAction:
        if key.existing:
            return PlannedAction.of(key.address, _A.NONE, _R.EXISTING)
        record = self.recorded.keys.get(key.address, KeyRecord(key.address))
        latest = record.latest
        if latest and latest.open and (adopted := self._adopted(key, latest)):
            return adopted
        if key.address not in self.needed:
            return self._unneeded(key, record)
        if has_errors(faults := self._faults.of(key)):
            return PlannedAction.of(key.address, _A.NONE, _R.CANNOT_TELL, note=faults[0].message)
        if latest and latest.open and latest.name == key.fixed_name and not self._surely_absent(latest):
            return PlannedAction.of(key.address, _A.NONE, _R.CANNOT_TELL, not_before=self._answer_by(latest))
        return self._rotated(key, record)

    def _is_unclear(self, key: DesiredKey) -> bool:
        """Tell whether a key may be at the service with a secret that cannot be compared: it is not set here."""
        record = self.recorded.keys.get(key.address)
        current = record.current if record else None
        return bool(current and not self._surely_absent(current)) and not secrets_known(key, self.observed)

    def _unneeded(self, key: DesiredKey, record: KeyRecord) -> PlannedAction:
        """Return the end of a key that was sealed with other values than those of now; any other is left alone."""
        current = record.current
        if current is None or self._surely_absent(current):
            return PlannedAction.of(key.address, _A.NONE, _R.NOT_NEEDED)
        if self._is_unclear(key):
            return PlannedAction.of(key.address, _A.NONE, _R.CANNOT_TELL)
        if (changed := sealed_otherwise(key, current, self.observed)) is None:
            return PlannedAction.of(key.address, _A.NONE, _R.NOT_NEEDED)
        reason: DeleteReason = "config-changed" if changed[0] is _R.CONFIG_CHANGED else "secret-changed"
        if key.fixed_name == current.name:
            task, waits = self._replacement(key.address, current, reason), _R.DRAINING
        else:
            task, waits = self._unused(key.address, current, reason), _R.IN_USE
        if task is None:
            return PlannedAction.of(key.address, _A.NONE, waits, goes_later=changed[0])
        return PlannedAction.of(key.address, _A.DELETE, changed[0], changed[1], task=task, note=_note_of(task))

    def _unused(self, address: str, generation: Generation, reason: DeleteReason) -> DeleteKey | None:
        """Return the deletion of a generation, None while a job that may be in flight uses it."""
        in_use = (address, generation.number) in self.occupied.in_use
        return None if in_use else DeleteKey(address, generation.number, generation.name, reason)

    def _rotated(self, key: DesiredKey, record: KeyRecord) -> PlannedAction:
        current = record.current
        if current is None:
            return self._step(key, record, (_A.CREATE, _R.MISSING if _lost(record) else _R.NEW))
        if self._over(current):
            return self._step(key, record, (_A.CREATE, _R.EXPIRED))
        if self._surely_absent(current):
            return self._step(key, record, (_A.CREATE, _R.MISSING))
        return self._compared(key, record, current)

    def _compared(self, key: DesiredKey, record: KeyRecord, current: Generation) -> PlannedAction:
        if changed := sealed_otherwise(key, current, self.observed):
            return self._step(key, record, (_A.REPLACE, changed[0]), changed[1])
        if drifted := drift(key, current, self.observed):
            return self._step(key, record, (_A.REPLACE, _R.DRIFTED), drifted)
        if expires_soon(current, self._seen(current), self.needed[key.address], self.observed.at):
            return self._step(key, record, (_A.RENEW, _R.EXPIRES_SOON))
        if current.delete_intended:
            # That delete may still be carried out: no job may rely on this generation any more.
            return self._step(key, record, (_A.CREATE, _R.MISSING))
        if not secrets_known(key, self.observed):
            return PlannedAction.of(key.address, _A.NONE, _R.CANNOT_TELL)
        resumed = EndDrain(key.address, current.number, current.name) if current.draining else None
        return PlannedAction.of(key.address, _A.NONE, _R.UNCHANGED, task=resumed)

    def _step(
        self, key: DesiredKey, record: KeyRecord, step: tuple[ActionKind, Reason], found: tuple[Change, ...] = ()
    ) -> PlannedAction:
        """Return the next step of a rotation: a new generation, or under a fixed name drain, delete, create."""
        current = record.current
        in_place = current if current and key.fixed_name == current.name else None
        task = self._replacement(key.address, in_place) if in_place else self._creation(key, record)
        if task is None or self._name_held(key, record, current):
            return PlannedAction.of(key.address, _A.NONE, _R.DRAINING)
        return PlannedAction.of(key.address, *step, found, task=task, note=_note_of(task))

    def _replacement(
        self, address: str, current: Generation, reason: DeleteReason | None = None
    ) -> DrainKey | DeleteKey | None:
        """Return the next step towards a free name, None while jobs keep it; without a reason the next one takes it."""
        delete = DeleteKey(address, current.number, current.name, reason)
        if self._surely_absent(current) or (self._over(current) and self._end_known(current)):
            # A missing key serves no job; but a list may be wrong, and nothing is deleted under a job that names it.
            return None if (address, current.number) in self.occupied.recent else delete
        if not current.draining:
            return DrainKey(address, current.number, current.name)
        return None if self.account_busy else delete

    def _creation(self, key: DesiredKey, record: KeyRecord) -> CreateKey:
        latest = record.latest
        number = latest.number + 1 if latest else 1
        abandons = (latest.number, latest.name) if latest and latest.open else None
        return CreateKey(key, number, abandons)

    def _adopted(self, key: DesiredKey, latest: Generation) -> PlannedAction | None:
        seen = self.observed.keys.get(latest.name)
        if seen is None or not bears(seen, latest) or latest.intended is None:
            return None
        task = AdoptKey(
            key.address, latest.number, latest.name, latest.intended.intent, seen.created, seen.expires, seen.end_known
        )
        return PlannedAction.of(key.address, _A.ADOPT, _R.FOUND, task=task)

    def _old(self, record: KeyRecord) -> list[PlannedAction]:
        spared = self._spared(record)
        present = [g for g in record.generations.values() if g not in spared and self._still_there(g)]
        return [*(self._delete(record, g) for g in present), *self._undecided(record)]

    def _spared(self, record: KeyRecord) -> list[Generation]:
        """Return the generations that the key itself stands for: the current one, and one that may be adopted."""
        key, latest = self._wanted.get(record.address), record.latest
        if key is None:
            return []
        if key.existing:
            return [g for g in record.generations.values() if g.name == key.fixed_name]
        open_ones = [latest] if latest and latest.open else []
        return [*open_ones, *([record.current] if record.current else [])]

    def _still_there(self, generation: Generation) -> bool:
        if generation.deleted:
            return False
        seen = self.observed.keys.get(generation.name)
        if seen is not None and self._faults.owners.exclude(seen):
            return False
        # A list may be late to show a live one; a delete answered 404 does no harm.
        return generation.live or (seen is not None and bears(seen, generation))

    def _undecided(self, record: KeyRecord) -> list[PlannedAction]:
        """Return the key that is to go while it is unknown whether its last creation succeeded."""
        latest = record.latest
        if record.address in self._wanted or record.current or latest is None or not latest.open:
            return []
        answer_by = self._answer_by(latest)
        if self._still_there(latest) or answer_by <= self.observed.at:
            return []
        address, reason = self._address_of(record, latest), Reason(self._reason(record, latest))
        return [PlannedAction.of(address, _A.NONE, _R.CANNOT_TELL, not_before=answer_by, goes_later=reason)]

    def _delete(self, record: KeyRecord, generation: Generation) -> PlannedAction:
        reason = self._reason(record, generation)
        address = self._address_of(record, generation)
        task = self._unused(record.address, generation, reason)
        if task is None and not self.requests.destroy:
            return PlannedAction.of(
                address, _A.NONE, _R.IN_USE, goes_later=None if reason == "superseded" else Reason(reason)
            )
        # What destroy has not deleted yet is unfinished, and not in order because a job uses it.
        return PlannedAction.of(address, _A.DELETE, Reason(reason), task=task, note="" if task else _AFTER_ITS_JOBS)

    def _reason(self, record: KeyRecord, generation: Generation) -> DeleteReason:
        if self.requests.destroy:
            return "destroyed"
        key = self._wanted.get(record.address)
        # An existing key is another one of the same name: ours has left the manifest.
        left = key is None or (key.existing and generation is record.current)
        return "not-in-manifest" if left else "superseded"

    def _address_of(self, record: KeyRecord, generation: Generation) -> str:
        """Return the address of a generation that is to go; it stays the same while others of its key go first."""
        if record.address not in self._wanted and generation is record.newest:
            return record.address
        return str(Address.key(Address.parse(record.address).name, generation.number))

    def _name_held(self, key: DesiredKey, record: KeyRecord, current: Generation | None) -> bool:
        """Tell whether another generation of ours, about to be deleted, still bears the fixed name."""
        others = [g for g in record.generations.values() if g is not current and not g.open]
        return any(g.name == key.fixed_name and self._still_there(g) for g in others)

    def _seen(self, generation: Generation) -> ObservedKey | None:
        return self.observed.keys.get(generation.name)

    def _over(self, generation: Generation) -> bool:
        end = end_of(generation, self._seen(generation))
        return end is not None and end <= self.observed.at

    def _end_known(self, generation: Generation) -> bool:
        seen, created = self._seen(generation), generation.created
        return bool(seen and seen.end_known) or bool(created and created.end_known)

    def _surely_absent(self, generation: Generation) -> bool:
        seen = self._seen(generation)
        absent = seen is None or self._faults.owners.exclude(seen)
        return absent and self._answer_by(generation) <= self.observed.at

    def _answer_by(self, generation: Generation) -> datetime:
        intended, timing = generation.intended, self.desired.timing
        if intended is None:
            return self.observed.at
        return intended.send_before + timing.request_timeout + (timing.settle if generation.live else timedelta())

    @property
    def account_busy(self) -> bool:
        """Tell whether a job of the account may run, so that no name of a key becomes free."""
        shown = [j for j in self.observed.jobs.jobs.values() if is_under_way(j.status)]
        young = [j for j in shown if j.created is None or self.observed.at - j.created < STUCK]
        return bool(young) or self.occupied.working or not self.observed.jobs.complete


_AFTER_ITS_JOBS = "it is deleted when the jobs that use it have ended"
_AFTER_ALL_JOBS = "the old key is deleted when no job of the account runs"


def _note_of(task: KeyTask | None) -> str:
    return _AFTER_ALL_JOBS if isinstance(task, DrainKey) else ""


def _lost(record: KeyRecord) -> bool:
    """Tell whether a generation was there once and is gone without having been deleted for good."""
    last = max((g for g in record.generations.values() if g.created), key=lambda g: g.number, default=None)
    if last is None or last.delete_reason:
        return False
    replaced_in_place = last.intended is not None and last.intended.fixed
    return replaced_in_place or not last.delete_intended
