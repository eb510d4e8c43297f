"""A row of a campaign: its id, its fields, and how messages name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.instances import Origins
from eocanvas_apply.manifest.substitution import is_empty, text_of

ID = "id"
# Of one source, of one search or listing, and of instances: more would not fit into memory, and no quota allows them.
MOST_ROWS = 100_000
# A whole outline as text would leave no room for the fields that differ between rows.
_LONGEST_VALUE = 24
# Shared by the many rows that are not made of instances.
_NO_ORIGINS: Origins = {}


class Row(Struct, frozen=True, gc=False):
    """One row: its natural id, None where its source has none, and its fields by name.

    `origins` are the ids of the instances that it was made of, by the names of their jobs; None where several
    instances of one job went into it.
    """

    id: str | None
    fields: Mapping[str, Any]
    origins: Origins = field(default_factory=lambda: _NO_ORIGINS)


START: Sequence[Row] = (Row(None, {}),)


class Found(Struct, frozen=True):
    """The rows of a source, whether they depend on the day of the run, and warnings about its file.

    `locked` says of a search whether the lock answered it; None for rows that are never locked. `judged` are the
    fields with geometries whose faults are among the warnings.
    """

    rows: Sequence[Row]
    relative: bool = False
    locked: bool | None = None
    warnings: Sequence[Diagnostic] = ()
    judged: frozenset[str] = frozenset()


def bounded(rows: Iterable[Row], file: str) -> list[Row]:
    """Return the rows of a file; raises ManifestError for more than a campaign can have."""
    found = list(islice(rows, MOST_ROWS + 1))
    if len(found) > MOST_ROWS:
        message = f"this file has more than {MOST_ROWS} rows"
        raise ManifestError(error("too-many-rows", message, "split the file").at(Position(file, 1, 1)))
    return found


def id_of(value: object) -> str | None:
    """Return the id that a value gives its row: its text, None for nothing, lists and mappings."""
    return None if isinstance(value, (dict, list)) or is_empty(value) else text_of(value)


def row_name(row: Row) -> str:
    """Return how a message names a row: by its id, else by its first fields."""
    values = (value for value in row.fields.values() if not is_empty(value) and not isinstance(value, dict | list))
    return f"`{(row.id or ', '.join(text_of(value)[:_LONGEST_VALUE] for value in values))[:60]}`"
