"""A simulated campaign in words and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

from eocanvas_apply.render.layout import counted, moment, rough, span, stamp
from eocanvas_apply.report.rehearsal import Course, Disturbance, Rehearsal

if TYPE_CHECKING:
    from eocanvas_apply.planning.plan import Plan
    from eocanvas_apply.render.json_shapes import CourseJson, RehearsalJson

_WORDS = {
    Disturbance.NONE: "nothing goes wrong",
    Disturbance.ANSWERS_LOST: "one answer in ten is lost",
    Disturbance.JOBS_FAIL: "one job in three fails in staging and is tried again",
    Disturbance.SERVICE_OUT: "the service is unavailable for 6 hours, halfway through the launches",
}
_MOST_DAYS = 10


def as_json(rehearsal: Rehearsal) -> RehearsalJson:
    """Return it as JSON."""
    return {
        "begun": stamp(rehearsal.begun) or "",
        "job_time_s": rehearsal.job_time.total_seconds(),
        "job_time_measured": rehearsal.measured,
        "failure_share": 0.0,
        "earliest": stamp(rehearsal.earliest) or "",
        "courses": [_course(course) for course in rehearsal.courses],
    }


def _course(course: Course) -> CourseJson:
    return {
        "disturbance": course.disturbance.value,
        "ends": stamp(course.ends) or "",
        "launches": course.launches,
        "second_jobs": course.second_jobs,
        "failed": course.failed,
        "undecided": course.undecided,
        "per_day": dict(course.per_day),
        "renewed": dict(course.renewed),
    }


def text(rehearsal: Rehearsal, plan: Plan) -> str:
    """Return when it ends, what limits it, and the same with faults."""
    calm = rehearsal.undisturbed
    if not calm.launches:
        return f"Simulated: no launches; finished at {moment(calm.ends)}.\n"
    lines = [_ending(rehearsal), *_days(calm), *_limit(rehearsal, plan), *_renewals(calm), _assumed(rehearsal)]
    faults = [_fault(course, calm) for course in rehearsal.courses[1:]]
    return "\n".join([*lines, "With faults:", *faults]) + "\n"


def _ending(rehearsal: Rehearsal) -> str:
    calm = rehearsal.undisturbed
    late = rough(max(calm.ends - rehearsal.earliest, timedelta()))
    ended = f"Simulated: {counted(calm.launches, 'launch', 'launches')}, finished at {moment(calm.ends)}"
    return f"{ended}, {late} later than the quota allows at best{_failures(calm)}."


def _days(course: Course) -> Iterator[str]:
    days = list(course.per_day.items())
    shown = ", ".join(f"{number} on {day}" for day, number in days[:_MOST_DAYS])
    more = f" and so on until {days[-1][0]}" if len(days) > _MOST_DAYS else ""
    yield f"  launches a day: {shown}{more}"


def _limit(rehearsal: Rehearsal, plan: Plan) -> Iterator[str]:
    """Yield the longest window of the quota that launches wait for."""
    full = [state for state in plan.windows if rehearsal.undisturbed.launches > state.left]
    if full:
        state = max(full, key=lambda state: state.per)
        later = rehearsal.undisturbed.launches - state.left
        left = f"{state.left} of {state.limit} left in {span(state.per)}"
        yield f"  limit: {left}, {later} to launch wait for it"


def _renewals(course: Course) -> Iterator[str]:
    for address, times in course.renewed.items():
        yield f"  {address} is renewed {counted(times, 'time')}"


def _assumed(rehearsal: Rehearsal) -> str:
    source = "the median of this project's jobs" if rehearsal.measured else "the median of published jobs"
    return f"  assumed: a job takes {rough(rehearsal.job_time)} ({source}), and none fails"


def _fault(course: Course, calm: Course) -> str:
    later = rough(max(course.ends - calm.ends, timedelta()))
    seconds = f"{counted(course.second_jobs, 'second job')}"
    words = f"  {_WORDS[course.disturbance]}: {moment(course.ends)}, {later} later"
    return f"{words}, {counted(course.launches, 'launch', 'launches')}, {seconds}{_failures(course)}"


def _failures(course: Course) -> str:
    failed = f", {counted(course.failed, 'job')} failed" if course.failed else ""
    return failed + (f", {counted(course.undecided, 'job')} need a decision" if course.undecided else "")
