"""Which instances of a campaign may be launched now: a few first (`canary`), and none after too many failures.

Both look at the present definition only: an instance whose definition changed waits again, and one that a person
wants tried again is no failure any more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Literal

from eocanvas_apply.planning.actions import State
from eocanvas_apply.planning.failures import HOPELESS, FailureClass

# So many failures one after another, all of one hopeless class, and no instance is going to succeed.
IN_A_ROW = 3


# What counts as launched, whatever became of it.
_LAUNCHED = frozenset({State.RETRYING, State.RUNNING, State.SUCCEEDED, State.FAILED})
_TO_LAUNCH = frozenset({State.WAITING, State.RETRYING})
_ENDED = frozenset({State.RETRYING, State.SUCCEEDED, State.FAILED})


@dataclass(frozen=True, slots=True)
class Instance:
    """One instance: `failure_class` of its last run if that failed, `ended` when its last run ended if it did."""

    address: str
    state: State
    failure_class: FailureClass | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class StopAfter:
    """How many failed instances are too many: a number, or a share (0 to 1) of all that are not skipped."""

    number: int | None = None
    share: float | None = None

    @classmethod
    def parse(cls, value: int | str) -> StopAfter:
        """Read `stop_after:` of a job: a number from 1, or text like `20%`; raises ValueError."""
        if isinstance(value, str):
            digits = value.removesuffix("%")
            if digits == value or not (digits.isascii() and digits.isdecimal()) or int(digits) > 100:
                raise ValueError(f"{value!r} is no share; one looks like 20%")
            return cls(share=int(digits) / 100)
        if value < 1:
            raise ValueError("stop_after counts from 1")
        return cls(number=value)

    def most(self, instances: int) -> int:
        """Return how many of so many instances must fail until no more is launched, at least one."""
        if self.number is not None:
            return self.number
        return max(1, ceil(round((self.share or 0) * instances, 6)))


@dataclass(frozen=True, slots=True)
class Holding:
    """What a campaign says of itself: send so many ahead, and stop after too many failures."""

    canary: int | None = None
    stop_after: StopAfter | None = None


@dataclass(frozen=True, slots=True)
class Stopped:
    """Why no more is launched: `failed` of `instances`, or `in_a_row` of them of one hopeless class."""

    failed: int
    instances: int
    most: int
    in_a_row: int = 0
    failure_class: FailureClass | None = None


@dataclass(frozen=True, slots=True)
class Canaries:
    """Why the rest waits: `succeeded` of the `wanted` first ones, `failed` of those launched."""

    wanted: int
    succeeded: int
    failed: int


@dataclass(frozen=True, slots=True)
class Launchable:
    """The instances that may be launched, in order; those that may not, and why all of these are held."""

    allowed: tuple[str, ...]
    held: tuple[str, ...] = ()
    reason: Literal["held-stopped", "held-canary"] | None = None
    stopped: Stopped | None = None
    canaries: Canaries | None = None


def launchable(
    instances: Sequence[Instance], stop_after: StopAfter | None = None, canary: int | None = None
) -> Launchable:
    """Return which of a campaign's instances may be launched now, judged in the order given."""
    due = tuple(each.address for each in instances if each.state in _TO_LAUNCH)
    why_stopped = stopped(instances, stop_after) if stop_after else None
    if why_stopped:
        return Launchable((), due, "held-stopped" if due else None, stopped=why_stopped)
    waits_for = canaries(instances, canary) if canary else None
    if waits_for is None:
        return Launchable(due)
    first = _first(instances, waits_for.wanted)
    allowed = tuple(address for address in due if address in first)
    held = tuple(address for address in due if address not in first)
    return Launchable(allowed, held, "held-canary" if held else None, canaries=waits_for)


def stopped(instances: Sequence[Instance], stop_after: StopAfter) -> Stopped | None:
    """Return why too much has failed, None as long as it has not."""
    states = [each.state for each in instances if each.state is not State.SKIPPED]
    failed, most = states.count(State.FAILED), stop_after.most(len(states))
    in_a_row, failure_class = _hopeless_row(instances)
    if in_a_row >= IN_A_ROW:
        return Stopped(failed, len(states), most, in_a_row, failure_class)
    return Stopped(failed, len(states), most) if failed >= most else None


def _hopeless_row(instances: Iterable[Instance]) -> tuple[int, FailureClass | None]:
    """Return how many instances that ended last failed, one after another, in one hopeless class."""
    ended = [(each.ended, each) for each in instances if each.ended and each.state in _ENDED]
    row, last = 0, None
    for _, each in sorted(ended, key=lambda pair: pair[0], reverse=True):
        failure_class = each.failure_class if each.state is State.FAILED else None
        if failure_class not in HOPELESS or failure_class is not (last or failure_class):
            break
        row, last = row + 1, failure_class
    return row, last


def canaries(instances: Sequence[Instance], canary: int) -> Canaries | None:
    """Return how the first ones stand, None when so many succeeded that all may follow."""
    states = [each.state for each in instances if each.state is not State.SKIPPED]
    wanted, succeeded = min(canary, len(states)), states.count(State.SUCCEEDED)
    return None if succeeded >= wanted else Canaries(wanted, succeeded, states.count(State.FAILED))


def _first(instances: Sequence[Instance], wanted: int) -> frozenset[str]:
    """Return the first ones: those launched already, as many as there are, filled up with waiting ones in order.

    One that failed for good keeps its place: the rest waits until a person has seen to it.
    """
    launched = [each.address for each in instances if each.state in _LAUNCHED]
    waiting = [each.address for each in instances if each.state is State.WAITING]
    return frozenset(launched + waiting[: max(0, wanted - len(launched))])
