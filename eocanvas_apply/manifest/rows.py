"""What a row of a campaign is, and how messages speak of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error
from eocanvas_apply.manifest.substitution import MissingField, text_of
from eocanvas_apply.manifest.validation.wording import names

ID = "id"
Origins = Mapping[str, str | None]
# An outline as text would leave no room for what tells rows apart.
_SHOWN_OF_A_VALUE = 24
# Shared by the many rows that come of no job.
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


def shown(row: Row) -> str:
    """Return how a message names a row."""
    told = (text_of(value) for value in row.fields.values() if not isinstance(value, dict | list))
    return f"`{(row.id or ', '.join(each[:_SHOWN_OF_A_VALUE] for each in told))[:60]}`"


def unknown_field(missing: MissingField, fields: Mapping[str, Any]) -> Diagnostic:
    """Return the finding about a reference to a field that a row does not have, or has empty."""
    if missing.empty:
        return error("empty-field", f"`each.{missing.field}` is empty in a row", "fill it in, or leave the row out")
    hint = did_you_mean(missing.field, fields)
    there = f"the fields are {names(sorted(fields))}" if fields else "there are no fields"
    message = f"there is no field `{missing.field[:60]}`"
    return error("unknown-each-field", message, f"{hint} {there}" if hint else there)
