"""What lies ahead, as text and as JSON: the forecast of a plan, the windows of the quota, a simulated campaign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, cast

from msgspec.structs import asdict

from eocanvas_apply.planning.schedule.outlook import Batch, batches, launch_times, turn_of
from eocanvas_apply.planning.schedule.windows import per_day
from eocanvas_apply.render.layout import counted, moment, rough, span, stamp
from eocanvas_apply.report.rehearsal import Course, Disturbance, Rehearsal

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan, WindowState
    from eocanvas_apply.render.json_shapes import ForecastJson, RehearsalJson

# Gaps that differ by less count as equal.
_STEADY = timedelta(minutes=2)
_MOST_STRETCHES = 3
_MOST_DAYS = 7
_MOST_SIMULATED_DAYS = 10
_WORDS = {
    Disturbance.NONE: "nothing goes wrong",
    Disturbance.ANSWERS_LOST: "one answer in ten is lost",
    Disturbance.JOBS_FAIL: "one job in three fails in staging and is tried again",
    Disturbance.SERVICE_OUT: "the service is unavailable for 6 hours, halfway through the launches",
}


def as_json(plan: Plan) -> ForecastJson:
    """Return it as JSON; `later` and `renewals` stand only where there are any."""
    ahead = plan.forecast
    found: ForecastJson = {
        "launches_now": ahead.launches_now,
        "waiting": ahead.waiting,
        "ends": stamp(ahead.ends),
    }
    if later := batches(launch_times(plan.actions), turn_of(plan.windows)):
        found["later"] = [{"at": stamp(batch.at) or "", "launches": batch.launches} for batch in later]
    if ahead.renewals:
        found["renewals"] = [
            {"address": each.address, "times": each.times, "first": stamp(each.first) or ""} for each in ahead.renewals
        ]
    return found


def lines(plan: Plan, *, windows: bool = True) -> list[str]:
    """Return the launches of a run in one line that adds up, the quota, and the keys that are renewed on the way.

    Empty when nothing waits; `windows=False` leaves the quota out.
    """
    ahead = plan.forecast
    if not ahead.waiting:
        return []
    left = ", ".join(f"{state.left} of {state.limit} left in {span(state.per)}" for state in plan.windows)
    quota = [f"Quota: {left}."] if windows and left else []
    return [_launches_ahead(plan), *quota, *_renewals(plan)]


def _launches_ahead(plan: Plan) -> str:
    """Return `12 launches: 3 now, 9 later (3 every 22s), the last at ...`.

    Times that depend on when other jobs end are `(estimated)`.
    """
    ahead, times = plan.forecast, launch_times(plan.actions)
    launches = ahead.launches_now + ahead.waiting
    unknown = ahead.waiting - len(times)
    estimated = any(action.row.expected and action.lies_ahead for action in plan.actions)
    parts = [f"{ahead.launches_now} now"] if ahead.launches_now else []
    parts += [
        *_later(times, turn_of(plan.windows), none_now=not ahead.launches_now),
        *([f"{unknown} at a time that is not known yet"] if unknown > 0 else []),
    ]
    number, same = counted(launches, "launch", "launches"), f"{launches} "
    if parts[0].startswith(same):
        # All of them are of one kind: their number is said once.
        parts[0] = parts[0].removeprefix(same).removeprefix("later").lstrip()
        words = ", ".join([f"{number} {parts[0]}".rstrip(), *parts[1:]])
    else:
        words = f"{number}: {', '.join(parts)}"
    return f"{words}{' (estimated)' if estimated else ''}."


def window(state: WindowState) -> str:
    """Return one window of the quota in words, such as `3 of 10 left in 1h; next free at ...`."""
    return "; ".join(filter(None, window_cells(state)))


def window_cells(state: WindowState) -> tuple[str, str]:
    """Return what is left of a window, and when there is more again."""
    back = f"next free at {moment(state.next_free)}" if state.next_free else ""
    return f"{state.left} of {state.limit} left in {span(state.per)}", back


def _renewals(plan: Plan) -> list[str]:
    return [
        f"{each.address} is renewed {counted(each.times, 'time')}, first at {moment(each.first)}."
        for each in plan.forecast.renewals
    ]


def _later(times: Sequence[datetime], turn: timedelta, *, none_now: bool) -> list[str]:
    """Return the launches of these times; the first is named where none goes now and the words would not say it."""
    if not times:
        return []
    parts = [part for stretch in _stretches(batches(times, turn)) for part in _parts(stretch)]
    first, last = f"the first at {moment(times[0])}", f"the last at {moment(times[-1])}"
    if len(parts) > _MOST_STRETCHES:
        return [f"{len(times)} later{_days(times)}", *([first] if none_now else []), last]
    words = [*map(_words_of, parts), *([last] if len(parts[-1]) > 1 else [])]
    return [words[0], first, *words[1:]] if none_now and len(parts[0]) > 1 else words


def _parts(stretch: list[Batch]) -> list[list[Batch]]:
    """Return a stretch as it is; two batches are no rhythm yet."""
    return [[batch] for batch in stretch] if len(stretch) == 2 else [stretch]


def _days(times: Sequence[datetime]) -> str:
    """Return ` (4 on 2026-11-23, 2 on 2026-11-24, ...)`; nothing for a single day."""
    days = list(per_day(times).items())
    listed = [f"{launches} on {day}" for day, launches in days[:_MOST_DAYS]]
    rest = sum(launches for _, launches in days[_MOST_DAYS:])
    more = [f"{rest} in {counted(len(days) - _MOST_DAYS, 'more day')}"] if rest else []
    return f" ({', '.join([*listed, *more])})" if len(days) > 1 else ""


def _words_of(stretch: Sequence[Batch]) -> str:
    """Return `2 at TIME`, or `9 later (3 every 22s)`."""
    first = stretch[0]
    if len(stretch) == 1:
        return f"{first.launches} at {moment(first.at)}"
    launches = sum(batch.launches for batch in stretch)
    return f"{launches} later ({first.launches} every {rough(stretch[1].at - first.at)})"


def _stretches(due: Sequence[Batch]) -> Iterator[list[Batch]]:
    """Yield batches of equal size at equal distances."""
    stretch = [due[0]]
    for batch in due[1:]:
        change = (batch.at - stretch[-1].at) - (stretch[1].at - stretch[0].at) if len(stretch) > 1 else timedelta()
        steady = min(_STEADY, (batch.at - stretch[-1].at) / 2)
        if batch.launches != stretch[0].launches or abs(change) >= steady:
            yield stretch
            stretch = []
        stretch.append(batch)
    yield stretch


def rehearsal_json(rehearsal: Rehearsal) -> RehearsalJson:
    """Return it as JSON."""
    found = {
        "begun": stamp(rehearsal.begun),
        "job_time_s": rehearsal.job_time.total_seconds(),
        "job_time_measured": rehearsal.measured,
        "failure_share": 0.0,
        "earliest": stamp(rehearsal.earliest),
        "courses": [{**asdict(each), "ends": stamp(each.ends)} for each in rehearsal.courses],
    }
    return cast("RehearsalJson", found)


def rehearsal_text(rehearsal: Rehearsal, plan: Plan) -> str:
    """Return when it ends, what limits it, and the same with faults."""
    calm = rehearsal.undisturbed
    if not calm.launches:
        return f"Simulated: no launches; finished at {moment(calm.ends)}.\n"
    best = "than the quota allows at best" if plan.windows else "than if all were launched at once"
    late = f"{rough(calm.ends - rehearsal.earliest)} later {best}"
    days = list(calm.per_day.items())
    shown = ", ".join(f"{number} on {day}" for day, number in days[:_MOST_SIMULATED_DAYS])
    more = f" and so on until {days[-1][0]}" if len(days) > _MOST_SIMULATED_DAYS else ""
    source = "the median of this project's jobs" if rehearsal.measured else "the median of published jobs"
    lines = [
        f"Simulated: {_launches(calm)}, finished at {moment(calm.ends)}, {late}{_failures(calm)}.",
        f"  launches a day: {shown}{more}",
        *_limit(rehearsal, plan),
        *(f"  {address} is renewed {counted(times, 'time')}" for address, times in calm.renewed.items()),
        f"  assumed: a job takes {rough(rehearsal.job_time)} ({source}), and none fails",
        "With faults:",
        *(_fault(course, calm) for course in rehearsal.courses[1:]),
    ]
    return "\n".join(lines) + "\n"


def _limit(rehearsal: Rehearsal, plan: Plan) -> Iterator[str]:
    """Yield the longest window of the quota that launches wait for."""
    full = [state for state in plan.windows if rehearsal.undisturbed.launches > state.left]
    if full:
        state = max(full, key=lambda state: state.per)
        later = rehearsal.undisturbed.launches - state.left
        left = f"{state.left} of {state.limit} left in {span(state.per)}"
        yield f"  limit: {left}, {later} to launch wait for it"


def _fault(course: Course, calm: Course) -> str:
    later = rough(course.ends - calm.ends)
    words = f"  {_WORDS[course.disturbance]}: {moment(course.ends)}, {later} later, {_launches(course)}"
    return f"{words}{_duplicates(course)}{_failures(course)}"


def _duplicates(course: Course) -> str:
    return f", {counted(course.second_jobs, 'duplicate job')}" if course.second_jobs else ""


def _launches(course: Course) -> str:
    return counted(course.launches, "launch", "launches")


def _failures(course: Course) -> str:
    failed = f", {counted(course.failed, 'job')} failed" if course.failed else ""
    return failed + (f", {counted(course.undecided, 'job')} need a decision" if course.undecided else "")
