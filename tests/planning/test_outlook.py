"""The forecast of a campaign."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Renewal
from eocanvas_apply.planning.schedule.outlook import Batch, batches
from tests.planning.scene import AT, HOUR, MINUTE, SECOND, Scene


def test_launch_times_within_a_minute_are_one_group() -> None:
    times = [AT, AT + 5 * SECOND, AT + MINUTE, AT + 61 * SECOND]
    assert batches(times) == [Batch(AT, 3), Batch(AT + 61 * SECOND, 1)]


def _closed_for(span: timedelta, life: timedelta) -> Scene:
    """A launch that waits for so long, with a key that has lived for an hour."""
    scene = Scene()
    scene.make_key("scenes", life=life)
    scene.events.append(e.QuotaClosed(until=AT + span))
    return scene


@pytest.mark.parametrize(
    ("span", "life", "times", "first"),
    [
        # Two hours are needed, so that each day of life gives 19.2 hours (a fifth of it is left at the renewal).
        (3 * HOUR, 24 * HOUR, 0, None),
        (48 * HOUR, 24 * HOUR, 2, 18.2),
        (18.2 * HOUR, 24 * HOUR, 1, 18.2),
        (96 * HOUR, 24 * HOUR, 5, 18.2),
        (48 * HOUR, 3 * HOUR, 32, 0.5),
        # One that ends too early now is renewed by the plan itself.
        (48 * HOUR, 1.5 * HOUR, 64, 0.75),
    ],
)
def test_the_forecast_counts_key_renewals(span: timedelta, life: timedelta, times: int, first: float | None) -> None:
    scene = _closed_for(span, life)
    renewals = scene.plan().forecast.renewals
    assert renewals == ((Renewal("key.scenes", times, AT + first * HOUR),) if first else ())


@pytest.mark.parametrize("life", [0 * HOUR, -1 * HOUR])
def test_no_renewals_are_forecast_for_a_key_that_was_never_created(life: timedelta) -> None:
    assert _closed_for(48 * HOUR, life).plan().forecast.renewals == ()


def test_keys_of_others_and_keys_without_end_are_never_renewed() -> None:
    scene = _closed_for(48 * HOUR, 24 * HOUR)
    scene.events = [event for event in scene.events if not isinstance(event, e.KeyCreated)]
    made = next(event for event in scene.events if isinstance(event, e.KeyIntended))
    scene.events.append(
        e.KeyCreated(address="key.scenes", generation=1, name=made.name, intent=made.intent, end_known=True)
    )
    scene.show_key(made, AT, None)
    assert scene.plan().forecast.renewals == ()
