"""`pick`: the one row of several."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from eocanvas_apply.campaign.rows import Row, row_name
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.model.steps import PickBy
from eocanvas_apply.manifest.model.times import read_moment
from eocanvas_apply.manifest.substitution import MissingField, field_of
from eocanvas_apply.manifest.validation.meaning import Finding

# Where catalogues and tables keep the time of what they list.
TIME_FIELDS = ("startdate", "start", "datetime", "date", "time", "day", "beginposition", "last_modified")
_TIME_IN_NAME = re.compile(r"(?<![0-9])([0-9]{8}T[0-9]{6})(?![0-9])")


class Stop(Exception):
    """The step cannot be joined; carries what is to be said."""

    def __init__(self, found: Diagnostic, *path: str) -> None:
        super().__init__(found.message)
        self.finding: Finding = (found, path)


def picked(rows: Sequence[Row], pick: str | PickBy) -> Sequence[Row]:
    """Return the one row that is picked, none of none; of equal ones the greatest id wins.

    `latest` and `earliest` go by the first of `TIME_FIELDS` that a row has, else by the time in its id.
    """
    if not rows or pick == "first":
        return rows[:1]
    if pick == "last":
        return rows[-1:]
    way, column = (pick, "") if isinstance(pick, str) else pick.rule
    value = _number if way in ("largest", "smallest") else _time
    sign = 1 if way in ("latest", "largest") else -1
    return [max(rows, key=lambda row: (sign * value(row, column), row.id or ""))]


def _number(row: Row, column: str) -> float:
    given = _cell(row, column)
    try:
        number = float(given)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if math.isnan(number) or isinstance(given, bool):
        comma = isinstance(given, str) and "," in given
        hint = "write numbers with a decimal point" if comma else "fill it in, or pick by another column"
        raise _cannot_pick(f"`{column}` holds no number in {_which(row)}", hint)
    return number


def _time(row: Row, column: str) -> float:
    found = _moment(_cell(row, column)) if column else _own_time(row)
    if found is None:
        where = f"`{column}` holds no time" if column else "there is no time"
        raise _cannot_pick(f"{where} in {_which(row)}", "name a column: `pick: {latest: COLUMN}`")
    return found.timestamp()


def _own_time(row: Row) -> datetime | None:
    by_name = {name.casefold(): value for name, value in row.fields.items()}
    for name in TIME_FIELDS:
        if (found := _moment(by_name.get(name))) is not None:
            return found
    in_name = _TIME_IN_NAME.search(row.id or "")
    try:
        return datetime.strptime(in_name[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC) if in_name else None
    except ValueError:
        return None


def _moment(value: object) -> datetime | None:
    moment = read_moment(value) if isinstance(value, str) else None
    return moment.fixed if moment else None


def _cell(row: Row, column: str) -> Any:
    try:
        return field_of(row.fields, column)
    except MissingField:
        hint = f"the columns are {', '.join(sorted(row.fields))}"
        raise _cannot_pick(f"{_which(row)} has no column `{column}`", hint) from None


def _cannot_pick(message: str, hint: str) -> Stop:
    return Stop(error("cannot-pick", message, hint), "pick")


def _which(row: Row) -> str:
    return f"the row {row_name(row)}"
