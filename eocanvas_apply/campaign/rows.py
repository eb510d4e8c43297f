"""A row of a campaign: its id, its fields, and how messages name it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, one_of
from eocanvas_apply.manifest.instances import Origins
from eocanvas_apply.manifest.substitution import MissingField, text_of

ID = "id"
# A whole outline as text would leave no room for the fields that differ between rows.
_LONGEST_VALUE = 24
# Shared by the many rows that are not made of instances.
_NO_ORIGINS: Origins = {}


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its natural id, None where its source has none, and its fields by name.

    `origins` are the ids of the instances that it was made of, by the names of their jobs; None where several
    instances of one job went into it.
    """

    id: str | None
    fields: Mapping[str, Any]
    origins: Origins = field(default_factory=lambda: _NO_ORIGINS)


START: Sequence[Row] = (Row(None, {}),)


@dataclass(frozen=True, slots=True)
class Found:
    """The rows of a source, and whether they depend on the day of the run.

    `locked` says of a search whether the lock answered it; None for rows that are never locked.
    """

    rows: Sequence[Row]
    relative: bool = False
    locked: bool | None = None


def id_of(value: object) -> str | None:
    """Return the id that a value gives its row: its text, None for nothing, lists and mappings."""
    return None if value is None or isinstance(value, (dict, list)) or value == "" else text_of(value)


def row_name(row: Row) -> str:
    """Return how a message names a row: by its id, else by its first fields."""
    texts = (text_of(value) for value in row.fields.values() if not isinstance(value, dict | list))
    return f"`{(row.id or ', '.join(each[:_LONGEST_VALUE] for each in texts))[:60]}`"


def unknown_field(missing: MissingField, fields: Mapping[str, Any]) -> Diagnostic:
    """Return the diagnostic about a reference to a field that a row does not have, or has empty."""
    if missing.empty:
        return error("empty-field", f"`each.{missing.field}` is empty in a row", "fill it in, or leave the row out")
    hint = did_you_mean(missing.field, fields)
    there = f"the fields are {one_of(sorted(fields))}" if fields else "there are no fields"
    message = f"there is no field `{missing.field[:60]}`"
    return error("unknown-each-field", message, f"{hint} {there}" if hint else there)
