"""Which keys are needed, for how long, and when a key's life gets too short."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from eocanvas_apply.ledger.fold import Generation
from eocanvas_apply.planning.desired import Desired, DesiredKey
from eocanvas_apply.planning.plan import LAUNCHES, ActionKind, PlannedAction, Reason

_STILL_WANTED = {Reason.WAITS_FOR, Reason.HELD_CANARY, Reason.HELD_STOPPED, Reason.HELD_BUDGET}
_SHARE = 0.2
_DEFAULT_LIFE = timedelta(seconds=3600)


def needed_keys(desired: Desired, jobs: Iterable[PlannedAction]) -> Mapping[str, timedelta]:
    """Return the keys that must live, with the longest duration of the unfinished jobs that name them.

    A key is also needed where no job names it at all, or where it is kept. One that is not ours is nothing we could
    keep alive: only what is to be launched with it needs it.
    """
    needed: dict[str, timedelta] = {}
    for action in jobs:
        job = desired.jobs.get(action.address)
        for address in job.keys if job and _unfinished(action) else ():
            if action.action in LAUNCHES or not _is_existing(desired, address):
                needed[address] = max(needed.get(address, timedelta()), job.max_duration)
    named = {address for job in desired.jobs.values() for address in job.keys}
    for address, key in desired.keys.items():
        if key.keep or address not in named:
            needed.setdefault(address, timedelta())
    return needed


def _unfinished(action: PlannedAction) -> bool:
    return action.action is not ActionKind.NONE or action.reason in _STILL_WANTED


def _is_existing(desired: Desired, address: str) -> bool:
    key = desired.keys.get(address)
    return key is not None and key.existing


def need_of(longest_job: timedelta, granted: timedelta) -> timedelta:
    """Return the life that a key must still have for a job to be launched with it."""
    return min(longest_job, granted / 2)


def granted_life(generation: Generation, key: DesiredKey) -> timedelta:
    """Return the life the service gave this generation; where it shows no end, no more than its default of 3600 s."""
    created, intended = generation.created, generation.intended
    asked = timedelta(seconds=intended.expire_s if intended else key.expire_s)
    if created is None or not created.end_known:
        return min(asked, _DEFAULT_LIFE)
    begun = created.created or (intended.send_before if intended else None)
    return created.expires - begun if created.expires and begun else asked


def end_of(generation: Generation, key: DesiredKey) -> datetime | None:
    """Return when a generation ends; None is never.

    An end that nobody has seen is not infinite, nor surely what was asked for: then it is the service's default
    life, 3600 s, from the moment of asking.
    """
    created, intended = generation.created, generation.intended
    if created and created.end_known:
        return created.expires
    return intended.send_before + min(_DEFAULT_LIFE, timedelta(seconds=intended.expire_s)) if intended else None


def expires_soon(generation: Generation, key: DesiredKey, longest_job: timedelta, now: datetime) -> bool:
    """Tell whether a generation must be renewed: less than the need, or than a fifth of its life, is left."""
    end, life = end_of(generation, key), granted_life(generation, key)
    return end is not None and end - now < max(need_of(longest_job, life), life * _SHARE)
