"""How a key differs from what was sealed, and how the service's key differs from ours."""

from __future__ import annotations

from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.fingerprint import Change, changes
from eocanvas_apply.planning.state.observed import Observed, ObservedKey


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
