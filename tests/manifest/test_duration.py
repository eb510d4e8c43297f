from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.manifest.model.times import format_duration, parse_duration


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36525)))
def test_a_written_duration_is_read_back(duration: timedelta) -> None:
    whole = duration - timedelta(microseconds=duration.microseconds % 1000)
    assert parse_duration(format_duration(duration)) == whole


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30s", timedelta(seconds=30)),
        ("1h30m", timedelta(minutes=90)),
        ("500ms", timedelta(milliseconds=500)),
        ("1m500ms", timedelta(seconds=60.5)),
        ("2w", timedelta(days=14)),
        ("0s", timedelta(0)),
    ],
)
def test_units_are_joined(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "30", "s", "1 h", "-1h", "1.5h", "1h ", "1y", "٣s", "9" * 30 + "w", "101w5218w", "1H"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"duration|100 years"):
        parse_duration(text)


def test_days_are_the_largest_unit_written() -> None:
    assert format_duration(timedelta(days=30, hours=1, milliseconds=5)) == "30d1h5ms"
    assert format_duration(timedelta(0)) == "0s"
