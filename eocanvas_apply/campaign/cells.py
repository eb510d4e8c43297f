"""Cells of tables that may not say what is meant, reported where a job uses them."""

from __future__ import annotations

import re

from eocanvas_apply.diagnostics import Diagnostic, warning

_NUMBER_WITH_COMMA = re.compile(
    r"[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+|[-+]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?"
)
# What data frames and spreadsheets write where there is no value.
_NO_VALUE = frozenset(
    {"NaN", "nan", "NAN", "NA", "N/A", "n/a", "#N/A", "<NA>", "NaT", "NULL", "null", "None", "#VALUE!"}
)


def doubt_about(field: str, cell: object) -> Diagnostic | None:
    """Return a warning about a cell that may be meant as a number, or as no value; both are text here."""
    if not isinstance(cell, str):
        return None
    if "," in cell and _NUMBER_WITH_COMMA.fullmatch(cell.strip()):
        message = f"`each.{field}` is the text `{cell.strip()[:60]}`, not a number"
        hint = "write numbers with a decimal point, and without separators of thousands"
        return warning("csv-decimal-comma", message, hint)
    if cell in _NO_VALUE:
        message = f"`each.{field}` is the text `{cell}`"
        return warning("csv-no-value", message, "leave the cell blank where there is no value")
    return None
