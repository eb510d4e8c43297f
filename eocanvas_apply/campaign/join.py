"""How the rows of one step of a campaign join those of the steps before, and `pick`, the one row of several."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from eocanvas_apply.campaign.rows import ID, START, Row, row_name, unknown_field
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, one_of, warning
from eocanvas_apply.manifest.instances import Origins
from eocanvas_apply.manifest.model.steps import PickBy, Step
from eocanvas_apply.manifest.model.times import read_moment
from eocanvas_apply.manifest.substitution import MissingField, Template, field_of, text_of
from eocanvas_apply.manifest.validation.meaning import Finding

# Where catalogues and tables keep the time of what they list.
TIME_FIELDS = ("startdate", "start", "datetime", "date", "time", "day", "beginposition", "last_modified")
_TIME_IN_NAME = re.compile(r"(?<![0-9])([0-9]{8}T[0-9]{6})(?![0-9])")


@dataclass
class Joined:
    """The rows after a step, with what is to be said; each path is below the step."""

    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


class _Stop(Exception):
    """The step cannot be joined; carries what is to be said."""

    def __init__(self, found: Diagnostic, *path: str) -> None:
        super().__init__(found.message)
        self.finding: Finding = (found, path)


def join(before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, most: int) -> Joined:
    """Return each row with each of its partners; `partners` has the rows of this step's source for each row before.

    With `by` only those count that hold the same texts in these columns; `pick` leaves one. More than `most` rows
    are an error and none come back, like after every other error.
    """
    joined = Joined()
    try:
        chosen = _chosen(before, partners, step, joined)
        total = sum(map(len, chosen))
        if total > most:
            hint = "narrow the steps, or write `max:` with the number that you mean"
            raise _Stop(error("too-many-instances", f"these steps make more than {most} instances", hint), "max")
        _guard_names(before, chosen, step)
        joined.rows = list(_built(before, chosen, step))
    except _Stop as stop:
        joined.findings.append(stop.finding)
    return joined


def _chosen(
    before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, joined: Joined
) -> list[Sequence[Row]]:
    chosen = list(_matched(before, partners, step, joined)) if step.by else list(partners)
    _guard_counts(before, chosen, step, joined)
    return chosen if step.pick is None else [_picked(rows, step.pick) for rows in chosen]


def _matched(
    before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, joined: Joined
) -> Iterator[Sequence[Row]]:
    if before is START:
        raise _Stop(error("nothing-to-join", "the first step has no rows before it to join", "take `by:` out"), "by")
    indexes: dict[int, dict[tuple[str, ...], list[Row]]] = {}
    used: set[tuple[str, ...]] = set()
    for row, candidates in zip(before, partners, strict=True):
        if (index := indexes.get(id(candidates))) is None:
            index = indexes[id(candidates)] = _index(candidates, step)
        key = _key(row, step.columns)
        used.add(key)
        yield index.get(key, ())
    idle = [rows[0] for index in indexes.values() for key, rows in index.items() if key not in used]
    if idle:
        verb = "joins" if len(idle) == 1 else "join"
        message = f"{_rows(len(idle))} of this step {verb} no row before, first {_values(idle[0], step)}"
        found = warning("row-without-partner", message, "they make no instance; see whether a name is misspelt")
        joined.findings.append((found, ("by",)))


def _index(candidates: Sequence[Row], step: Step) -> dict[tuple[str, ...], list[Row]]:
    index: dict[tuple[str, ...], list[Row]] = {}
    for row in candidates:
        index.setdefault(_key(row, step.columns), []).append(row)
    return index


def _key(row: Row, columns: Sequence[str]) -> tuple[str, ...]:
    try:
        return tuple(text_of(field_of(row.fields, column)) for column in columns)
    except MissingField as missing:
        hint = did_you_mean(missing.field, row.fields) or f"the fields are {one_of(sorted(row.fields))}"
        message = f"the row {row_name(row)} has no field `{missing.field[:60]}` to join by"
        raise _Stop(error("unknown-column", message, hint), "by") from None


def _guard_counts(before: Sequence[Row], chosen: Sequence[Sequence[Row]], step: Step, joined: Joined) -> None:
    least, greatest = step.expected or (1, None)
    most = math.inf if greatest is None else greatest
    wrong = [number for number, rows in enumerate(chosen) if not least <= len(rows) <= most]
    if not wrong:
        return
    first, count = before[wrong[0]], len(chosen[wrong[0]])
    who = "" if before is START else f" for {_rows(len(wrong))}, first {row_name(first)}"
    if step.expected is not None:
        message = f"this step gives {_rows(count)}{who}, not {step.expect}"
        joined.findings.append((error("unexpected-count", message, "correct the source, or `expect`"), ("expect",)))
    elif step.by:
        verb = "has" if len(wrong) == 1 else "have"
        message = f"{_rows(len(wrong))} before {verb} no partner in this step, first {_values(first, step)}"
        hint = 'add the missing rows, or write `expect: ">=0"` to leave these out'
        joined.findings.append((error("row-without-partner", message, hint), ("by",)))
    else:
        found = warning("no-rows", f"this step gives no row{who}", 'write `expect: ">=1"` to make it an error')
        joined.findings.append((found, (step.kind,)))


def _guard_names(before: Sequence[Row], chosen: Sequence[Sequence[Row]], step: Step) -> None:
    old = _names(before)
    lists = {id(rows): rows for rows in chosen}
    new = {_prefixed(name, step) for rows in lists.values() for name in _names(rows)}
    twice = sorted(old & new - set(step.columns) - {ID})
    if twice:
        message = f"this step and one before both have a field {', '.join(twice)}"
        raise _Stop(error("column-twice", message, "write `as: NAME`, which makes its fields ${each.NAME.FIELD}"), "as")


def _names(rows: Iterable[Row]) -> set[str]:
    return set().union(*{frozenset(row.fields) for row in rows})


def _built(before: Sequence[Row], chosen: Sequence[Sequence[Row]], step: Step) -> Iterator[Row]:
    template = Template(step.id) if step.id is not None else None
    # Decided from the text and never from the number of rows, or one more row would rename others.
    keeps_id = before is not START and (step.by is not None or step.pick is not None or step.expected == (1, 1))
    for row, others in zip(before, chosen, strict=True):
        for other in others:
            combined = None if row.id is None or other.id is None else f"{row.id}-{other.id}"
            natural = row.id if keeps_id else other.id if before is START else combined
            fields = {**row.fields, **_own_fields(other, step)}
            yield _named(Row(natural, fields, _united(row.origins, other.origins)), template)


def _united(one: Origins, other: Origins) -> Origins:
    if not one or not other:
        return one or other
    several = {name for name in one.keys() & other.keys() if one[name] != other[name]}
    return {**one, **other, **dict.fromkeys(several)}


def _own_fields(row: Row, step: Step) -> Mapping[str, Any]:
    if step.prefix is None:
        # Of the columns that join, the row before keeps its own: 33 stays a number beside the text of a table.
        joining = step.columns
        return {name: value for name, value in row.fields.items() if name not in joining} if joining else row.fields
    fields = row.fields if row.id is None else {ID: row.id, **row.fields}
    return {_prefixed(name, step): value for name, value in fields.items()}


def _named(row: Row, template: Template | None) -> Row:
    fields = {**row.fields, **({} if row.id is None else {ID: row.id})}
    if template is None:
        return Row(row.id, fields, row.origins)
    try:
        name = text_of(template.fill(fields))
    except MissingField as missing:
        raise _Stop(unknown_field(missing, fields), ID) from None
    return Row(name, {**fields, ID: name}, row.origins)


def _prefixed(name: str, step: Step) -> str:
    return name if step.prefix is None else f"{step.prefix}.{name}"


def _values(row: Row, step: Step) -> str:
    return ", ".join(f"{column} {text_of(field_of(row.fields, column))[:60]}" for column in step.columns)


def _rows(count: int) -> str:
    return "no row" if count == 0 else "1 row" if count == 1 else f"{count} rows"


def _picked(rows: Sequence[Row], pick: str | PickBy) -> Sequence[Row]:
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
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number) or isinstance(given, bool):
        raise _cannot_pick(f"`{column}` holds no number in {_which(row)}", "pick by another column")
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


def _cannot_pick(message: str, hint: str) -> _Stop:
    return _Stop(error("cannot-pick", message, hint), "pick")


def _which(row: Row) -> str:
    return f"the row `{row.id[:60]}`" if row.id else "a row"
