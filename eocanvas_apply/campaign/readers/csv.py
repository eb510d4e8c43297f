"""CSV as people have it: a byte order mark, commas, semicolons or tabs, quotes, empty lines at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.rows import ID, Row

_DELIMITERS = ("\t", ";", ",")
_DECIMAL_COMMA = re.compile(r"\s*[-+]?(?:[0-9]+|[0-9]{1,3}(?:\.[0-9]{3})+),[0-9]+\s*")
_SEPARATOR_LINE = re.compile(r"\"?sep=(.)\"?", re.IGNORECASE)
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class _Record:
    """The cells of one row; `places` tells line and column of each."""

    line: int
    cells: list[str]
    places: Callable[[], list[tuple[int, int]]]

    def place(self, number: int) -> tuple[int, int]:
        return self.places()[number]


def table_rows(content: bytes, file: str, delimiter: str | None = None) -> list[Row]:
    """Return the rows of a table with a header line, every value a text; the column `id`, if any, names them.

    Raises ManifestError with a finding at its cell: one of each kind, for a wrong delimiter makes thousands.
    """
    lines = _text(content, file).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    start = 1
    if lines and (said := _SEPARATOR_LINE.fullmatch(lines[0])):
        delimiter, start = delimiter or said[1], 2
    records = _records(lines, start, delimiter, file)
    header = next(records, None)
    if header is None:
        raise ManifestError(error("csv-header", "this table has no header line").at(Position(file, 1, 1)))
    names = _header(header, file)
    return list(_read(records, names, file))


def _read(records: Iterator[_Record], names: Sequence[str], file: str) -> Iterator[Row]:
    width, faults = len(names), dict[str, Diagnostic]()
    for record in records:
        if len(record.cells) > width and not any(cell.strip() for cell in record.cells[width:]):
            del record.cells[width:]
        if len(record.cells) != width:
            faults.setdefault("csv-cells", _uneven(record, width, file))
            continue
        for number, cell in enumerate(record.cells):
            if "," in cell and _DECIMAL_COMMA.fullmatch(cell):
                faults.setdefault("csv-decimal-comma", _decimal_comma(record, number, file))
        fields = dict(zip(names, record.cells, strict=True))
        yield Row(fields.get(ID) or None, fields)
    if faults:
        raise ManifestError(*faults.values())


def _header(record: _Record, file: str) -> list[str]:
    names = list(record.cells)
    while names and not names[-1]:
        names.pop()
    for number, name in enumerate(names):
        if not name or name in names[:number]:
            message = f"two columns are called `{name[:60]}`" if name else "this column has no name"
            raise ManifestError(
                error("csv-header", message, "give each column a name of its own").at(
                    Position(file, *record.place(number))
                )
            )
    return names


def _records(lines: list[str], start: int, delimiter: str | None, file: str) -> Iterator[_Record]:
    number = start
    while number <= len(lines):
        line = lines[number - 1]
        if not line.strip():
            number += 1
            continue
        delimiter = delimiter or _sniffed(line)
        if '"' in line:
            record, number = _quoted(lines, number, delimiter, file)
        else:
            cells = [cell.strip() for cell in line.split(delimiter)]
            record = _Record(number, cells, partial(_plain_places, line, number, delimiter))
        number += 1
        if any(record.cells):
            yield record


def _plain_places(line: str, number: int, delimiter: str) -> list[tuple[int, int]]:
    places, at = [], 0
    for cell in line.split(delimiter):
        places.append((number, at + 1 + len(cell) - len(cell.lstrip())))
        at += len(cell) + 1
    return places


def _sniffed(header: str) -> str:
    bare = re.sub(r'"[^"]*"', "", header)
    return max(_DELIMITERS, key=bare.count)


def _quoted(lines: list[str], number: int, delimiter: str, file: str) -> tuple[_Record, int]:
    """Read a record that has quotes, which may run over several lines; return it and its last line."""
    first, line, at = number, lines[number - 1], 0
    cells: list[str] = []
    places: list[tuple[int, int]] = []
    while True:
        begin = at + len(line[at:]) - len(line[at:].lstrip(" "))
        places.append((number, begin + 1))
        if line[begin : begin + 1] == '"':
            opened = Position(file, number, begin + 1)
            cell, number, at = _inside_quotes(lines, number, begin + 1, opened)
            line = lines[number - 1]
            end = _next(line, delimiter, at)
            cell += line[at:end].rstrip()
        else:
            end = _next(line, delimiter, begin)
            cell = line[begin:end].strip()
        cells.append(cell)
        if end == len(line):
            return _Record(first, cells, lambda: places), number
        at = end + 1


def _inside_quotes(lines: list[str], number: int, at: int, opened: Position) -> tuple[str, int, int]:
    text = ""
    while True:
        line = lines[number - 1]
        end = line.find('"', at)
        if end < 0:
            text, number, at = text + line[at:] + "\n", number + 1, 0
            if number > len(lines):
                raise ManifestError(error("csv-quote", "this quote is never closed").at(opened))
        elif line[end + 1 : end + 2] == '"':
            text, at = text + line[at : end + 1], end + 2
        else:
            return text + line[at:end], number, end + 1


def _next(line: str, delimiter: str, at: int) -> int:
    end = line.find(delimiter, at)
    return len(line) if end < 0 else end


def _uneven(record: _Record, width: int, file: str) -> Diagnostic:
    message = f"this row has {len(record.cells)} cells, the header has {width}"
    hint = "put cells that hold the delimiter into quotes"
    return error("csv-cells", message, hint).at(Position(file, record.line, 1))


def _decimal_comma(record: _Record, number: int, file: str) -> Diagnostic:
    message = f"`{record.cells[number][:60]}` has a decimal comma"
    return error("csv-decimal-comma", message, "write the number with a point").at(
        Position(file, *record.place(number))
    )


def _text(content: bytes, file: str) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        line = content[: fault.start].count(b"\n") + 1
        begin = content.rfind(b"\n", 0, fault.start) + 1
        column = len(content[begin : fault.start].decode("utf-8-sig", "replace")) + 1
        raise ManifestError(
            error("file-encoding", "the text is not UTF-8", "save the file as UTF-8").at(Position(file, line, column))
        ) from None
