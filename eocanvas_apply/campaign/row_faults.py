"""Faults of the rows of a campaign, each counted and reported once with its first row."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.campaign.rows import Row, row_name
from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, one_of
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.substitution import LONGEST_FILLED, MissingField, Template


class RowFault(Struct):
    """One fault, the path that it belongs to, the first row that has it, and how many do."""

    found: Diagnostic
    path: Path
    first: str
    at_name: bool = False
    rows: int = 1

    def diagnostic(self) -> Diagnostic:
        """Return it with its first row and their number."""
        where = f"in the row {self.first}" if self.rows == 1 else f"in {self.rows} rows, first {self.first}"
        return replace(self.found, message=f"{self.found.message} ({where})")


class RowFaults(Struct):
    """The faults of many rows."""

    _faults: dict[object, RowFault] = field(default_factory=dict)

    def __iter__(self) -> Iterator[RowFault]:
        return iter(self._faults.values())

    def __len__(self) -> int:
        return len(self._faults)

    def add(
        self, key: object, row: Row, build: Callable[[], Diagnostic], path: Path = (), *, at_name: bool = False
    ) -> None:
        """Count one more row of a fault; build its diagnostic for the first."""
        if known := self._faults.get(key):
            known.rows += 1
        else:
            self._faults[key] = RowFault(build(), path, row_name(row), at_name)

    def add_missing(self, template: Template, row: Row, *path: str | int) -> dict[str, list[Path]]:
        """Count every field that a template refers to and a row does not have; return the places of each."""
        places: dict[str, list[Path]] = {}
        for place, missing in template.missing(row.fields):
            found = places.setdefault(missing.field, [])
            found.append(place)
            if len(found) == 1:
                key = (missing.field, missing.empty, missing.long)
                self.add(key, row, lambda missing=missing: _missing(missing, row), (*path, *place))  # type: ignore[misc]
        return places


def _missing(missing: MissingField, row: Row) -> Diagnostic:
    """Return the diagnostic about a reference to a field that a row does not have, or has empty."""
    if missing.long:
        message = (
            f"with `each.{missing.field[:60]}` filled in, the texts have more than {LONGEST_FILLED // 1_000_000} MB"
        )
        return error("manifest-too-long", message, "use shorter fields, or use them less often")
    if missing.empty:
        return error("empty-field", f"`each.{missing.field[:60]}` is empty", "fill it in, or leave the row out")
    hint = did_you_mean(missing.field, row.fields)
    there = f"the fields are {one_of(sorted(row.fields))}" if row.fields else "there are no fields"
    message = f"there is no field `{missing.field[:60]}`"
    return error("unknown-each-field", message, f"{hint} {there}" if hint else there)
