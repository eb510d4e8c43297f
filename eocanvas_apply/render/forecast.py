"""The forecast as text and as JSON: launches now and later, key renewals, windows of the quota."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.planning.schedule.outlook import Batch, batches, launch_times
from eocanvas_apply.planning.schedule.windows import per_day
from eocanvas_apply.render.layout import counted, moment, rough, span, stamp

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan
    from eocanvas_apply.planning.schedule.windows import WindowState
    from eocanvas_apply.render.json_shapes import ForecastJson

# Gaps that differ by less count as equal.
_STEADY = timedelta(minutes=2)
_MOST_STRETCHES = 3
_MOST_DAYS = 7


def as_json(plan: Plan) -> ForecastJson:
    """Return it as JSON; `later` and `renewals` stand only where there are any."""
    ahead = plan.forecast
    found: ForecastJson = {
        "launches_now": ahead.launches_now,
        "waiting": ahead.waiting,
        "ends": stamp(ahead.ends),
    }
    if later := batches(launch_times(plan.actions)):
        found["later"] = [{"at": stamp(batch.at) or "", "launches": batch.launches} for batch in later]
    if ahead.renewals:
        found["renewals"] = [
            {"address": each.address, "times": each.times, "first": stamp(each.first) or ""} for each in ahead.renewals
        ]
    return found


def lines(plan: Plan, *, windows: bool = True) -> list[str]:
    """Return the launches now and later, the use of the quota, and the keys that are renewed.

    Empty when nothing waits; `windows=False` leaves the quota out.
    """
    ahead = plan.forecast
    if not ahead.waiting:
        return []
    until = f", the last at {moment(ahead.ends)}" if ahead.ends else ""
    now = f"{counted(ahead.launches_now, 'launch', 'launches')} now, {ahead.waiting} waiting{until}."
    quota = [window(state) for state in plan.windows] if windows else []
    return [now, *_later(launch_times(plan.actions)), *quota, *_renewals(plan)]


def window(state: WindowState) -> str:
    """Return one window of the quota in words, such as `3 of 10 left in 1h; next free at ...`.

    Where more waits than fits: `12 of 100 left in 30d: 12 launches now, 55 later, the last at ...`.
    """
    wall = ""
    if state.later:
        last = f", the last at {moment(state.last)}" if state.last else ""
        wall = f": {counted(state.at_once, 'launch', 'launches')} now, {state.later} later{last}"
    back = f"; next free at {moment(state.next_free)}" if state.next_free else ""
    return f"{state.left} of {state.limit} left in {span(state.per)}{wall}{back}"


def _renewals(plan: Plan) -> list[str]:
    return [
        f"{each.address} is renewed {counted(each.times, 'time')}, first at {moment(each.first)}"
        for each in plan.forecast.renewals
    ]


def _later(times: Sequence[datetime]) -> list[str]:
    due = batches(times)
    if len(due) < 2:
        return []
    stretches = list(_stretches(due))
    if len(stretches) <= _MOST_STRETCHES:
        return [f"Later {', then '.join(each.words for each in stretches)}."]
    days = list(per_day(times).items())
    listed = ", ".join(f"{launches} on {day}" for day, launches in days[:_MOST_DAYS])
    more = counted(len(days) - _MOST_DAYS, "more day") if len(days) > _MOST_DAYS else ""
    return [f"Later {listed}{more and f', and so on for {more}'}."]


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Batches of equal size at equal distances."""

    launches: int
    first: datetime
    last: datetime
    gap: timedelta

    @property
    def words(self) -> str:
        if self.first == self.last:
            return f"{self.launches} at {moment(self.first)}"
        return f"{self.launches} every {rough(self.gap)} from {moment(self.first)} to {moment(self.last)}"

    def goes_on(self, batch: Batch) -> bool:
        """Return whether this batch has the same size and distance."""
        gap = batch.at - self.last
        return batch.launches == self.launches and (self.first == self.last or abs(gap - self.gap) < _STEADY)

    def with_next(self, batch: Batch) -> _Stretch:
        """Return the stretch with one batch more."""
        gap = batch.at - self.last if self.first == self.last else self.gap
        return _Stretch(self.launches, self.first, batch.at, gap)


def _stretches(due: Sequence[Batch]) -> Iterator[_Stretch]:
    stretch = _Stretch(due[0].launches, due[0].at, due[0].at, timedelta())
    for batch in due[1:]:
        if stretch.goes_on(batch):
            stretch = stretch.with_next(batch)
        else:
            yield stretch
            stretch = _Stretch(batch.launches, batch.at, batch.at, timedelta())
    yield stretch
