from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.campaign.cells import doubt_about
from eocanvas_apply.campaign.readers.csv import table_rows
from eocanvas_apply.diagnostics import Position
from eocanvas_apply.errors import ManifestError

TABLES = {
    "commas": b"id,name\nx,one\ny,two\n",
    "semicolons": b"id;name\r\nx;one\r\ny;two\r\n",
    "tabs": b"id\tname\nx\tone\ny\ttwo",
    "byte order mark": b"\xef\xbb\xbfid,name\nx,one\ny,two\n",
    "UTF-16": "id\tname\nx\tone\ny\ttwo\n".encode("utf-16"),
    "old line ends": b"id,name\rx,one\ry,two\r",
    "separator named": b"sep=;\nid;name\nx;one\ny;two\n",
    "empty lines and cells at the end": b"\nid;name;\n\nx;one;\ny;two;\n;;\n  \n",
    "quotes": b'"id","name"\n"x","one"\n"y",two\n',
    "blanks": b"id , name\n x, one \ny,two\n",
}


@pytest.mark.parametrize("content", TABLES.values(), ids=TABLES)
def test_tables_of_common_programs_are_read(content: bytes) -> None:
    rows = table_rows(content, "a.csv").rows
    assert [(row.id, dict(row.fields)) for row in rows] == [
        ("x", {"id": "x", "name": "one"}),
        ("y", {"id": "y", "name": "two"}),
    ]


def test_quotes_hold_delimiters_quotes_and_lines() -> None:
    (row,) = table_rows(b'id;text\nx;"a;b ""c""\nd"\n', "a.csv").rows
    assert row.fields["text"] == 'a;b "c"\nd'


def test_the_delimiter_may_be_named() -> None:
    (row,) = table_rows(b"id;a,b\nx;1,2\n", "a.csv", ",").rows
    assert dict(row.fields) == {"id;a": "x;1", "b": "2"}


@pytest.mark.parametrize(
    ("content", "code", "line", "column"),
    [
        ("id,lat\nx,1\ny,2,5\n", "csv-cells", 3, 1),
        ("id,id\nx,1\n", "csv-header", 1, 4),
        ("id,,a\nx,1,2\n", "csv-header", 1, 4),
        ("\n\n", "csv-header", 1, 1),
        ("Unnamed: 0\n1\n", "csv-header", 1, 1),
        (",Unnamed: 1,x,x\n", "csv-header", 1, 15),
        ('id\n"x\n', "csv-quote", 2, 1),
    ],
)
def test_faults_are_reported_at_their_cell(content: str, code: str, line: int, column: int) -> None:
    with pytest.raises(ManifestError) as refusal:
        table_rows(content.encode(), "a.csv")
    (found,) = refusal.value.diagnostics
    place = found.position
    assert place is not None
    assert (found.code, place.file, place.line, place.column) == (code, "a.csv", line, column)


def test_a_thousand_faults_of_one_kind_are_one() -> None:
    with pytest.raises(ManifestError) as refusal:
        table_rows(b"id;a\n" + b"x;1;5\ny;1;2\n" * 1000, "a.csv")
    (found,) = refusal.value.diagnostics
    assert (found.code, found.position) == ("csv-cells", Position("a.csv", 2, 1))
    assert found.message == "this row has 3 cells, the header has 2 (in 2000 rows)"


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"PK\x03\x04\x14", "Excel workbook"), (b"SQLite format 3\x00", "GeoPackage"), (b"\x1f\x8b\x08", "gzip")],
)
def test_a_file_that_is_no_text_is_told_by_its_beginning(content: bytes, words: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        table_rows(content, "a.csv")
    (found,) = refusal.value.diagnostics
    assert found.code == "file-encoding"
    assert words in found.message


@pytest.mark.parametrize("header", [",id,n", '"",id,n', "Unnamed: 0,id,n", ",Unnamed: 0.1,id,n"])
def test_the_index_of_a_data_frame_is_left_out(header: str) -> None:
    before = "0," * (header.count(",") - 1)
    assert [dict(row.fields) for row in table_rows(f"{header}\n{before}x,\n{before}y,2\n".encode(), "a.csv").rows] == [
        {"id": "x", "n": None},
        {"id": "y", "n": "2"},
    ]


def test_rows_and_columns_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("eocanvas_apply.campaign.rows.MOST_ROWS", 3)
    wide = b",".join(b"%d" % number for number in range(16_385))
    for content, code, number in ((b"id\n" + b"a\n" * 4, "too-many-rows", "3 rows"), (wide, "csv-header", "16384")):
        with pytest.raises(ManifestError) as refusal:
            table_rows(content, "a.csv")
        (found,) = refusal.value.diagnostics
        assert found.code == code
        assert number in found.message


@pytest.mark.parametrize(
    "cell", ["12.5", "1,2,3", "58,53,15,22", "a,5", "Nan", "Naples", "", None, 5, "45474", "E+05", "1E5x", "true"]
)
def test_a_cell_that_says_what_it_is_is_not_doubted(cell: object) -> None:
    assert doubt_about("x", cell) is None


cells = st.text(alphabet='ab ",;\n\t', max_size=5)


@given(st.lists(st.tuples(cells, cells), max_size=5), st.sampled_from([",", ";", "\t"]))
def test_tables_of_the_csv_module_are_read_back(given_rows: list[tuple[str, str]], delimiter: str) -> None:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(["k", "v"])
    writer.writerows(given_rows)
    rows = [tuple(row.fields.values()) for row in table_rows(text.getvalue().encode(), "a.csv", delimiter).rows]
    blank_as_none = [tuple(cell if cell.strip() else None for cell in each) for each in given_rows]
    assert rows == [each for each in blank_as_none if any(each)]


@given(st.binary(max_size=60) | st.text(alphabet='i",;\n\r 1', max_size=60).map(str.encode))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        table_rows(content, "a.csv")
    except ManifestError as refusal:
        assert all(each.position for each in refusal.diagnostics)  # noqa: PT017


def test_a_cell_may_be_longer_than_the_csv_module_allows_by_default() -> None:
    outline = "POLYGON((" + "20 58, " * 30_000 + "))"
    (row,) = table_rows(f'id,wkt\nx,"{outline}"\n'.encode(), "a.csv").rows
    assert row.fields["wkt"] == outline


@pytest.mark.parametrize("content", ['id,a\n"x"y,1\n', 'id,a\nz,1\n\n"x" y,"1\n2"\n'])
def test_text_after_a_closing_quote_is_refused_at_its_row(content: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        table_rows(content.encode(), "a.csv")
    (found,) = refusal.value.diagnostics
    assert found.code == "csv-quote"
    assert found.position is not None
    assert content.splitlines()[found.position.line - 1].startswith('"x"')
