from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Limit
from eocanvas_apply.planning.plan import Forecast, Plan, PlannedAction, Renewal
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.windows import Windows
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.render import forecast
from tests.planning.scene import Scene
from tests.render.plans import NOW, ORIGIN

HOUR = timedelta(hours=1)
TASK = LaunchJob(Scene().desired.jobs["job.subset"])


def _plan(times: Sequence[datetime], windows: Windows | None = None, *renewals: Renewal) -> Plan:
    actions = [
        PlannedAction.of(
            f'job.a["{n:03}"]', ActionKind.LAUNCH, Reason.NEW, task=TASK, not_before=time if time > NOW else None
        )
        for n, time in enumerate(times)
    ]
    later = [time for time in times if time > NOW]
    ahead = Forecast(len(times) - len(later), len(later), max(later, default=None), renewals)
    states = windows.states(NOW) if windows else ()
    return Plan(ORIGIN, NOW, tuple(actions), forecast=ahead, windows=states)


def _under(limits: tuple[Limit, ...], launches: int, used: tuple[datetime, ...] = ()) -> Plan:
    windows = Windows(limits, used)
    return _plan(windows.schedule(launches, NOW), windows)


def test_a_forecast_without_waiting_jobs_is_empty() -> None:
    assert forecast.lines(_plan([NOW])) == []
    assert forecast.as_json(_plan([NOW])) == {"launches_now": 1, "waiting": 0, "ends": None}


def test_a_steady_number_of_launches_is_one_sentence() -> None:
    plan = _under((Limit(10, HOUR),), 300)
    assert forecast.lines(plan) == [
        "300 launches: 10 now, 290 later (10 every 1h), the last at 2026-11-24 09:00:58 UTC.",
        "Quota: 10 of 10 left in 1h.",
    ]
    later = forecast.as_json(plan)["later"]
    assert len(later) == 29
    assert later[0] == {"at": "2026-11-23T05:00:02Z", "launches": 10}


def test_a_monthly_quota_is_shown_with_its_numbers() -> None:
    month = Limit(100, timedelta(days=30))
    used = tuple(NOW - timedelta(days=20) + n * HOUR for n in range(88))
    lines = forecast.lines(_under((Limit(10, HOUR), month), 67, used))
    later = "2 at 2026-11-23 05:00:02 UTC, 55 later (1 every 1h), the last at 2026-12-05 10:00:02 UTC"
    assert lines == [f"67 launches: 10 now, {later}.", "Quota: 10 of 10 left in 1h, 12 of 100 left in 30d."]


def test_a_changing_number_of_launches_is_listed_by_day() -> None:
    times = [NOW + timedelta(hours=n * n) for n in range(1, 20)]
    (line,) = forecast.lines(_plan(times))
    assert line.startswith("19 launches (4 on 2026-11-23, 2 on 2026-11-24, ")
    assert " in 7 more days), the first at 2026-11-23 05:00:00 UTC, the last at 2026-12-08 05:00:00 UTC." in line
    assert sum(map(int, re.findall(r"(\d+) (?:on|in) ", line))) == 19


def test_two_periods_are_shown_one_after_the_other() -> None:
    lines = forecast.lines(_under((Limit(10, HOUR),), 25))
    assert lines[0] == "25 launches: 10 now, 10 at 2026-11-23 05:00:02 UTC, 5 at 2026-11-23 06:00:04 UTC."


def test_a_launch_without_a_time_is_counted_too() -> None:
    launch = PlannedAction.of("job.a", ActionKind.LAUNCH, Reason.NEW, task=TASK)
    plan = Plan(ORIGIN, NOW, (launch,), forecast=Forecast(launches_now=1, waiting=2))
    assert forecast.lines(plan) == ["3 launches: 1 now, 2 at a time that is not known yet."]
    alone = Plan(ORIGIN, NOW, (launch,), forecast=Forecast(launches_now=0, waiting=1))
    assert forecast.lines(alone) == ["1 launch at a time that is not known yet."]


def test_the_first_launch_is_named_where_none_goes_now() -> None:
    used = tuple(NOW - 20 * timedelta(minutes=1) for _ in range(10))
    line, _ = forecast.lines(_under((Limit(10, HOUR),), 40, used))
    first, last = "the first at 2026-11-23 04:40:02 UTC", "the last at 2026-11-23 07:40:08 UTC"
    assert line == f"40 launches (10 every 1h), {first}, {last}."


def test_keys_that_are_renewed_on_the_way_are_named() -> None:
    plan = _plan([NOW + HOUR], None, Renewal("key.scenes", 4, NOW + HOUR / 2))
    assert forecast.lines(plan)[-1] == "key.scenes is renewed 4 times, first at 2026-11-23 04:30:00 UTC."
    assert forecast.as_json(plan)["renewals"] == [
        {"address": "key.scenes", "times": 4, "first": "2026-11-23T04:30:00Z"}
    ]


def test_launches_under_a_short_window_are_not_thrown_together() -> None:
    plan = _under((Limit(3, timedelta(seconds=20)),), 12)
    assert forecast.lines(plan) == [
        "12 launches: 3 now, 9 later (3 every 22s), the last at 2026-11-23 04:01:06 UTC.",
        "Quota: 3 of 3 left in 20s.",
    ]
