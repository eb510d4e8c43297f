"""When jobs were launched and ended, when they will be, and how much of each window of the quota that uses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from msgspec import Struct

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.desired.desired import MARGIN
from eocanvas_apply.planning.plan import Plan, WindowState
from eocanvas_apply.planning.schedule.outlook import launch_times
from eocanvas_apply.planning.schedule.pacing import usual_duration
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.vocabulary import OgcStatus

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), timedelta(days=366)


class Day(Struct, frozen=True):
    """One day in UTC: jobs launched, ended well and not, and how many more launches and ends are expected."""

    date: date
    launched: int = 0
    succeeded: int = 0
    failed: int = 0
    to_launch: int = 0
    to_end: int = 0


class Curve(Struct, frozen=True):
    """How many units of one window of the quota are used from each moment on, by jobs on record and expected ones."""

    limit: int
    per: timedelta
    points: tuple[tuple[datetime, int], ...]


class Timeline(Struct, frozen=True):
    """Moments in order. What is `to_` come is expected: launches as the plan has them, ends from usual durations."""

    now: datetime
    launched: tuple[datetime, ...]
    succeeded: tuple[datetime, ...]
    failed: tuple[datetime, ...]
    to_launch: tuple[datetime, ...]
    to_end: tuple[datetime, ...]
    curves: tuple[Curve, ...] = ()

    @property
    def begins(self) -> datetime:
        """The first moment of all."""
        return min(self._moments, default=self.now)

    @property
    def ends(self) -> datetime:
        """The last moment of all."""
        return max(self._moments, default=self.now)

    @property
    def _moments(self) -> tuple[datetime, ...]:
        return (*self.launched, *self.succeeded, *self.failed, *self.to_launch, *self.to_end)

    @property
    def days(self) -> tuple[Day, ...]:
        """Every day from the first to the last, also those on which nothing happens."""
        names = ("launched", "succeeded", "failed", "to_launch", "to_end")
        counts: dict[date, dict[str, int]] = {}
        for name in names:
            for moment in getattr(self, name):
                on_day = counts.setdefault(_day(moment), dict.fromkeys(names, 0))
                on_day[name] += 1
        first, last = _day(self.begins), _day(self.ends)
        dates = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return tuple(Day(each, **counts.get(each, {})) for each in dates)


def timeline(plan: Plan, recorded: Recorded) -> Timeline:
    """Return what is on record of all jobs, also earlier attempts, and what the plan expects."""
    runs, latest = [run for _, run in recorded.runs()], plan.created + _LATEST
    # No zero of a calendar, and nothing far in the future: such a time of the service cannot be drawn.
    launched = sorted(run.created for run in runs if run.created and _EARLIEST < run.created < latest)
    ended = [
        (run.finished, run.status == OgcStatus.SUCCESSFUL)
        for run in runs
        if run.finished and _EARLIEST < run.finished < latest and not run.in_flight
    ]
    ahead = [plan.created] * plan.forecast.launches_now
    ahead += (time for time in launch_times(plan.actions) if time > plan.created)
    return Timeline(
        plan.created,
        tuple(launched),
        tuple(sorted(time for time, well in ended if well)),
        tuple(sorted(time for time, well in ended if not well)),
        tuple(ahead),
        tuple(sorted(_ends_ahead(plan, recorded, ahead))),
        _curves(plan.windows, [*launched, *ahead]),
    )


def _ends_ahead(plan: Plan, recorded: Recorded, launches: Sequence[datetime]) -> Iterator[datetime]:
    usual = usual_duration(recorded, plan.created)
    running = (a.address for a in plan.actions if a.address.startswith("job.") and a.phase is Phase.RUNNING)
    for run in (counted_run(recorded.jobs.get(address)) for address in running):
        if run and run.created and run.in_flight:
            yield max(run.created + usual, plan.created)
    yield from (launch + usual for launch in launches)


def _curves(windows: Sequence[WindowState], launches: Sequence[datetime]) -> tuple[Curve, ...]:
    counts = Counter(launches) if windows else {}
    return tuple(_curve(window, counts) for window in windows)


def _curve(window: WindowState, launches: Mapping[datetime, int]) -> Curve:
    """Return the curve of one window; a unit that a launch uses is free again after the window's length."""
    span, changes = window.per + MARGIN, Counter(launches)
    changes.subtract({launch + span: count for launch, count in launches.items()})
    used, points = 0, []
    for moment in sorted(changes):
        used += changes[moment]
        points.append((moment, used))
    return Curve(window.limit, window.per, tuple(points))


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
