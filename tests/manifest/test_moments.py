from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eocanvas_apply.manifest.model.times import read_moment, resolved

NOW = datetime(2024, 7, 5, 12, 30, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("now", "2024-07-05T12:30:15+00:00"),
        ("now-3d", "2024-07-02T12:30:15+00:00"),
        ("now - 1h30m", "2024-07-05T11:00:15+00:00"),
        ("today", "2024-07-05T00:00:00+00:00"),
        ("yesterday", "2024-07-04T00:00:00+00:00"),
        ("today+12h", "2024-07-05T12:00:00+00:00"),
        ("2024-07-01", "2024-07-01T00:00:00+00:00"),
        ("2024-07-01T10:00:00Z", "2024-07-01T10:00:00+00:00"),
        ("2024-07-01T10:00:00+02:00", "2024-07-01T08:00:00+00:00"),
    ],
)
def test_times(text: str, time: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    assert moment.at(NOW).isoformat() == time


@pytest.mark.parametrize(
    "text", ["", "nowadays", "now-3", "now-3y", "today-99999999w", "2024-02-30", "20240701", "todays"]
)
def test_an_invalid_time_is_none(text: str) -> None:
    assert read_moment(text) is None


def test_relative_times_are_resolved_in_every_field_of_a_query() -> None:
    query = {"dtstart": "now-3d", "nested": [{"end": "today"}], "dtend": "2024-07-01T00:00:00Z", "n": 3}
    expected = {**query, "dtstart": "2024-07-02T12:30:15Z", "nested": [{"end": "2024-07-05T00:00:00Z"}]}
    assert resolved(query, NOW) == (expected, True)
    assert resolved({"a": ["2024-07-01"]}, NOW) == ({"a": ["2024-07-01"]}, False)
