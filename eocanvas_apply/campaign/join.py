"""How the rows of one step of a campaign join those of the steps before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.campaign.picking import Stop, picked
from eocanvas_apply.campaign.row_faults import RowFaults
from eocanvas_apply.campaign.rows import ID, MOST_ROWS, START, Row, row_name
from eocanvas_apply.diagnostics import did_you_mean, error, one_of, warning
from eocanvas_apply.manifest.instances import Origins
from eocanvas_apply.manifest.model.steps import PickBy, Step
from eocanvas_apply.manifest.substitution import MissingField, Template, field_of, is_empty, text_of
from eocanvas_apply.manifest.validation.meaning import Finding

# The texts of the columns of `by`.
_Key = tuple[str | None, ...]


class Joined(Struct):
    """The rows after a step, with what is to be said; each path is below the step."""

    rows: list[Row] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def join(before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, most: int) -> Joined:
    """Return each row with each of its partners; `partners` has the rows of this step's source for each row before.

    With `by` only those count that hold the same texts in these columns; `pick` leaves one. More than `most` rows
    are an error and none come back, like after every other error.
    """
    joined = Joined()
    try:
        chosen = _chosen(before, partners, step, joined)
        _guard_total(sum(map(len, chosen)), most)
        _guard_names(before, chosen, step)
        faults = RowFaults()
        rows = list(_built(before, chosen, step, faults))
        joined.findings += [(each.diagnostic(), (ID,)) for each in faults]
        joined.rows = [] if faults else rows
    except Stop as stop:
        joined.findings.append(stop.finding)
    return joined


def _chosen(
    before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, joined: Joined
) -> list[Sequence[Row]]:
    chosen = list(_matched(before, partners, step, joined)) if step.by else list(partners)
    _guard_counts(before, chosen, step, joined)
    return chosen if step.pick is None else list(_picked(chosen, step.pick))


def _picked(chosen: Sequence[Sequence[Row]], pick: str | PickBy) -> Iterator[Sequence[Row]]:
    known: dict[int, Sequence[Row]] = {}
    for rows in chosen:
        if id(rows) not in known:
            known[id(rows)] = picked(rows, pick)
        yield known[id(rows)]


def _matched(
    before: Sequence[Row], partners: Sequence[Sequence[Row]], step: Step, joined: Joined
) -> Iterator[Sequence[Row]]:
    if before is START:
        raise Stop(error("nothing-to-join", "the first step has no rows before it to join", "take `by:` out"), "by")
    indexes: dict[int, dict[_Key, list[Row]]] = {}
    used: set[_Key] = set()
    for row, candidates in zip(before, partners, strict=True):
        if (index := indexes.get(id(candidates))) is None:
            index = indexes[id(candidates)] = _index(candidates, step)
        key = _key(row, step.columns)
        used.add(key)
        yield () if None in key else index.get(key, ())
    used -= {key for key in used if None in key}
    idle = [rows[0] for index in indexes.values() for key, rows in index.items() if key not in used]
    if idle:
        verb = "joins" if len(idle) == 1 else "join"
        message = f"{_rows(len(idle))} of this step {verb} no row before, first {_values(idle[0], step)}"
        found = warning("row-without-partner", message, "they make no instance; see whether a name is misspelt")
        joined.findings.append((found, ("by",)))


def _index(candidates: Sequence[Row], step: Step) -> dict[_Key, list[Row]]:
    index: dict[_Key, list[Row]] = {}
    for row in candidates:
        index.setdefault(_key(row, step.columns), []).append(row)
    return index


def _key(row: Row, columns: Sequence[str]) -> _Key:
    """Return what a row is joined by; None, a blank, joins nothing."""
    try:
        values = [field_of(row.fields, column) for column in columns]
    except MissingField as missing:
        hint = did_you_mean(missing.field, row.fields) or f"the fields are {one_of(sorted(row.fields))}"
        message = f"the row {row_name(row)} has no field `{missing.field[:60]}` to join by"
        raise Stop(error("unknown-column", message, hint), "by") from None
    return tuple(None if is_empty(value) else text_of(value) for value in values)


def _guard_total(total: int, most: int) -> None:
    if total > (allowed := min(most, MOST_ROWS)):
        hint = "narrow the steps, or write `max:` with the number that you mean"
        hint = hint if most < MOST_ROWS else "narrow the steps; no `max:` allows more"
        raise Stop(error("too-many-instances", f"these steps make more than {allowed} instances", hint), "max")


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
    new = {field_name(name, step) for rows in lists.values() for name in _names(rows)}
    twice = sorted(old & new - set(step.columns) - {ID})
    if twice:
        message = f"this step and one before both have a field {', '.join(twice)}"
        raise Stop(error("column-twice", message, "write `as: NAME`, which makes its fields ${each.NAME.FIELD}"), "as")


def _names(rows: Iterable[Row]) -> set[str]:
    return set().union(*{tuple(row.fields) for row in rows})


def _built(before: Sequence[Row], chosen: Sequence[Sequence[Row]], step: Step, faults: RowFaults) -> Iterator[Row]:
    template = Template(step.id) if step.id is not None else None
    # Decided from the text and never from the number of rows, or one more row would rename others.
    keeps_id = before is not START and (step.by is not None or step.pick is not None or step.expected == (1, 1))
    own_fields = _own_fields(step)
    for row, others in zip(before, chosen, strict=True):
        for other in others:
            combined = None if row.id is None or other.id is None else f"{row.id}-{other.id}"
            natural = row.id if keeps_id else other.id if before is START else combined
            fields = {**row.fields, **own_fields(other)}
            if natural is not None:
                fields[ID] = natural
            name = natural if template is None else _name(template, natural, fields, faults)
            yield Row(name, fields, _united(row.origins, other.origins))


def _united(one: Origins, other: Origins) -> Origins:
    if not one or not other:
        return one or other
    several = {name for name in one.keys() & other.keys() if one[name] != other[name]}
    return {**one, **other, **dict.fromkeys(several)}


def _own_fields(step: Step) -> Callable[[Row], Mapping[str, Any]]:
    """Return what gives the fields that a row of this step brings along, by the names that they have from then on."""
    if step.prefix is None:
        # Of the columns that join, the row before keeps its own: 33 stays a number beside the text of a table.
        joining = step.columns
        if not joining:
            return lambda row: row.fields
        return lambda row: {name: value for name, value in row.fields.items() if name not in joining}

    def renamed(row: Row) -> Mapping[str, Any]:
        fields = row.fields if row.id is None else {ID: row.id, **row.fields}
        return {field_name(name, step): value for name, value in fields.items()}

    return renamed


def _name(template: Template, natural: str | None, fields: dict[str, Any], faults: RowFaults) -> str | None:
    """Return the id that a step gives a row, which is also its field from then on."""
    try:
        fields[ID] = text_of(template.fill(fields))
    except MissingField:
        faults.add_missing(template, Row(natural, fields))
        return natural
    return str(fields[ID])


def field_name(name: str, step: Step) -> str:
    """Return what a field of a step is called behind its `as:`."""
    return name if step.prefix is None else f"{step.prefix}.{name}"


def _values(row: Row, step: Step) -> str:
    values = [(column, field_of(row.fields, column)) for column in step.columns]
    return ", ".join(f"{column} {'(blank)' if is_empty(value) else text_of(value)[:60]}" for column, value in values)


def _rows(count: int) -> str:
    return "no row" if count == 0 else "1 row" if count == 1 else f"{count} rows"
