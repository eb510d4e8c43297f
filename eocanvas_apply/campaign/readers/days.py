"""Rows from the days of the calendar, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from eocanvas_apply.campaign.rows import Found, Row
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.steps import Days
from eocanvas_apply.manifest.model.times import Moment, read_moment

_MOST_YEARS = 200
_LAST_YEAR = 9000


def day_rows(days: Days, now: datetime) -> Found:
    """Return a row for each day from the first to the last, itself included. Raises ManifestError.

    A row has `day` (also its id), `start` and `end` (the end not included; both at midnight), `year`, `month`,
    `day_of_month` and `day_of_year`, the last three with leading zeros.
    """
    first, last = _moment(days.first), _moment(days.last)
    begin, end, every = first.at(now).date(), last.at(now).date(), days.every
    if end < begin:
        message = f"the last day, {end}, is before the first, {begin}"
        raise ManifestError(error("bad-day", message, "exchange `from` and `to`"))
    if end.year - begin.year > _MOST_YEARS or every.days > _MOST_YEARS * 365 or end.year > _LAST_YEAR:
        message = f"range too long: {begin} to {end} (at most {_MOST_YEARS} years, up to the year {_LAST_YEAR})"
        raise ManifestError(error("bad-day", message, "correct `from`, `to` or `every`"))
    midnight = datetime.combine(begin, time(), UTC)
    rows = [_row(midnight + number * every, every) for number in range((end - begin) // every + 1)]
    return Found(rows, first.is_relative or last.is_relative)


def _moment(text: str) -> Moment:
    found = read_moment(text)
    if found is None:
        hint = "write a day such as 2024-07-01, or today, yesterday, now-3d"
        raise ManifestError(error("bad-day", f"`{text[:60]}` is not a day", hint))
    return found


def _row(start: datetime, every: timedelta) -> Row:
    end = start + every
    fields = {
        "day": start.date().isoformat(),
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{end:%Y-%m-%dT%H:%M:%SZ}",
        "year": f"{start:%Y}",
        "month": f"{start:%m}",
        "day_of_month": f"{start:%d}",
        "day_of_year": f"{start:%j}",
    }
    return Row(fields["day"], fields)
