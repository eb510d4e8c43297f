"""Tables as CSV files: a byte order mark, commas, semicolons or tabs, quotes, empty lines at the end."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from eocanvas_apply.campaign.rows import ID, Row
from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError

_DELIMITERS = ("\t", ";", ",")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+\s*")
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# An outline as WKT is longer than the 128 KiB that the csv module allows by default.
_LONGEST_CELL = 2**31 - 1


@dataclass(frozen=True, slots=True)
class _Record:
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


def table_rows(content: bytes, file: str, delimiter: str | None = None) -> list[Row]:
    """Return the rows of a table with a header line, every value a text; the column `id`, if any, names them.

    Raises ManifestError with one diagnostic of each kind at its cell: a wrong delimiter would give thousands.
    """
    lines = _text(content, file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = 0
    if separator := _SEPARATOR_LINE.fullmatch(lines[0]):
        delimiter, first = delimiter or separator[1], 1
    while first < len(lines) and not lines[first].strip():
        first += 1
    if first == len(lines):
        raise ManifestError(error("csv-header", "this table has no header line").at(Position(file, 1, 1)))
    records = _records(lines, first, delimiter or _delimiter(lines[first]), file)
    names = _header(next(records, _Record([], "", first + 1)), file)
    return list(_rows(records, names, file))


def _records(lines: Sequence[str], first: int, delimiter: str, file: str) -> Iterator[_Record]:
    csv.field_size_limit(_LONGEST_CELL)
    rest = (f"{line}\n" for line in lines[first:])
    reader = csv.reader(rest, delimiter=delimiter, skipinitialspace=True, strict=True)
    begin = first
    try:
        for cells in reader:
            text = "\n".join(lines[begin : first + reader.line_num])
            stripped = _stripped(cells, text)
            if any(stripped):
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
    width, faults = len(names), dict[str, Diagnostic]()
    for record in records:
        cells = record.cells
        if len(cells) > width and not any(cell.strip() for cell in cells[width:]):
            del cells[width:]
        if len(cells) != width:
            faults.setdefault("csv-cells", _wrong_width(record, width, file))
            continue
        for number, cell in enumerate(cells):
            if "," in cell and _DECIMAL_COMMA.fullmatch(cell):
                faults.setdefault("csv-decimal-comma", _decimal_comma(record, number, file))
        fields = dict(zip(names, cells, strict=True))
        yield Row(fields.get(ID) or None, fields)
    if faults:
        raise ManifestError(*faults.values())


def _header(record: _Record, file: str) -> list[str]:
    names = list(record.cells)
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names):
        if not name or name in names[:number]:
            message = f"two columns have the name `{name[:60]}`" if name else "this column has no name"
            found = error("csv-header", message, "give each column its own name")
            raise ManifestError(found.at(Position(file, *record.place(number))))
    return names


def _delimiter(header: str) -> str:
    """Return the delimiter that the header line has most often outside of quotes."""
    return max(_DELIMITERS, key=re.sub(r'"[^"]*"', "", header).count)


def _wrong_width(record: _Record, width: int, file: str) -> Diagnostic:
    message = f"this row has {len(record.cells)} cells, the header has {width}"
    found = error("csv-cells", message, "put cells that contain the delimiter in quotes")
    return found.at(Position(file, record.line, 1))


def _decimal_comma(record: _Record, number: int, file: str) -> Diagnostic:
    message = f"`{record.cells[number][:60]}` has a decimal comma"
    place = Position(file, *record.place(number))
    return error("csv-decimal-comma", message, "write the number with a point").at(place)


def _text(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-16" if content.startswith(_UTF_16) else "utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        begin = content.rfind(b"\n", 0, fault.start) + 1
        column = len(content[begin : fault.start].decode("utf-8-sig", "replace")) + 1
        found = error("file-encoding", "the text is not UTF-8", "save the file as UTF-8")
        raise ManifestError(found.at(Position(file, line, column))) from None
