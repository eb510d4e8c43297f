"""How long a run sleeps while the service does not answer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from eocanvas_apply.applying.session import Retries
from eocanvas_apply.applying.stopping import Stop
from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.pace import Pace
from eocanvas_apply.errors import Doubt

HOUR = timedelta(hours=1)


@dataclass
class Sleeps:
    """A clock that records how long each sleep was."""

    slept: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=sum(self.slept))

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("asked", "slept"), [(None, [5, 10, 20]), (7.0, [7, 10, 20]), (90.0, [90] * 3), (1e18, [3600])]
)
def test_retry_after_is_waited_for_one_hour_at_most(asked: float | None, slept: list[float]) -> None:
    clock = Sleeps()

    async def silence() -> None:
        pace = Pace(clock, None, timedelta(seconds=30), Stop(asyncio.Event()), HOUR)
        for _ in slept:
            await pace.sleep(pace.back_off(Doubt(error("no-answer", "no answer"), retry_after=asked)))

    asyncio.run(silence())
    assert clock.slept == slept


def test_an_address_is_retried_within_the_hour_whatever_retry_after_says() -> None:
    retries = Retries(Sleeps())
    retries.plan("key.scenes", 1e18)
    assert retries.next() == HOUR
