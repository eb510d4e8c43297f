"""Tables as CSV files: a byte order mark, commas, semicolons or tabs, quotes, empty lines at the end.

A blank cell is null. The index of a data frame, a first column without a name, is left out.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import islice

from msgspec import Struct

from eocanvas_apply.campaign.readers.encoding import decoded
from eocanvas_apply.campaign.rows import ID, Found, Row, bounded
from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError

_DELIMITERS = ("\t", ";", ",")
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
# What pandas calls a column without a name.
_UNNAMED = re.compile(r"(?:Unnamed: [0-9]+(?:\.[0-9]+)*)?")
# As many as a spreadsheet has.
_MOST_COLUMNS = 16_384
# An outline as WKT is longer than the 128 KiB that the csv module allows by default.
_LONGEST_CELL = 2**31 - 1


class _Record(Struct, frozen=True):
    """The cells of one row, with its text and the number of its first line."""

    cells: list[str]
    text: str
    line: int

    def place(self, number: int) -> tuple[int, int]:
        """Return line and column of a cell, or of the quote before it."""
        begin = end = 0
        for cell in self.cells[: number + 1]:
            begin = max(self.text.find(cell, end), end)
            end = begin + len(cell) + 1
        begin -= self.text[begin - 1 : begin] == '"'
        return self.line + self.text.count("\n", 0, begin), begin - self.text.rfind("\n", 0, begin)


def table_rows(content: bytes, file: str, delimiter: str | None = None) -> Found:
    """Return the rows of a table with a header line; the column `id`, if any, names them.

    Every value is a text, or None of a blank cell. Raises ManifestError with one diagnostic of each kind at its cell: a
    wrong delimiter would give thousands.
    """
    records, names = _table(content, file, delimiter)
    return Found(bounded(_rows(records, names, file), file))


def cell_place(content: bytes, file: str, number: int, name: str | None, delimiter: str | None = None) -> Position:
    """Return where a cell of a valid table stands: of the row of this number, counted from 0, in the column `name`."""
    records, names = _table(content, file, delimiter)
    record = next(islice(records, number, None))
    return Position(file, *record.place(names.index(name) if name in names else 0))


def _table(content: bytes, file: str, delimiter: str | None) -> tuple[Iterator[_Record], list[str]]:
    """Return the records behind the header line, and its names."""
    lines = decoded(content, file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = 0
    if separator := _SEPARATOR_LINE.fullmatch(lines[0]):
        delimiter, first = delimiter or separator[1], 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    if first == len(lines):
        raise ManifestError(error("csv-header", "this table has no header line").at(Position(file, 1, 1)))
    records = _records(lines, first, delimiter or _delimiter(lines[first]), file)
    return records, _header(next(records, _Record([], "", first + 1)), file)


def _records(lines: Sequence[str], first: int, delimiter: str, file: str) -> Iterator[_Record]:
    csv.field_size_limit(_LONGEST_CELL)
    rest = (f"{line}\n" for line in lines[first:])
    reader = csv.reader(rest, delimiter=delimiter, skipinitialspace=True, strict=True)
    begin = first
    try:
        for cells in reader:
            text = "\n".join(lines[begin : first + reader.line_num])
            stripped = _stripped(cells, text)
            if any(cell.strip() for cell in stripped):
                yield _Record(stripped, text, begin + 1)
            begin = first + reader.line_num
    except csv.Error as fault:
        raise ManifestError(_bad_quote(fault, lines[begin], Position(file, begin + 1, 1))) from None


def _stripped(cells: list[str], text: str) -> list[str]:
    """Return the cells without blanks around them; those in quotes as they are."""
    if '"' not in text:
        return [cell.strip() for cell in cells]
    quoted = text.replace('""', '"')
    return [cell if f'{cell}"' in quoted else cell.strip() for cell in cells]


def _bad_quote(fault: csv.Error, line: str, place: Position) -> Diagnostic:
    message, hint = "text follows a closing quote in this row", 'write a quote inside of quotes twice: ""'
    if "end of data" in str(fault):
        message, hint = "this quote is never closed", ""
    return error("csv-quote", message, hint).at(Position(place.file, place.line, max(line.find('"') + 1, 1)))


def _rows(records: Iterator[_Record], names: Sequence[str], file: str) -> Iterator[Row]:
    """Yield a row for each record; `names` has an empty name for a column that is left out."""
    width, wrong, first = len(names), 0, None
    for record in records:
        cells = record.cells
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            del cells[width:]
        if len(cells) != width:
            wrong, first = wrong + 1, first or record
            continue
        given = zip(names, cells, strict=True)
        fields = {name: cell if cell.strip() else None for name, cell in given if name}
        yield Row(fields.get(ID), fields)
    if first:
        raise ManifestError(_wrong_width(first, wrong, width, file))


def _header(record: _Record, file: str) -> list[str]:
    names = list(record.cells)
    while names and not names[-1]:
        names.pop()
    if len(names) > _MOST_COLUMNS:
        raise _bad_header(f"a table has at most {_MOST_COLUMNS} columns, this one has {len(names)}", record, 0, file)
    index = next((number for number, name in enumerate(names) if not _UNNAMED.fullmatch(name)), len(names))
    seen: set[str] = set()
    for number, name in enumerate(names[index:], index):
        if not name:
            raise _bad_header("this column has no name", record, number, file)
        if name in seen:
            raise _bad_header(f"two columns have the name `{name[:60]}`", record, number, file)
        seen.add(name)
    if not seen:
        raise _bad_header("no column of this table has a name", record, 0, file)
    return [*[""] * index, *names[index:]]


def _bad_header(message: str, record: _Record, number: int, file: str) -> ManifestError:
    place = Position(file, *record.place(number))
    return ManifestError(error("csv-header", message, "give each column its own name").at(place))


def _delimiter(header: str) -> str:
    """Return the delimiter that the header line has most often outside of quotes."""
    return max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", header).count)


def _wrong_width(first: _Record, rows: int, width: int, file: str) -> Diagnostic:
    count = len(first.cells)
    message = f"this row has {count} cell{'' if count == 1 else 's'}, the header has {width}"
    message += f" (in {rows} rows)" if rows > 1 else ""
    found = error("csv-cells", message, "put cells that contain the delimiter in quotes")
    return found.at(Position(file, first.line, 1))
