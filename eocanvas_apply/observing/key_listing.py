"""The keys that the service shows, in its list or by name.

A list shows own and public keys, perhaps those of all users, and entries of it may be unreadable: what a name that is
not in it stands for is asked for by that name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from enum import Enum
from functools import partial

from msgspec import Struct

from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.observing.inquiries import Inquiries
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.keys.ownership import is_named
from eocanvas_apply.planning.state.observed import ObservedKey
from eocanvas_apply.service.entries import ListKind
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.wire import KeyInfo

# Also the service's word for "not yours", right after it has shown the list to the same account.
_FORBIDDEN = (401, 403)
# For so long a look waits for what only says more of a name that is not listed.
_PATIENCE = timedelta(seconds=5)


class KeysSeen(Struct, frozen=True):
    """Keys by name, and the names of those that the service refuses to show to this account."""

    by_name: Mapping[str, ObservedKey]
    withheld: frozenset[str] = frozenset()


async def observe_keys(service: EOCanvas, desired: Desired, recorded: Recorded) -> KeysSeen:
    """Return the keys. Raises ServiceError where the service cannot be read."""
    own = dict(_own(desired, recorded))
    listed = sorted(await service.keys(), key=lambda key: _is_own(key, service.account, own.get(key.name)))
    # Should names be unique only to an owner, the key of this account counts: it comes last.
    keys = {key.name: observed_key(key) for key in listed}
    # Any key may be the entry that cannot be read: absent from such a list is not gone.
    partly = service.irregularities.passed_over(ListKind.KEYS)
    unlisted = {name: made for name, made in own.items() if name not in keys and (partly or made is None)}
    patience = 4 * desired.timing.request_timeout if partly else _PATIENCE
    found = await Inquiries(patience).each("the key", unlisted, partial(_asked, service, partly=partly))
    for name, made in unlisted.items():
        if seen := _of_answer(found.get(name, _Answer.UNCLEAR), name, made):
            keys[name] = seen
    return KeysSeen(keys, frozenset(name for name, answer in found.items() if answer is _Answer.FORBIDDEN))


def _own(desired: Desired, recorded: Recorded) -> Iterator[tuple[str, Generation | None]]:
    for key in desired.keys.values():
        if key.fixed_name:
            yield key.fixed_name, None
    for record in recorded.keys.values():
        for generation in record.generations.values():
            if generation.live or generation.open:
                yield generation.name, generation


def _is_own(key: KeyInfo, account: str, generation: Generation | None) -> bool:
    made = generation.intended if generation else None
    return is_named(key.owner, account) or bool(made and made.intent in key.description)


class _Answer(Enum):
    """How a question for one key ended that did not show the key."""

    ABSENT = "absent"
    FORBIDDEN = "forbidden"
    UNCLEAR = "unclear"


async def _asked(service: EOCanvas, name: str, *, partly: bool) -> KeyInfo | _Answer:
    try:
        return await service.key(name) or _Answer.ABSENT
    except Refused as refused:
        if refused.concerns_account and (partly or refused.status not in _FORBIDDEN):
            raise
        return _Answer.FORBIDDEN if refused.status in _FORBIDDEN else _Answer.ABSENT
    except Doubt:
        return _Answer.UNCLEAR


def _of_answer(answer: KeyInfo | _Answer, name: str, made: Generation | None) -> ObservedKey | None:
    if isinstance(answer, KeyInfo):
        return observed_key(answer)
    return _recorded(name, made) if answer is _Answer.UNCLEAR else None


def _recorded(name: str, generation: Generation | None) -> ObservedKey | None:
    """Return a key that is at the service and cannot be read, as it was created."""
    intended = generation.intended if generation and generation.live else None
    return ObservedKey(name, "", None, intended.intent, None, None, end_known=False) if intended else None


def observed_key(info: KeyInfo) -> ObservedKey:
    """Return a key of the service as it is observed."""
    return ObservedKey(
        info.name,
        info.type,
        info.public,
        info.description,
        info.created,
        info.ends,
        end_known=info.end_known,
        owner=info.owner,
    )
