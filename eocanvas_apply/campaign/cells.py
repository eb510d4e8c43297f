"""Cells of tables that may not say what is meant, reported where a job uses them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from eocanvas_apply.diagnostics import Diagnostic, warning

# 12,5 and 1.234,5 and 2,5E+13; 1,234.5; 1'234.5; the blanks of French thousands are no plain ones.
_NUMBER_OF_A_COUNTRY = re.compile(
    r"""(?x: [-+]?
    (?: (?:[0-9]+|[0-9]{1,3}(?:[.'\u2019\u00a0\u202f][0-9]{3})+),[0-9]+(?:[eE][-+]?[0-9]+)?
      | [0-9]{1,3}(?:(?:,[0-9]{3})+|(?:['\u2019][0-9]{3})+|(?:[\u00a0\u202f][0-9]{3})+)(?:\.[0-9]+)? ) )"""
)
# What a spreadsheet shows for a formula that fails, in any language: #REF!, #DIV/0!, #NAME?, #NV; and what data
# frames and spreadsheets write where there is no value.
_NO_VALUE = re.compile(r"#(?:[^\W_]+(?:/0)?[!?]|N/?[AV])|NaN|nan|NAN|NA|N/A|n/a|<NA>|NaT|NULL|null|None")
_ROUNDED = re.compile(r"[-+]?[0-9](?:[.,][0-9]+)?[eE]\+[0-9]{2,3}")
_TRUE_OR_FALSE = re.compile(r"TRUE|FALSE|True|False|WAHR|FALSCH|VRAI|FAUX")
# The days of 1982 to 2119 as spreadsheets count them, from the end of 1899; in other columns they may be numbers.
_DAY_NUMBER = re.compile(r"[3-7][0-9]{4}(?:[.,][0-9]+)?")
_COLUMN_OF_DAYS = re.compile(r"date|day|datum|time|start|begin|end|from|until|sensing|acqui", re.IGNORECASE)


class _Doubt(NamedTuple):
    """How a cell looks that may not say what is meant, what the message says behind its text, and what to do."""

    code: str
    pattern: re.Pattern[str]
    words: str
    hint: str
    columns: re.Pattern[str] | None = None


_DOUBTS = (
    _Doubt(
        "csv-decimal-comma",
        _NUMBER_OF_A_COUNTRY,
        ", not a number",
        "write numbers with a decimal point, and without separators of thousands",
    ),
    _Doubt("csv-no-value", _NO_VALUE, "", "leave the cell blank where there is no value"),
    _Doubt(
        "csv-cell-format",
        _ROUNDED,
        ", which a spreadsheet or program may have rounded",
        "write all digits; in a spreadsheet, format the column as text or as a number without exponent",
    ),
    _Doubt("csv-cell-format", _TRUE_OR_FALSE, ", not a truth value", "write true or false, if that is meant"),
    _Doubt(
        "csv-cell-format",
        _DAY_NUMBER,
        ", which may be a day as spreadsheets count them",
        "format the column as text or as a date such as 2024-07-01, and save the table again",
        _COLUMN_OF_DAYS,
    ),
)
# Most cells are none of these: one search instead of five. Flags stand inside the patterns, so that joining keeps them.
_ANY_DOUBT = re.compile("|".join(f"(?:{each.pattern.pattern})" for each in _DOUBTS))


def doubtful_cells(field: str, cells: Iterable[object]) -> frozenset[str]:
    """Return the cells of a column that may not be meant as the texts that they are here; equal ones are read once."""
    return frozenset(cell for cell in {each for each in cells if isinstance(each, str)} if doubt_about(field, cell))


def doubt_about(field: str, cell: object) -> Diagnostic | None:
    """Return a warning about a cell that may not be meant as the text that it is here."""
    if not isinstance(cell, str):
        return None
    text = cell.strip()
    for each in _DOUBTS if _ANY_DOUBT.fullmatch(text) else ():
        if each.pattern.fullmatch(text) and (each.columns is None or each.columns.search(field)):
            return warning(each.code, f"`each.{field}` is the text `{text[:60]}`{each.words}", each.hint)
    return None
