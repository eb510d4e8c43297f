from __future__ import annotations

from datetime import UTC, datetime

import pytest

from eocanvas_apply.service.clock import parse_http_time
from eocanvas_apply.service.wire import parse_time


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-10-21:08.59.05", datetime(2024, 10, 21, 8, 59, 5, tzinfo=UTC)),
        ("2024-10-21T09:02:13Z", datetime(2024, 10, 21, 9, 2, 13, tzinfo=UTC)),
        ("2024-10-21T09:02:13.723098324Z", datetime(2024, 10, 21, 9, 2, 13, 723098, tzinfo=UTC)),
        ("2025-02-13 13:42:08", datetime(2025, 2, 13, 13, 42, 8, tzinfo=UTC)),
        ("2024-12-06T15:31:45.123456789+00:00", datetime(2024, 12, 6, 15, 31, 45, 123456, tzinfo=UTC)),
        ("2024-12-06T15:31:45.5+02:30", datetime(2024, 12, 6, 13, 1, 45, 500000, tzinfo=UTC)),
        ("2024-12-06T15:31:45-01", datetime(2024, 12, 6, 16, 31, 45, tzinfo=UTC)),
    ],
)
def test_every_shape_the_service_writes(text: str, moment: datetime) -> None:
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "value", [None, "", 1729500000, "soon", "2024-13-01T00:00:00Z", "0001-01-01T00:00:00+10:00", "2024-10-21", {}]
)
def test_an_invalid_time_stamp_is_none(value: object) -> None:
    assert parse_time(value) is None


def test_an_impossible_zone_is_none() -> None:
    assert parse_time("2024-12-06T15:31:45+99:00") is None


def test_a_header_is_read_into_utc() -> None:
    assert parse_http_time("Mon, 21 Oct 2024 09:02:13 GMT") == datetime(2024, 10, 21, 9, 2, 13, tzinfo=UTC)
    assert parse_http_time("Mon, 21 Oct 2024 09:02:13 +0200") == datetime(2024, 10, 21, 7, 2, 13, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "Mon, 99 Oct 2024 09:02:13 GMT", "Mon, 21 Oct 99999999999999999999 09:02:13 GMT"),
        # It leaves the calendar on its way to UTC.
        "Fri, 31 Dec 9999 23:59:59 -0100",
    ],
)
def test_a_header_without_a_time_gives_none(text: str) -> None:
    assert parse_http_time(text) is None
