"""Cells of tables that may not say what is meant, reported where a job uses them."""

from __future__ import annotations

import re

from eocanvas_apply.diagnostics import Diagnostic, warning

# 12,5 and 1.234,5 and 2,5E+13; 1,234.5; 1'234.5; the blanks of French thousands are no plain ones.
_NUMBER_OF_A_COUNTRY = re.compile(
    r"""[-+]?
    (?: (?:[0-9]+|[0-9]{1,3}(?:[.'\u2019\u00a0\u202f][0-9]{3})+),[0-9]+(?:[eE][-+]?[0-9]+)?
      | [0-9]{1,3}(?:(?:,[0-9]{3})+|(?:['\u2019][0-9]{3})+|(?:[\u00a0\u202f][0-9]{3})+)(?:\.[0-9]+)? )""",
    re.VERBOSE,
)
# What a spreadsheet shows for a formula that fails, in any language: #REF!, #DIV/0!, #NAME?, #NV.
_FAILED_FORMULA = re.compile(r"#(?:[^\W_]+(?:/0)?[!?]|N/?[AV])")
# What data frames and spreadsheets write where there is no value.
_NO_VALUE = frozenset({"NaN", "nan", "NAN", "NA", "N/A", "n/a", "<NA>", "NaT", "NULL", "null", "None"})


def doubt_about(field: str, cell: object) -> Diagnostic | None:
    """Return a warning about a cell that may be meant as a number, or as no value; both are text here."""
    if not isinstance(cell, str):
        return None
    if _NUMBER_OF_A_COUNTRY.fullmatch(cell.strip()):
        message = f"`each.{field}` is the text `{cell.strip()[:60]}`, not a number"
        hint = "write numbers with a decimal point, and without separators of thousands"
        return warning("csv-decimal-comma", message, hint)
    if cell in _NO_VALUE or _FAILED_FORMULA.fullmatch(cell):
        message = f"`each.{field}` is the text `{cell}`"
        return warning("csv-no-value", message, "leave the cell blank where there is no value")
    return None
