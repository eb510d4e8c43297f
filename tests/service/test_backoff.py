"""Waiting longer after each failure in a row, for an hour in all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.service.clock import Backoff, SystemClock

SILENCE = Doubt(error("no-answer", "no answer"))
NO = Refused(error("refused", "no"), status=403)


@dataclass
class FixedClock(SystemClock):
    """A clock with a fixed time."""

    at: datetime = datetime(2024, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at


def test_a_run_waits_longer_each_time_and_gives_up_after_an_hour() -> None:
    clock, pauses = FixedClock(), []
    backoff = Backoff(clock)
    while (pause := backoff.failed()) is not None:
        pauses.append(pause.total_seconds())
        clock.at += pause
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    with pytest.raises(Doubt):
        backoff.after(SILENCE)


def test_a_success_resets_the_waiting_time() -> None:
    clock = FixedClock()
    backoff = Backoff(clock)
    backoff.failed()
    clock.at += timedelta(hours=2)
    backoff.succeeded()
    assert backoff.after(SILENCE) == timedelta(seconds=5)


def test_a_refusal_ends_the_waiting() -> None:
    with pytest.raises(Refused):
        Backoff(FixedClock()).after(NO)
