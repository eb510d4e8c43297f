"""`pick`: the one row of several that counts."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.manifest.model.steps import PickBy
from eocanvas_apply.manifest.model.times import read_moment
from eocanvas_apply.manifest.substitution import MissingField, field_of

# Where catalogues and tables keep the time of what they list.
TIME_FIELDS = ("startdate", "start", "datetime", "date", "time", "day", "beginposition", "last_modified")
_TIME_IN_NAME = re.compile(r"(?<![0-9])([0-9]{8}T[0-9]{6})(?![0-9])")


class NoColumn(Exception):
    """Rows cannot be compared; `message` and `hint` are for people."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


def picked(rows: Sequence[Row], pick: str | PickBy) -> Sequence[Row]:
    """Return the one row that is picked, none of none; of equal ones the greatest id wins. Raises NoColumn.

    `latest` and `earliest` go by the first of `TIME_FIELDS` that a row has, else by the time in its id.
    """
    if not rows or pick == "first":
        return rows[:1]
    if pick == "last":
        return rows[-1:]
    way, column = (pick, None) if isinstance(pick, str) else pick.rule
    value = _number if way in ("largest", "smallest") else _time
    return [_best(rows, way, lambda row: value(row, column))]


def _best(rows: Sequence[Row], way: str, value: Callable[[Row], float]) -> Row:
    sign = 1 if way in ("latest", "largest") else -1
    return max(rows, key=lambda row: (sign * value(row), row.id or ""))


def _number(row: Row, column: str | None) -> float:
    given = _field(row, column or "")
    try:
        number = float(given)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number) or isinstance(given, bool):
        raise NoColumn(f"`{column}` holds no number in {_named(row)}", "pick by another column")
    return number


def _time(row: Row, column: str | None) -> float:
    found = _moment(_field(row, column)) if column else _own_time(row.fields, row.id or "")
    if found is None:
        where = f"`{column}` holds no time" if column else "there is no time"
        raise NoColumn(f"{where} in {_named(row)}", "name a column: `pick: {latest: COLUMN}`")
    return found.timestamp()


def _own_time(fields: Mapping[str, Any], name: str) -> datetime | None:
    by_name = {field.casefold(): value for field, value in fields.items()}
    for field in TIME_FIELDS:
        if (found := _moment(by_name.get(field))) is not None:
            return found
    in_name = _TIME_IN_NAME.search(name)
    if in_name is None:
        return None
    try:
        return datetime.strptime(in_name[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        return None


def _moment(value: object) -> datetime | None:
    moment = read_moment(value) if isinstance(value, str) else None
    return moment.fixed if moment else None


def _field(row: Row, column: str | None) -> Any:
    try:
        return field_of(row.fields, column or "")
    except MissingField:
        there = ", ".join(sorted(row.fields))
        raise NoColumn(f"{_named(row)} has no column `{column}`", f"the columns are {there}") from None


def _named(row: Row) -> str:
    return f"the row `{(row.id or '')[:60]}`" if row.id else "a row"
