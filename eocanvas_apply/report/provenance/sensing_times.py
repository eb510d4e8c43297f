"""When what a result shows was observed: from the fields of a row, or from the names of products."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

# What rows of searches, calendars and tables call the begin and the end of what they are about, the surest first.
_BEGINS = ("startdate", "start_datetime", "start", "dtstart", "begin", "datetime", "date", "day", "time")
_ENDS = ("enddate", "end_datetime", "end", "dtend")
_STAMP = re.compile(r"(?<!\d)((?:19|20)\d{6})[T_]?(\d{6})(?!\d)")
_DAY = re.compile(r"(?<!\d)((?:19|20)\d{6})(?!\d)")
# A later second stamp is when a product was made, not when its sensing ended.
_LONGEST_SENSING = timedelta(hours=3)
_ONE_DAY, _ONE_SECOND = timedelta(days=1), timedelta(seconds=1)


class Interval(Struct, frozen=True):
    """A stretch of time in UTC; both ends are the same for a moment."""

    begin: datetime
    end: datetime


def times_of_row(fields: Mapping[str, Any]) -> Interval | None:
    """Return what a row's own fields say, also behind a prefix; None where none of them is a time."""
    plain = {name.rpartition(".")[2].lower(): value for name, value in reversed([*fields.items()])}
    begin = next(_read(plain, _BEGINS), None)
    end = next(_read(plain, _ENDS), None)
    if begin is None:
        return None
    # The end of a stretch of days is the midnight after the last.
    last = end.begin if end else begin.end
    return Interval(begin.begin, last) if last >= begin.begin else Interval(begin.begin, begin.end)


def times_of_names(names: Iterable[str]) -> Interval | None:
    """Return the stretch from the first to the last sensing in the names of products, None where they have none."""
    found = [times for name in names if (times := _of_name(name))]
    return Interval(min(t.begin for t in found), max(t.end for t in found)) if found else None


def _read(fields: Mapping[str, Any], names: Iterable[str]) -> Iterator[Interval]:
    for name in names:
        if times := _written(str(fields.get(name, ""))):
            yield times


def _written(text: str) -> Interval | None:
    """Return the time of an ISO text, or the day; None for any other text, and a number that looks like a day."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return None
    try:
        begin = datetime.fromisoformat(text)
    except ValueError:
        return None
    begin = begin.replace(tzinfo=UTC) if begin.tzinfo is None else begin.astimezone(UTC)
    return Interval(begin, begin + _ONE_DAY - _ONE_SECOND if len(text) == len("2024-07-01") else begin)


def _of_name(name: str) -> Interval | None:
    stamps = [time for found in _STAMP.finditer(name) if (time := _parsed(found[1] + found[2], "%Y%m%d%H%M%S"))]
    if stamps:
        begin = stamps[0]
        later = stamps[1] if len(stamps) > 1 else begin
        return Interval(begin, later if begin <= later <= begin + _LONGEST_SENSING else begin)
    days = [time for found in _DAY.finditer(name) if (time := _parsed(found[1], "%Y%m%d"))]
    return Interval(days[0], days[0] + _ONE_DAY - _ONE_SECOND) if days else None


def _parsed(digits: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(digits, form).replace(tzinfo=UTC)
    except ValueError:
        return None
