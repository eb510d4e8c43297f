"""How a key differs from what was sealed, and from the service's key."""

from __future__ import annotations

from collections.abc import Mapping

from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.fingerprint import Change, changes
from eocanvas_apply.planning.keys.ownership import bears
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.vocabulary import StorageType

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
    """Return the secret fields whose slow fingerprint differs from the sealed one's, without any value.

    A field that cannot be compared now is none of them: whether it differs is not known.
    """
    sealed, unknown = sealed_secrets(current), unknown_secrets(key, current, observed)
    known = (sealed.keys() | key.secrets.keys()) - unknown
    now = {field: observed.secrets.get((key.address, field)) for field in key.secrets}
    differing = [field for field in known if sealed.get(field) != now.get(field)]
    return tuple(Change(field, sensitive=True) for field in sorted(differing))


def unknown_secrets(key: DesiredKey, current: Generation, observed: Observed) -> frozenset[str]:
    """Return the secret fields that cannot be compared: not known now, or with fingerprints of different schemes."""
    sealed = sealed_secrets(current)
    now = {field: observed.secrets.get((key.address, field), "") for field in key.secrets}
    return frozenset(f for f, value in now.items() if not value or _scheme(sealed.get(f, value)) != _scheme(value))


def _scheme(fingerprint: str) -> str:
    return fingerprint.partition(":")[0]


def sealed_secrets(generation: Generation) -> Mapping[str, str]:
    """Return the fingerprints of the secrets that a generation was sealed with, by field."""
    return generation.intended.secrets if generation.intended else {}


def sealed_otherwise(
    key: DesiredKey, current: Generation, observed: Observed
) -> tuple[Reason, tuple[Change, ...]] | None:
    """Return how a key differs from what was sealed, None where it does not: first its configuration."""
    config, secret = config_changes(key, current), secret_changes(key, current, observed)
    if config:
        return Reason.CONFIG_CHANGED, config + secret
    return (Reason.SECRET_CHANGED, secret) if secret else None


def secrets_known(key: DesiredKey, observed: Observed) -> bool:
    """Tell whether every secret of a key could be read now."""
    return all((key.address, name) in observed.secrets for name in key.secrets)


def drift(key: DesiredKey, current: Generation, observed: Observed) -> tuple[Change, ...]:
    """Return what shows that the key of this name is not as we made it."""
    return shown_otherwise(current, observed, key.storage, public=key.public)


def shown_otherwise(made: Generation, observed: Observed, storage: StorageType, *, public: bool) -> tuple[Change, ...]:
    """Return how the service shows the key of a generation other than as one of this storage, shared if `public`."""
    seen = observed.keys.get(made.name)
    if seen is None:
        return ()
    # What the service does not show, or shows in unknown words, is no difference.
    shown = seen.storage if seen.storage in {*StorageType} else storage.value
    now = public if seen.public is None else seen.public
    found = changes({"type": shown, "shared": now}, {"type": storage.value, "shared": public})
    # No update exists: a key created when ours was is ours, whatever the service made of its description.
    sent = made.created.created if made.created else None
    if seen.description == "" or bears(seen, made) or (sent is not None and seen.created == sent):
        return found
    if made.adopted:
        # Its description was never ours: only another time of creation shows that it is another key.
        unknown = sent is None or seen.created is None
        return found if unknown else (*found, Change("created", str(seen.created), str(sent)))
    intent = made.intended.intent if made.intended else ""
    return *found, Change("description", seen.description, f"one that holds {intent}")
