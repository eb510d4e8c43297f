"""What is recorded of a key or job that is taken over, how it differs from the manifest, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.fingerprint import Change


class Adoption(Struct, frozen=True):
    """A key or job of the service (`target` is its name or id) for an address; no events where it is recorded already.

    `differences` are from what the service shows to what the manifest says, `unverified` what the service does not
    show, in words, and `cautions` why it may not be meant. `documents` are the texts of two graphs or chains
    that differ: that of the log, and that of the manifest as it would be sent.
    """

    address: str
    target: str
    events: tuple[e.AnyEvent, ...] = ()
    differences: tuple[Change, ...] = ()
    unverified: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    documents: tuple[str, str] | None = None

    @property
    def is_new(self) -> bool:
        """Whether anything is to be recorded."""
        return bool(self.events)

    @property
    def needs_consent(self) -> bool:
        """Whether a person must agree: what is taken over is not quite what the manifest describes."""
        return self.is_new and bool(self.differences or self.cautions)


def as_if_recorded(recorded: Recorded, address: str, events: Sequence[e.AnyEvent]) -> Recorded:
    """Return the record as it will be with these events of an address; the record itself stays as it is."""
    keys = {a: deepcopy(record) for a, record in recorded.keys.items() if a == address}
    jobs = {a: deepcopy(record) for a, record in recorded.jobs.items() if a == address}
    copied = replace(
        recorded,
        keys={**recorded.keys, **keys},
        jobs={**recorded.jobs, **jobs},
        owner_of=dict(recorded.owner_of),
    )
    copied.note(events)
    return copied
