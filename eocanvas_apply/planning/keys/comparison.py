"""How a key differs from what was sealed and from the service's key, and the errors that follow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.fingerprint import Change, changes
from eocanvas_apply.planning.keys.needs import need_of
from eocanvas_apply.planning.state.observed import Observed, ObservedKey

_PROGRAM = "eocanvas-apply"


def key_tag(project: str, address: str, intent: str) -> str:
    """Return what stands in the description of the key that this intent creates."""
    return f"{_PROGRAM} {project} {address} {intent}"


def is_tagged(description: str, project: str) -> bool:
    """Tell whether a description is that of a key of this project, whichever ledger knows it."""
    return f"{_PROGRAM} {project} key." in description


def config_changes(key: DesiredKey, current: Generation) -> tuple[Change, ...]:
    """Return the plain fields that differ from what was sent with this generation."""
    was = current.intended
    if was is None:
        return ()
    before = {**was.config, "shared": was.public, "expires_in_s": was.expire_s, "description": was.description}
    after = {**key.config, "shared": key.public, "expires_in_s": key.expire_s, "description": key.description}
    if key.fixed_name or was.fixed:
        before["name"], after["name"] = current.name, key.fixed_name
    return changes(before, after)


def secret_changes(key: DesiredKey, current: Generation, observed: Observed) -> tuple[Change, ...]:
    """Return the secret fields whose slow fingerprint differs from the sealed one's, without any value."""
    sealed = current.intended.secrets if current.intended else {}
    now = {field: observed.secrets.get((key.address, field)) for field in key.secrets}
    differing = [field for field in sealed.keys() | now.keys() if sealed.get(field) != now.get(field)]
    return tuple(Change(field, sensitive=True) for field in sorted(differing))


def drift(key: DesiredKey, current: Generation, observed: Observed) -> tuple[Change, ...]:
    """Return what shows that the key of this name is not as we made it."""
    seen = observed.keys.get(current.name)
    if seen is None:
        return ()
    found = changes({"type": seen.storage, "shared": seen.public}, {"type": key.storage.value, "shared": key.public})
    return found + (_other_maker(seen, current) if _made_again(seen, current) else ())


def bears(seen: ObservedKey, generation: Generation) -> bool:
    """Tell whether the description of a key holds this generation's intent."""
    return generation.intended is not None and generation.intended.intent in seen.description


def _made_again(seen: ObservedKey, current: Generation) -> bool:
    # No update exists: a key created when ours was is ours, whatever the service made of its description.
    was = current.created.created if current.created else None
    return seen.description != "" and not bears(seen, current) and (was is None or seen.created != was)


def _other_maker(seen: ObservedKey, current: Generation) -> tuple[Change, ...]:
    ours = current.intended.intent if current.intended else ""
    return (Change("description", seen.description, f"one that holds {ours}"),)


@dataclass(frozen=True, slots=True)
class KeyFaults:
    """Judges keys; `needed` holds for how long each one that is needed must live."""

    recorded: Recorded
    observed: Observed
    needed: Mapping[str, timedelta]

    def of(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        """Return every error that one key has."""
        if key.existing:
            return self._of_existing(key)
        if unreadable := self.observed.unreadable.get(key.address):
            return unreadable
        return self._name_taken(key) + self._too_long(key)

    def _of_existing(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        seen = self.observed.keys.get(key.fixed_name or "")
        if seen is None:
            return (_no_such_key(key),)
        life = seen.expires - seen.created if seen.expires and seen.created else timedelta.max
        need = need_of(self.needed.get(key.address, timedelta()), life)
        left = seen.expires - self.observed.at if seen.expires else timedelta.max
        return (_ends_too_early(key, seen),) if left < need or left <= timedelta() else ()

    def _name_taken(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        seen = self.observed.keys.get(key.fixed_name or "")
        record = self.recorded.keys.get(key.address)
        mine = [g for g in record.generations.values() if g.name == key.fixed_name] if record else []
        if seen is None or any(g.live or bears(seen, g) for g in mine):
            return ()
        return (name_taken(key.address, seen.name),)

    def _too_long(self, key: DesiredKey) -> tuple[Diagnostic, ...]:
        sealing = self.observed.sealing
        size = sealing.sizes.get(key.address, 0) if sealing else 0
        return (_too_long(key, size, sealing.limit, sealing.bits),) if sealing and size > sealing.limit else ()


def _no_such_key(key: DesiredKey) -> Diagnostic:
    return error(
        "existing-key-missing",
        f"the service shows no key named {key.fixed_name!r}",
        "create it, or correct the name; it is not managed by this project",
        address=key.address,
    )


def _ends_too_early(key: DesiredKey, seen: ObservedKey) -> Diagnostic:
    return error(
        "key-ends-too-early",
        f"the key {seen.name!r} ends at {seen.expires:%Y-%m-%d %H:%M:%S} UTC, before a job launched now would end",
        "renew it where it was created; keys of type existing are not managed by this project",
        address=key.address,
    )


def name_taken(address: str, name: str) -> Diagnostic:
    """Return the fault of a fixed name that another key has."""
    return error(
        "key-name-taken",
        f"a key named {name!r} exists and is not of this project; names are unique over all users of the service",
        "choose another name:, leave name: out, or declare it as type: existing",
        address=address,
    )


def _too_long(key: DesiredKey, size: int, limit: int, bits: int) -> Diagnostic:
    return error(
        "sealed-too-long",
        f"the key's configuration takes {size} bytes, the service's RSA-{bits} key seals {limit} at most",
        "shorten endpoint, bucket or user name, or use shorter credentials",
        address=key.address,
    )
