"""What lies ahead: when the later launches go, which keys are renewed until then, when to look again."""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime, timedelta

from msgspec import Struct

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired, DesiredKey
from eocanvas_apply.planning.jobs.ordering import ordered_from
from eocanvas_apply.planning.keys.needs import end_of, granted_life, margin_of
from eocanvas_apply.planning.plan import Forecast, PlannedAction, Renewal, WindowState, by_traits
from eocanvas_apply.planning.state.observed import Observed

# Launches that go within so short a time are one turn of a run.
_ONE_TURN = timedelta(minutes=1)


class Batch(Struct, frozen=True):
    """So many launches that are due together, the first of them `at` this service time."""

    at: datetime
    launches: int


def launch_times(actions: Iterable[PlannedAction]) -> list[datetime]:
    """Return when each launch that waits can go at the soonest, or may be expected to, in order."""
    return sorted(a.not_before for a in actions if a.lies_ahead and a.not_before)


def turn_of(windows: Iterable[WindowState]) -> timedelta:
    """Return within how short a time launches go together, as these windows are long."""
    return min([_ONE_TURN, *(state.per / 4 for state in windows)])


def batches(times: Iterable[datetime], turn: timedelta = _ONE_TURN) -> list[Batch]:
    """Return these times, in order, as few turns of several launches; a `turn` is how long one takes."""
    found: list[list[datetime]] = []
    for time in times:
        if found and time - found[-1][0] <= turn:
            found[-1].append(time)
        else:
            found.append([time])
    return [Batch(together[0], len(together)) for together in found]


def renewals(
    desired: Desired, recorded: Recorded, observed: Observed, launches: Iterable[PlannedAction]
) -> tuple[Renewal, ...]:
    """Return which keys must be renewed so that these launches find them alive for long enough."""
    if not desired.keys:
        return ()
    last: dict[str, datetime] = {}
    longest: dict[str, timedelta] = {}
    for traits, alike in by_traits(launches, desired.jobs):
        times = launch_times(alike) if traits.keys else []
        for address in traits.keys if times else ():
            last[address] = max(last.get(address, times[-1]), times[-1])
            longest[address] = max(longest.get(address, timedelta()), traits.max_duration)
    keys = (desired.keys[address] for address in desired.keys if address in last)
    found = (
        _renewal(key, _life(key, recorded, observed), longest[key.address], last[key.address], observed.at)
        for key in keys
        if not key.existing
    )
    return tuple(each for each in found if each)


def _renewal(
    key: DesiredKey, span: tuple[datetime | None, timedelta], longest: timedelta, last: datetime, now: datetime
) -> Renewal | None:
    end, life = span
    if end is None or life <= timedelta():
        # It never ends, or the service shows an end before its beginning: renewals are unknown.
        return None
    margin = margin_of(longest, life)
    # One that is due now is renewed by this very plan.
    first = end - margin if end - margin > now else now + life - margin
    return Renewal(key.address, 1 + (last - first) // (life - margin), first) if first <= last else None


def _life(key: DesiredKey, recorded: Recorded, observed: Observed) -> tuple[datetime | None, timedelta]:
    record = recorded.keys.get(key.address)
    current = record.current if record else None
    if current is None:
        asked = timedelta(seconds=key.expire_s)
        return observed.at + asked, asked
    seen = observed.keys.get(current.name)
    return end_of(current, seen), granted_life(current, seen)


def forecast(
    actions: Iterable[PlannedAction], stalled: Set[str], now: datetime, renewed: tuple[Renewal, ...]
) -> Forecast:
    """Return what goes now and what waits; `stalled` are keys that this run does not make usable by itself."""

    def goes_now(launch: PlannedAction) -> bool:
        # A launch behind a key that this very run creates, or an order, goes now as well.
        due = (launch.not_before or now) <= now and (launch.task or launch.awaits)
        return bool(due) and stalled.isdisjoint(launch.depends_on)

    launches = [a for a in actions if a.row.launches or a.lies_ahead]
    held = [a for a in launches if not goes_now(a)]
    ends = max((a.not_before for a in held if a.not_before), default=None)
    return Forecast(launches_now=len(launches) - len(held), waiting=len(held), ends=ends, renewals=renewed)


def wake(actions: Iterable[PlannedAction], renewed: Iterable[Renewal], now: datetime) -> datetime | None:
    """Return the next service time at which waiting is worth another look, None where only polling helps."""
    # When a job ends is an estimate: polling finds out sooner.
    due = [a for a in actions if a.not_before and not a.row.expected]
    known = [time for a in due for time in (a.not_before, ordered_from(a)) if time]
    return min((time for time in [*known, *(renewal.first for renewal in renewed)] if time > now), default=None)
