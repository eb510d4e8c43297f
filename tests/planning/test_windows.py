"""Sliding windows: never exceeded, never idle while a slot is free, and equal to a slow and simple reference."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import TraceDigests
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import MARGIN, Limit
from eocanvas_apply.planning.schedule.windows import Running, Windows, closed_until, creations, longest, per_day
from eocanvas_apply.planning.state.observed import ObservedJob

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)
SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=n) for n in (1, 60, 3600, 86400))
TEN_AN_HOUR, HUNDRED_A_MONTH = Limit(10, HOUR), Limit(100, 30 * DAY)


def ago(*minutes: float) -> tuple[datetime, ...]:
    return tuple(sorted(AT - m * MINUTE for m in minutes))


seconds = st.integers(0, 60).map(lambda n: timedelta(seconds=n))
limits = st.builds(Limit, st.integers(1, 4), st.integers(1, 30).map(lambda n: timedelta(seconds=n)))
creation_times = st.lists(st.integers(-60, 5).map(lambda n: AT + timedelta(seconds=n)), max_size=8)
running = st.builds(
    Running,
    st.integers(1, 3),
    st.integers(1, 20).map(lambda n: timedelta(seconds=n)),
    st.lists(st.integers(-30, 0).map(lambda n: AT + timedelta(seconds=n)), max_size=4).map(tuple),
)
windows_values = st.builds(
    Windows,
    st.lists(limits, max_size=3).map(tuple),
    creation_times.map(lambda times: tuple(sorted(times))),
    st.none() | running,
    st.none() | seconds.map(lambda s: AT + s),
)


def allowed(windows: Windows, launched: list[datetime], at: datetime) -> bool:
    """The rule itself, without any optimisation."""
    if windows.closed_until and at < windows.closed_until:
        return False
    for limit in windows.limits:
        if sum(1 for t in (*windows.used, *launched) if t + limit.per + MARGIN > at) >= limit.jobs:
            return False
    if windows.running is None:
        return True
    duration = windows.running.duration
    busy = sum(1 for end in windows.running.ends(AT) if end > at) + sum(1 for t in launched if t + duration > at)
    return busy < windows.running.most


def reference(windows: Windows, launches: int) -> list[datetime]:
    """Try every second."""
    launched: list[datetime] = []
    now = AT
    while len(launched) < launches:
        if allowed(windows, launched, now):
            launched.append(now)
        else:
            now += SECOND
    return launched


@given(windows_values, st.integers(0, 12))
def test_the_schedule_equals_trying_every_second(windows: Windows, launches: int) -> None:
    assert windows.schedule(launches, AT) == reference(windows, launches)


@given(windows_values, st.integers(1, 12))
def test_no_window_is_exceeded_and_no_free_slot_is_left_idle(windows: Windows, launches: int) -> None:
    times = windows.schedule(launches, AT)
    assert times == sorted(times)
    for place, time in enumerate(times):
        before = times[:place]
        assert allowed(windows, before, time)
        earliest = before[-1] if before else AT
        assert time == earliest or not allowed(windows, before, time - SECOND)


@given(windows_values, st.integers(1, 10), seconds)
def test_starting_later_or_with_more_used_never_launches_sooner(windows: Windows, n: int, wait: timedelta) -> None:
    times = windows.schedule(n, AT)
    if windows.running is None:
        assert all(a <= b for a, b in zip(times, windows.schedule(n, AT + wait), strict=True))
    busier = Windows(windows.limits, tuple(sorted([*windows.used, AT - wait])), windows.running, windows.closed_until)
    assert all(a <= b for a, b in zip(times, busier.schedule(n, AT), strict=True))
    assert windows.schedule(n + 3, AT)[:n] == times


@given(windows_values)
def test_free_slots_are_used_at_once(windows: Windows) -> None:
    unlimited = 100
    left = [limit.jobs - windows.counted(limit, AT) for limit in windows.limits]
    running = [windows.running.room] if windows.running else []
    closed = [0] if windows.closed_until and windows.closed_until > AT else []
    free = max(0, min([unlimited, *left, *running, *closed]))
    assert windows.schedule(unlimited, AT).count(AT) == free


def test_without_known_windows_nothing_is_held() -> None:
    windows = Windows()
    assert windows.schedule(300, AT) == [AT] * 300
    assert windows.states(AT) == ()


def test_a_quota_unit_is_free_one_period_and_two_seconds_after_its_use() -> None:
    windows = Windows((Limit(1, HOUR),), (AT,))
    back = AT + HOUR + timedelta(seconds=2)
    assert windows.schedule(1, AT) == windows.schedule(1, back - timedelta(microseconds=1)) == [back]
    assert windows.schedule(1, back + timedelta(seconds=1)) == [back + timedelta(seconds=1)]


def test_three_hundred_jobs_under_ten_an_hour_and_a_hundred_a_month() -> None:
    times = Windows((TEN_AN_HOUR, HUNDRED_A_MONTH)).schedule(300, AT)
    step, month = HOUR + MARGIN, 30 * DAY + MARGIN
    assert times == [AT + (n // 100) * month + (n % 100 // 10) * step for n in range(300)]
    assert len(per_day(times)) == 3
    assert sum(per_day(times).values()) == 300
    assert list(per_day(times)) == sorted(per_day(times))


def test_a_hundred_thousand_launches_are_scheduled_in_one_go() -> None:
    times = Windows((TEN_AN_HOUR, Limit(100_000, 30 * DAY))).schedule(100_000, AT)
    assert times[-1] == AT + 9_999 * (HOUR + MARGIN)


def test_a_forecast_after_the_end_of_the_calendar_is_its_end() -> None:
    assert Windows((Limit(1, 365 * DAY),)).schedule(10_000, AT)[-1] == datetime.max.replace(tzinfo=UTC)


def test_the_forecast_of_a_monthly_quota_in_numbers() -> None:
    used = tuple(AT - 20 * DAY + n * HOUR for n in range(88))
    windows = Windows((TEN_AN_HOUR, HUNDRED_A_MONTH), used)
    hour, month = windows.states(AT)
    assert (month.limit, month.used, month.left) == (100, 88, 12)
    assert month.next_free == used[0] + 30 * DAY + MARGIN
    assert windows.schedule(67, AT)[-1] == used[54] + 30 * DAY + MARGIN
    assert (hour.used, hour.left, hour.next_free) == (0, 10, None)


def test_what_is_ready_later_stands_behind_and_keeps_to_the_windows() -> None:
    windows = Windows((Limit(3, 10 * MINUTE),))
    period = 10 * MINUTE + MARGIN
    times = windows.schedule(1, AT, [AT + 4 * MINUTE] * 3 + [AT + HOUR] * 4)
    one, other = AT + 4 * MINUTE, AT + HOUR
    assert times == [AT, one, one, AT + period, *[other] * 3, other + period]


def test_a_window_that_others_have_exceeded_opens_when_enough_units_are_back() -> None:
    windows = Windows((Limit(2, HOUR),), ago(50, 40, 30, 20))
    state = windows.states(AT)[0]
    assert (state.used, state.left) == (4, 0)
    assert windows.schedule(1, AT)[0] == AT + 30 * MINUTE + MARGIN


def test_jobs_in_flight_hold_launches_back_until_they_end() -> None:
    running = Running(2, 10 * MINUTE, ago(4, 60))
    windows = Windows(running=running)
    # One is overdue and may end any moment, the other has six minutes to go.
    assert windows.schedule(3, AT) == [AT + MARGIN, AT + 6 * MINUTE, AT + 10 * MINUTE + MARGIN]


def test_an_impossible_quota_is_refused() -> None:
    with pytest.raises(ValueError, match="sorted"):
        Windows(used=(AT, AT - SECOND))
    with pytest.raises(ValueError, match="time"):
        Running(1, timedelta())


@pytest.mark.parametrize(
    ("retry_after", "used", "refusals", "closes_for"),
    [
        (90, ago(50), 1, 90 * SECOND),
        (10**12, (), 1, 31 * DAY),
        (float("inf"), (), 1, 31 * DAY),
        (None, ago(70, 50, 20), 1, 10 * MINUTE + MARGIN),
        (0, ago(50), 1, 10 * MINUTE + MARGIN),
        (-5, (), 1, MINUTE),
        (None, ago(70), 1, MINUTE),
        (None, (), 1, MINUTE),
        (None, (), 2, 2 * MINUTE),
        (None, (), 3, 4 * MINUTE),
        (None, (), 4, 8 * MINUTE),
        (None, (), 5, 15 * MINUTE),
        (None, (), 5000, 15 * MINUTE),
    ],
)
def test_how_long_a_refusal_closes(
    retry_after: float | None, used: tuple[datetime, ...], refusals: int, closes_for: timedelta
) -> None:
    windows = Windows((HUNDRED_A_MONTH, TEN_AN_HOUR) if used else (), used)
    assert closed_until(AT, windows, retry_after, refusals) == AT + closes_for


def test_without_a_quota_in_the_manifest_a_refusal_leads_to_probes() -> None:
    assert closed_until(AT, Windows((), ago(5)), None, 3) == AT + 4 * MINUTE


def seen(job_id: str, created: datetime | None, status: str = "successful") -> ObservedJob:
    return ObservedJob(job_id, "snap-function", status, created=created)


def intended(address: str, intent: str, send_before: datetime) -> e.JobIntended:
    return e.JobIntended(
        address=address,
        intent=intent,
        process="snap-function",
        fingerprint="f",
        components={},
        trace=TraceDigests(),
        marked=True,
        body_sha256="0",
        output="download",
        max_duration_s=60,
        decided=send_before - SECOND,
        send_before=send_before,
    )


def recorded(*events: e.AnyEvent) -> Mapping[str, JobRecord]:
    fold = Recorded()
    fold.note(events)
    return fold.jobs


def test_a_job_in_list_and_ledger_counts_once() -> None:
    created = AT - 5 * MINUTE
    ledger = recorded(
        intended("job.a", "i1", created),
        e.JobSubmitted(address="job.a", intent="i1", job_id="j1", status="accepted", created=created),
    )
    listed = {"j1": seen("j1", created), "other": seen("other", AT - MINUTE)}
    assert creations(ledger, listed, AT, HOUR) == (created, AT - MINUTE)
    assert creations(ledger, {}, AT, HOUR) == (created,)
    assert creations(ledger, listed, AT, MINUTE) == (AT - MINUTE,)


def test_an_open_intent_counts_and_one_that_was_never_sent_does_not() -> None:
    send_before = AT + 30 * SECOND
    open_one = intended("job.a", "i1", send_before)
    assert creations(recorded(open_one), {}, AT, HOUR) == (send_before,)
    for end in (
        e.JobWithdrawn(address="job.a", intent="i1", reason="too-late"),
        e.JobAbandoned(address="job.a", intent="i1"),
        e.JobRefused(address="job.a", intent="i1", status=429, refusal="quota"),
    ):
        assert creations(recorded(open_one, end), {}, AT, HOUR) == ()


def test_a_job_without_a_stamp_counts_from_when_it_was_sent_or_from_now() -> None:
    sent = recorded(
        intended("job.a", "i1", AT - MINUTE),
        e.JobSubmitted(address="job.a", intent="i1", job_id="j1", status="accepted"),
    )
    assert creations(sent, {}, AT, HOUR) == (AT - MINUTE,)
    assert creations(sent, {"j1": seen("j1", AT - 2 * MINUTE)}, AT, HOUR) == (AT - 2 * MINUTE,)
    assert creations(recorded(), {"x": seen("x", None, "running")}, AT, HOUR) == (AT,)
    assert creations(recorded(), {"x": seen("x", None, "failed")}, AT, HOUR) == ()
    noticed = recorded(e.JobObserved(address="job.a", job_id="j9", status="running"))
    assert creations(noticed, {}, AT, HOUR) == (AT,)


def test_the_longest_window_says_how_far_back_to_look() -> None:
    assert longest((TEN_AN_HOUR, HUNDRED_A_MONTH)) == 30 * DAY
    assert longest(()) == timedelta()
