"""Which keys are needed and for how long, when one must be renewed, and which launches wait for keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.ledger.events import KeyCreated
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Outcome
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction, Requests, by_traits
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import ObservedKey
from eocanvas_apply.planning.tasks import DrainKey, FetchResults

_SHARE = 0.2
_DEFAULT_LIFE = timedelta(seconds=3600)


def needed_keys(desired: Desired, jobs: Iterable[PlannedAction], requests: Requests) -> Mapping[str, timedelta]:
    """Return the keys that must live, with the longest duration of the unfinished jobs that name them.

    A key is also needed where no job names it at all, or where it is kept. One that is not ours is nothing we could
    keep alive: only what is to be launched with it needs it. Results that are left where they are need none either:
    else a schedule that never fetches would renew a key for ever. Where `only` selects addresses, a key must be among
    them, or a selected job name it.
    """
    needed: dict[str, timedelta] = {}
    only, named = requests.only, {address for traits in desired.traits for address in traits.keys}
    for traits, alike in by_traits(jobs, desired.jobs) if named else ():
        rows = [each.row for each in alike if each.wanted and not _left(each, requests)] if traits.keys else []
        for address in traits.keys if rows else ():
            key = desired.keys.get(address)
            if (key and not key.existing) or any(row.launches for row in rows):
                needed[address] = max(needed.get(address, timedelta()), traits.max_duration)
    for address, key in desired.keys.items():
        if (key.keep or address not in named) if only is None else address in only:
            needed.setdefault(address, timedelta())
    return needed


def _left(action: PlannedAction, requests: Requests) -> bool:
    return requests.no_fetch and isinstance(action.task, FetchResults)


def need_of(longest_job: timedelta, granted: timedelta) -> timedelta:
    """Return the life that a key must still have for a job to be launched with it."""
    return min(longest_job, granted / 2)


def granted_life(generation: Generation, seen: ObservedKey | None = None) -> timedelta:
    """Return the life the service gave this generation; where it shows no end, no more than its default of 3600 s."""
    intended = generation.intended
    asked = timedelta(seconds=intended.expire_s) if intended else _DEFAULT_LIFE
    shown = _latest(generation, seen)
    if shown is None:
        return min(asked, _DEFAULT_LIFE)
    begun = shown.created or (intended.send_before if intended else None)
    return shown.expires - begun if shown.expires and begun else asked


def end_of(generation: Generation, seen: ObservedKey | None = None) -> datetime | None:
    """Return when a generation ends; None is never.

    An unknown end is not infinite, and not surely what was asked for: then it is the service's default
    life, 3600 s, from the moment of asking.
    """
    shown, intended = _latest(generation, seen), generation.intended
    if shown:
        return shown.expires
    return intended.send_before + granted_life(generation) if intended else None


def expires_soon(generation: Generation, seen: ObservedKey | None, longest_job: timedelta, now: datetime) -> bool:
    """Tell whether a generation must be renewed: less than the need, or than a fifth of its life, is left."""
    end, life = end_of(generation, seen), granted_life(generation, seen)
    return end is not None and end - now < margin_of(longest_job, life)


def margin_of(longest_job: timedelta, granted: timedelta) -> timedelta:
    """Return how much of a key's life must be left when it is renewed; never more than half of it."""
    return max(need_of(longest_job, granted), granted * _SHARE)


def _latest(generation: Generation, seen: ObservedKey | None) -> ObservedKey | KeyCreated | None:
    """Return what the service shows of the end now, else what it showed once."""
    if seen and seen.end_known:
        return seen
    return generation.created if generation.created and generation.created.end_known else None


class PlannedKeys(Struct, frozen=True):
    """An action for every key, and what is wrong with some.

    While the account is busy, a key with a fixed name is not replaced. `uncompared` are keys that a plan takes for
    unchanged, because their secrets cannot be read.
    """

    actions: Sequence[PlannedAction]
    faults: tuple[Diagnostic, ...]
    account_busy: bool = False
    uncompared: frozenset[str] = frozenset()

    @property
    def unusable(self) -> frozenset[str]:
        """The addresses of those that no job may be launched with as they are."""
        usable = {a.address for a in self.actions if (a.row.usable and not a.task) or self._is_uncompared(a)}
        return self._faulty | ({a.address for a in self.actions} - usable)

    @property
    def stalled(self) -> frozenset[str]:
        """The addresses of those that this run does not make usable by itself."""
        idle = [a for a in self.actions if a.action is ActionKind.NONE and not self._is_uncompared(a)]
        waiting = {a.address for a in idle if a.row.outcome is not Outcome.DONE}
        draining = {a.address for a in self.actions if self.account_busy and isinstance(a.task, DrainKey)}
        return self._faulty | waiting | draining

    @property
    def _faulty(self) -> frozenset[str]:
        return frozenset(f.address for f in self.faults if f.address and f.severity is Severity.ERROR)

    def _is_uncompared(self, action: PlannedAction) -> bool:
        return action.reason is Reason.CANNOT_TELL and action.address in self.uncompared and not action.not_before


def after_keys(jobs: Sequence[PlannedAction], keys: PlannedKeys, desired: Desired) -> list[PlannedAction]:
    """Return the actions, each launch with the keys that it must wait for."""
    unusable = keys.unusable
    if not unusable:
        return list(jobs)

    def waits(action: PlannedAction) -> tuple[str, ...]:
        named = desired.jobs[action.address].keys if action.action in LAUNCHES else ()
        return tuple(address for address in named if address in unusable)

    return [replace(action, depends_on=names) if (names := waits(action)) else action for action in jobs]
