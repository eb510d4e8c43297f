"""What keeps a key from being told or used: secrets, names, sizes, ends that are not ours to mend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.keys.changes import bears
from eocanvas_apply.planning.keys.needs import need_of
from eocanvas_apply.planning.state.observed import Observed, ObservedKey


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


def name_taken(address: str, name: str) -> Diagnostic:
    """Say that somebody else's key bears a fixed name."""
    return error(
        "key-name-taken",
        f"a key named {name!r} exists and is not ours; names are unique over all users of the service",
        "choose another name:, leave name: out, or declare it as type: existing",
        address=address,
    )


def _too_long(key: DesiredKey, size: int, limit: int, bits: int) -> Diagnostic:
    return error(
        "sealed-too-long",
        f"the key's configuration takes {size} bytes, the service's RSA-{bits} key seals {limit} at most",
        "shorten what can be shortened: endpoint, bucket, user name, or use shorter credentials",
        address=key.address,
    )
