"""What is wrong with a key: another owner has its name, it cannot be used, its text is too long to seal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, warning
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import PRIVATE_KEY, DesiredKey
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.planning.keys.needs import need_of
from eocanvas_apply.planning.keys.ownership import Owners, bears
from eocanvas_apply.planning.state.observed import Observed, ObservedKey
from eocanvas_apply.vocabulary import StorageType


@dataclass(frozen=True)
class KeyFaults:
    """Judges keys; `needed` holds for how long each one that is needed must live.

    Where the plan is carried out (`applying`) a secret that cannot be read is a fault.
    """

    project: str
    recorded: Recorded
    observed: Observed
    needed: Mapping[str, timedelta]
    applying: bool = False

    def of(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        """Return everything that is wrong with one key; only an error keeps jobs from using it."""
        if key.existing:
            return tuple(self._of_existing(key))
        unread = self.observed.unreadable.get(key.address, ()) if self.applying else ()
        return unread or (*self._name_taken(key), *self._too_long(key))

    @cached_property
    def owners(self) -> Owners:
        """Whose the keys are."""
        return Owners.of(self.observed, self.recorded)

    def _of_existing(self, key: DesiredKey) -> Iterator[Diagnostic]:
        name = key.fixed_name or ""
        if seen := self.observed.keys.get(name):
            yield from (*self._of_another(key, seen), *_other_type(key, seen), *self._ends_early(key, seen))
        elif name in self.observed.withheld:
            what = f"the service refuses to show the key {name!r}: it is of another owner, and not public"
            yield _private(key, what, surely=True)
        else:
            what = f"the service shows no key named {name!r}"
            hint = "create it, or correct the name; it is not managed by this project"
            yield error("existing-key-missing", what, hint, address=key.address)

    def _of_another(self, key: DesiredKey, seen: ObservedKey) -> Iterator[Diagnostic]:
        if seen.public is not False or not self.owners.differ(seen):
            return
        account = self.observed.account
        if self.owners.exclude(seen):
            what = f"the key {seen.name!r} is of the owner {seen.owner!r}, and not public: {account!r} cannot use it"
            yield _private(key, what, surely=True)
        else:
            what = f"the key {seen.name!r} is not public, and the service shows its owner as {seen.owner!r}"
            yield _private(key, f"{what}; if that is not {account!r}, its jobs cannot use it", surely=False)

    def _ends_early(self, key: DesiredKey, seen: ObservedKey) -> Iterator[Diagnostic]:
        if not seen.expires:
            return
        life = seen.expires - seen.created if seen.created else timedelta.max
        need = need_of(self.needed.get(key.address, timedelta()), life)
        left = seen.expires - self.observed.at
        if left < need or left <= timedelta():
            end = f"the key {seen.name!r} ends at {seen.expires:%Y-%m-%d %H:%M:%S} UTC"
            hint = "renew it where it was created; keys of type existing are not managed by this project"
            yield error("key-ends-too-early", f"{end}, before a job launched now would end", hint, address=key.address)

    def _name_taken(self, key: DesiredKey) -> Iterator[Diagnostic]:
        name = key.fixed_name or ""
        seen = self.observed.keys.get(name)
        record = self.recorded.keys.get(key.address)
        own = [g for g in record.generations.values() if g.name == name] if record else []
        if seen:
            another = self.owners.exclude(seen)
            if not another and is_tagged(seen.description, self.project) and not own:
                yield _unknown_to_ledger(key.address, name)
            elif another or not any(g.live or bears(seen, g) for g in own):
                yield name_taken(key.address, name, seen.owner if self.owners.differ(seen) else "")
        elif name in self.observed.withheld and not any(g.live for g in own):
            what = f"a key named {name!r} may exist at another owner: the service refuses to show it"
            yield warning("key-name-taken", what, _OTHER_NAME, address=key.address)

    def _too_long(self, key: DesiredKey) -> Iterator[Diagnostic]:
        sealing = self.observed.sealing
        size = sealing.sizes.get(key.address, 0) if sealing else 0
        if sealing and size > sealing.limit:
            limit = f"the service's RSA-{sealing.bits} key seals {sealing.limit} at most"
            hint = "shorten endpoint, bucket or user name, or use shorter credentials"
            what = f"the key's configuration takes {size} bytes, {limit}"
            yield error("sealed-too-long", what, hint, address=key.address)


_PUBLIC = "ask its owner to create it as a public one (`shared: true` in a manifest), or use a key of this account"
_ANY_NAME = "choose another name:, leave name: out, or declare it as type: existing"
_IF_OWN = "if it is a key of this account, take it over"
_OTHER_NAME = "choose another name:, or leave name: out; names are unique over all users of the service"


def _import(address: str, name: str) -> str:
    return f"eocanvas-apply import {address} {name}"


def _private(key: DesiredKey, what: str, *, surely: bool) -> Diagnostic:
    severity = key.private_as or (Severity.ERROR if surely else Severity.WARNING)
    return Diagnostic(PRIVATE_KEY, severity, what, _PUBLIC, address=key.address)


def _other_type(key: DesiredKey, seen: ObservedKey) -> Iterator[Diagnostic]:
    if seen.storage in {*StorageType} and seen.storage != key.storage:
        what = f"the key {seen.name!r} opens a storage of type {seen.storage}, and `storage:` says {key.storage}"
        yield error("existing-key-type", what, "correct `storage:`, or the name", address=key.address)


def _unknown_to_ledger(address: str, name: str) -> Diagnostic:
    what = f"a key named {name!r} has the description of this project, and this ledger does not know it"
    hint = f"use the ledger of the run that created it; or take the key over: {_import(address, name)}"
    return error("key-name-taken", what, hint, address=address)


def secret_absent(fault: Diagnostic) -> Diagnostic:
    """Return the warning of a plan about a secret that cannot be read: an apply would stop for it."""
    hint = f"{fault.hint}\n`apply` needs the secret, and sends nothing before it can be read".lstrip()
    return replace(fault, code="secret-absent", severity=Severity.WARNING, hint=hint)


def name_taken(address: str, name: str, owner: str = "") -> Diagnostic:
    """Return the fault of a fixed name that another key has, with its owner where that is another account."""
    whose = f"is of the owner {owner!r}" if owner else "is not of this project"
    what = f"a key named {name!r} exists and {whose}; names are unique over all users of the service"
    hint = "choose another name:, or leave name: out" if owner else f"{_ANY_NAME}; {_IF_OWN}: {_import(address, name)}"
    return error("key-name-taken", what, hint, address=address)
