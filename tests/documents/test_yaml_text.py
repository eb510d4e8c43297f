from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.diagnostics import Position
from eocanvas_apply.documents.yaml.text import YamlText


def at(text: YamlText, *path: str | int) -> tuple[int, int]:
    place = text.locate(path)
    return place.line, place.column


@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_positions_count_characters_and_lines_from_one(line_break: str) -> None:
    text = YamlText.parse(line_break.join(["é: 1", "list: [a, {ü: x}]", ""]), "f")
    assert at(text, "é") == (1, 4)
    assert at(text, "list", 1, "ü") == (2, 15)
    assert text.line(2) == "list: [a, {ü: x}]"


def test_a_byte_order_mark_does_not_shift_positions() -> None:
    text = YamlText.parse("a: 1\n".encode("utf-8-sig"), "f")
    assert text.data == {"a": 1}
    assert at(text, "a") == (1, 4)


def test_a_missing_field_is_reported_at_its_parent() -> None:
    text = YamlText.parse("jobs:\n  one:\n    graph: g\n", "f")
    assert at(text, "jobs", "one", "inputs", "img1") == (2, 3)
    assert text.locate_key(("jobs", "one", "graph")) == Position("f", 3, 5)


def test_an_alias_is_read_as_its_value() -> None:
    text = YamlText.parse("a: &x [1, 2]\nb: *x\n", "f")
    assert text.data == {"a": [1, 2], "b": [1, 2]}
    assert text.faults == ()


def test_the_first_of_two_equal_keys_is_used() -> None:
    text = YamlText.parse("a: 1\na: 2\n", "f")
    assert text.data == {"a": 1}
    assert [fault.code for fault in text.faults] == ["duplicate-key"]


def test_no_warning_for_a_name_or_for_text_in_quotes() -> None:
    assert YamlText.parse("on: 'no'\nno: \"012\"\n", "f").faults == ()


@given(st.binary(max_size=200) | st.text(max_size=200) | st.text(alphabet="{}[]:,-&*!|>'\"%@`#?<\n\t ab0", max_size=60))
def test_any_text_is_read_or_refused_with_a_place(source: bytes | str) -> None:
    text = YamlText.parse(source, "f")
    for fault in text.faults:
        assert fault.position is not None
        assert fault.position.line >= 1
        assert fault.position.column >= 1
        text.line(fault.position.line)
    assert text.root is not None or text.faults or text.data is None


@pytest.mark.parametrize("line", ["region waw3-2", "region:waw3-2", '"region" waw3-2'])
def test_a_missing_colon_is_shown_on_its_own_line(line: str) -> None:
    (found,) = YamlText.parse(f"version: 1\n{line}\nendpoint: https://x\n", "f").faults
    assert found.position is not None
    assert (found.code, found.position.line, found.position.column) == ("yaml-syntax", 2, 1), found
    assert "colon" in found.message
