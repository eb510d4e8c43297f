from __future__ import annotations

import asyncio
from datetime import UTC, timedelta

import pytest

from eocanvas_apply.service.clock import ServiceClock, SystemClock

from .scripted_service import START, VirtualClock, http_date


def test_service_time_is_the_last_date_plus_what_elapsed() -> None:
    clock = VirtualClock()
    time = ServiceClock(clock)
    time.observe(http_date(START + timedelta(hours=2)))
    clock.elapsed += 30
    assert time.now() == START + timedelta(hours=2, seconds=30)
    assert time.skew == timedelta(hours=2)


def test_the_last_date_header_counts_also_when_it_is_earlier() -> None:
    clock = VirtualClock()
    time = ServiceClock(clock)
    time.observe(http_date(START + timedelta(hours=2)))
    time.observe(http_date(START - timedelta(hours=1)))
    assert time.now() == START - timedelta(hours=1)


def test_before_the_first_answer_service_time_is_local_time() -> None:
    clock = VirtualClock()
    time = ServiceClock(clock)
    assert time.now() == START
    assert time.skew is None
    assert time.at(clock.monotonic() - 60) == START - timedelta(seconds=60)


@pytest.mark.parametrize("header", [None, "", "yesterday", "Fri, 99 Foo 2026 99:00:00 GMT"])
def test_an_unreadable_date_is_ignored(header: str | None) -> None:
    time = ServiceClock(VirtualClock())
    time.observe(header)
    assert time.skew is None


def test_a_past_time_is_calculated_from_the_answer() -> None:
    clock = VirtualClock()
    time = ServiceClock(clock)
    before = clock.monotonic()
    clock.elapsed += 7
    time.observe(http_date(START))
    assert time.at(before) == START - timedelta(seconds=7)


def test_the_system_clock_is_aware_and_its_sleep_returns() -> None:
    clock = SystemClock()
    before = clock.monotonic()
    asyncio.run(clock.sleep(0))
    assert clock.now().tzinfo is UTC
    assert clock.monotonic() >= before
