"""A row for every day, or every few days, of a stretch of the calendar in UTC."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.times import Moment, read_moment
from eocanvas_apply.manifest.rows import Row

_MOST_YEARS = 200
_LAST_YEAR = 9000


def day_rows(first: str, last: str, every: timedelta, now: datetime) -> tuple[Iterator[Row], bool]:
    """Return rows from the first day to the last, itself included, and whether they depend on `now`.

    A row has `day` (also its id), `start` and `end` (the end not included; times of midnight), `year`, `month`,
    `day_of_month` and `day_of_year`, the last four with leading zeros. Raises ManifestError.
    """
    begin, end = _moment(first), _moment(last)
    begins, ends = begin.at(now).date(), end.at(now).date()
    if ends < begins:
        message = f"the last day, {ends}, is before the first, {begins}"
        raise ManifestError(error("bad-day", message, "exchange `from` and `to`"))
    if ends.year - begins.year > _MOST_YEARS or every.days > _MOST_YEARS * 365 or ends.year > _LAST_YEAR:
        message = f"from {begins} to {ends} is no stretch of at most {_MOST_YEARS} years before {_LAST_YEAR}"
        raise ManifestError(error("bad-day", message, "correct `from`, `to` or `every`"))
    days = ((ends - begins) // every) + 1
    starts = (datetime.combine(begins, time(), UTC) + number * every for number in range(days))
    return (_row(start, every) for start in starts), begin.is_relative or end.is_relative


def _moment(text: str) -> Moment:
    found = read_moment(text)
    if found is None:
        hint = "write a day such as 2024-07-01, or today, yesterday, now-3d"
        raise ManifestError(error("bad-day", f"`{text[:60]}` is no day", hint))
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
