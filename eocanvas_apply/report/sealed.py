"""What the service holds of one key: the fields that were sealed, for how long, and whether they are those of now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, field

from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.keys.comparison import config_changes, secret_changes, unknown_secrets
from eocanvas_apply.planning.keys.needs import end_of
from eocanvas_apply.planning.state.observed import Observed


class Comparison(StrEnum):
    """How what is sealed compares with the manifest and the environment of now."""

    EQUAL = "equal"
    CHANGED = "changed"
    CANNOT_TELL = "cannot-tell"


class Sealed(Struct, frozen=True):
    """One generation of a key. `config` are its plain fields, `secrets` the names of the secret ones.

    `until` None is no end where `end_known`. `shown` tells whether the service lists it; `differences` are those to
    what would be sealed now, and `unknown` says what cannot be compared, and why.
    """

    name: str
    since: datetime | None
    until: datetime | None
    shown: bool
    end_known: bool
    generation: int | None = None
    config: Mapping[str, str] = field(default_factory=dict)
    secrets: tuple[str, ...] = ()
    differences: tuple[Change, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def comparison(self) -> Comparison:
        """The outcome in one word: a difference that is known decides."""
        if self.differences:
            return Comparison.CHANGED
        return Comparison.CANNOT_TELL if self.unknown else Comparison.EQUAL


def sealed(address: str, desired: Desired, recorded: Recorded, observed: Observed) -> Sealed | None:
    """Return what is sealed in a key or in one of its generations, None where nothing is."""
    parsed = Address.parse(address)
    whole = str(parsed.whole)
    key, record = desired.keys.get(whole), recorded.keys.get(whole)
    if key and key.existing and not parsed.generation:
        return _elsewhere(key, observed)
    number = parsed.generation
    generation = record.generations.get(number) if record and number else record.current if record else None
    return _of(generation, key, observed) if generation and generation.live else None


def _elsewhere(key: DesiredKey, observed: Observed) -> Sealed | None:
    seen = observed.keys.get(key.fixed_name or "")
    why = ("it was created elsewhere, and this project does not know its fields",)
    if seen is None:
        return None
    return Sealed(seen.name, seen.created, seen.expires, shown=True, end_known=seen.end_known, unknown=why)


def _of(generation: Generation, key: DesiredKey | None, observed: Observed) -> Sealed:
    seen, created, intended = observed.keys.get(generation.name), generation.created, generation.intended
    differences, unknown = _compared(generation, key, observed)
    return Sealed(
        name=generation.name,
        shown=seen is not None,
        since=(seen.created if seen else None) or (created.created if created else None),
        until=end_of(generation, seen),
        end_known=bool(seen and seen.end_known) or bool(created and created.end_known),
        generation=generation.number,
        config=intended.config if intended else {},
        secrets=tuple(sorted(intended.secrets)) if intended else (),
        differences=differences,
        unknown=unknown,
    )


def _compared(
    generation: Generation, key: DesiredKey | None, observed: Observed
) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Return the differences that are known, and why others are not."""
    if key is None or key.existing:
        return (), ("the manifest declares no such key",)
    fields = sorted(unknown_secrets(key, generation, observed))
    faults = tuple(fault.message for fault in observed.unreadable.get(key.address, ()))
    differences = (*config_changes(key, generation), *secret_changes(key, generation, observed))
    return differences, (faults or tuple(f"{name} cannot be compared" for name in fields)) if fields else ()
