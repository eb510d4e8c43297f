"""What lies ahead of a campaign: when the later launches go, and which keys are renewed until then."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.desired import Desired, DesiredKey
from eocanvas_apply.planning.needs import end_of, granted_life, margin_of
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.plan import PlannedAction, Renewal

# Launches that go within so short a time are one turn of a run.
_ONE_TURN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Batch:
    """So many launches that are due together, the first of them `at` this service time."""

    at: datetime
    launches: int


def launch_times(actions: Iterable[PlannedAction]) -> list[datetime]:
    """Return when each launch that waits can go at the soonest, or may be expected to, in order."""
    return sorted(a.not_before for a in actions if a.lies_ahead and a.not_before)


def batches(times: Iterable[datetime]) -> list[Batch]:
    """Return these times, in order, as few turns of several launches."""
    found: list[Batch] = []
    for time in times:
        if found and time - found[-1].at <= _ONE_TURN:
            found[-1] = Batch(found[-1].at, found[-1].launches + 1)
        else:
            found.append(Batch(time, 1))
    return found


def renewals(
    desired: Desired, recorded: Recorded, observed: Observed, launches: Iterable[PlannedAction]
) -> tuple[Renewal, ...]:
    """Return which keys must be renewed so that these launches find them alive for long enough."""
    last: dict[str, datetime] = {}
    longest: dict[str, timedelta] = {}
    for action in launches:
        if action.lies_ahead and action.not_before:
            job = desired.jobs[action.address]
            for address in job.keys:
                last[address] = max(last.get(address, action.not_before), action.not_before)
                longest[address] = max(longest.get(address, timedelta()), job.max_duration)
    keys = (key for key in desired.keys.values() if key.address in last and not key.existing)
    return tuple(_renewed(recorded, observed, keys, last, longest))


def _renewed(
    recorded: Recorded,
    observed: Observed,
    keys: Iterable[DesiredKey],
    last: dict[str, datetime],
    longest: dict[str, timedelta],
) -> Iterator[Renewal]:
    for key in keys:
        end, life = _life(key, recorded, observed)
        if end is None:
            continue
        margin = margin_of(longest[key.address], life)
        if end - margin <= observed.at:
            # It is renewed by this very plan.
            end = observed.at + life
        first = end - margin
        if first <= last[key.address]:
            yield Renewal(key.address, 1 + (last[key.address] - first) // (life - margin), first)


def _life(key: DesiredKey, recorded: Recorded, observed: Observed) -> tuple[datetime | None, timedelta]:
    record = recorded.keys.get(key.address)
    current = record.current if record else None
    if current is None:
        asked = timedelta(seconds=key.expire_s)
        return observed.at + asked, asked
    seen = observed.keys.get(current.name)
    return end_of(current, seen), granted_life(current, seen)
