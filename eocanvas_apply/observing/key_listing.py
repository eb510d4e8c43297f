"""The keys that the service shows; where its list is partly unreadable, keys of the project are asked for by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.state.observed import ObservedKey
from eocanvas_apply.service.entries import ListKind
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.wire import KeyInfo


async def observe_keys(service: EOCanvas, desired: Desired, recorded: Recorded) -> Mapping[str, ObservedKey]:
    """Return the keys by name. Raises ServiceError where the service cannot be read."""
    keys = {key.name: _observed(key) for key in await service.keys()}
    if service.irregularities.passed_over(ListKind.KEYS):
        # Any of them may be the entry that cannot be read: absent from such a list is not gone.
        own = dict(_own(desired, recorded))
        found = [await _asked(service, name, own[name]) for name in own if name not in keys]
        keys |= {key.name: key for key in found if key}
    return keys


def _own(desired: Desired, recorded: Recorded) -> Iterator[tuple[str, Generation | None]]:
    for key in desired.keys.values():
        if key.fixed_name:
            yield key.fixed_name, None
    for record in recorded.keys.values():
        for generation in record.generations.values():
            if generation.live or generation.open:
                yield generation.name, generation


async def _asked(service: EOCanvas, name: str, generation: Generation | None) -> ObservedKey | None:
    try:
        found = await service.key(name)
    except Refused as refused:
        if refused.concerns_account:
            raise
        return None
    except Doubt:
        return _recorded(name, generation)
    return _observed(found) if found else None


def _recorded(name: str, generation: Generation | None) -> ObservedKey | None:
    """Return a key that is at the service and cannot be read, as it was created."""
    intended = generation.intended if generation and generation.live else None
    return ObservedKey(name, "", None, intended.intent, None, None, end_known=False) if intended else None


def _observed(info: KeyInfo) -> ObservedKey:
    return ObservedKey(
        info.name, info.type, info.public, info.description, info.created, info.ends, end_known=info.end_known
    )
