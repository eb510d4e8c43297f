from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.campaign.readers.json_text import locate, parse_json, position, read_json
from eocanvas_apply.documents.numbers import number_text
from eocanvas_apply.errors import ManifestError


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("", 1, 1, "the file is empty"),
        ('[\n {"a": 1},\n {"a": 2', 3, 9, "the file ends too early"),
        ('[\n {"a": 1},\n]', 3, 1, "a comma too many"),
        ("\n<html></html>", 2, 1, "HTML"),
        ('{"a": }', 1, 7, "a value is missing here"),
        ("[1,,2]", 1, 4, "a comma too many"),
        ('{"a": 1,}', 1, 9, "a comma too many"),
        ("[{'a': 1}]", 1, 3, "double quotes"),
        ("[{\"a\": 'x'}]", 1, 8, "double quotes"),
        ('[{"a": 007}]', 1, 9, "`007` is not a number"),
        ('[{"a": 0x1F}]', 1, 9, "`0x1F` is not a number"),
        ('[{"a": 5.}]', 1, 9, "`5.` is not a number"),
        ('[{"a": .5}]', 1, 8, "`.5` is not a number"),
        ('[{"a": 2024-07-01}]', 1, 12, "`2024-07-01` is not a number"),
        ('[{"a": 1_000}]', 1, 9, "`1_000` is not a number"),
        ("[1 2]", 1, 4, "a comma or a closing bracket"),
        ('[{"a": +5}]', 1, 8, "`+5` is not a number"),
        ('[{"a": -nan}]', 1, 8, "`-nan` is not a number"),
        ('[{"a": 12 "b": 5}]', 1, 11, "a comma or a closing bracket"),
        ('[{"a": "x"5}]', 1, 11, "a comma or a closing bracket"),
        ("[{a: 1}]", 1, 3, "`a` is not valid in JSON"),
        ('[{"a": True}]', 1, 8, "`True` is not valid in JSON"),
        ('[{"a": 1} // one\n]', 1, 11, "a comma or a closing bracket"),
        ("[ # one\n]", 1, 3, "comments"),
        ('[{"a" 1}]', 1, 7, "a colon"),
        ('[\n {"a": "b\n"}]', 2, 10, "control character"),
        ('[{"a": "2024-\n07"}]', 1, 14, "control character"),
        ('[{"a": "C:\\data"}]', 1, 11, "backslash"),
        ('[{"a": "x}]', 1, 8, "never closed"),
        ('{"a": 1} {"a": 2}\n', 1, 10, "the JSON ends before this"),
        ('{"a": 1}\n{"a": 2}\n', 2, 1, "line-delimited JSON"),
        ('\x1e{"a": 1}\n\x1e{"a": 2}\n', 1, 1, "line-delimited JSON"),
        ('[{"a": "\\ud800x"}]', 1, 9, "half of a character"),
        ('{"a":\n' + "[" * 101 + "]" * 101 + "}", 2, 100, "100 levels"),
    ],
)
def test_a_fault_is_shown_at_its_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse_json(text, "a.json")
    (found,) = refusal.value.diagnostics
    assert found.position is not None
    assert (found.code, found.position.line, found.position.column) == ("json-syntax", line, column), found
    assert words in found.message


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ('[{"a": 1, "b": 2,\n  "a": 3}]', 2, 3, "the first one is on line 1"),
        ('[{"a": {"a": "}"}, "b": [{"a": 1}]},\n {"c": "{",\n "\\u0063": 2}]', 3, 2, "the first one is on line 2"),
        ('[{"a": 1, "a": 1},\n {"a": 1, "a": 1}]', 1, 11, "(in 2 objects, this is the first)"),
    ],
)
def test_a_name_that_stands_twice_in_an_object_is_an_error(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(ManifestError) as refusal:
        parse_json(text, "a.json")
    (found,) = refusal.value.diagnostics
    assert found.position is not None
    assert (found.code, found.position.line, found.position.column) == ("duplicate-key", line, column), found
    assert words in found.message


def test_what_json_does_not_have_is_null() -> None:
    assert parse_json('[NaN, Infinity, -Infinity, "NaN"]', "a.json") == [None, None, None, "NaN"]


def test_brackets_inside_of_texts_are_not_nesting() -> None:
    assert parse_json(json.dumps(["[" * 500, '\\"[']), "a.json") == ["[" * 500, '\\"[']


def test_pairs_of_escapes_and_escaped_backslashes_are_characters() -> None:
    assert parse_json(r'["\ud83d\ude00", "\\ud800"]', "a.json") == ["\U0001f600", r"\ud800"]


def test_numbers_remember_how_they_are_written() -> None:
    numbers = parse_json("[1, 1.50, 1e3, -0, 2.5]", "a.json")
    assert numbers == [1, 1.5, 1000.0, 0, 2.5]
    assert [number_text(each) for each in numbers] == ["1", "1.50", "1e3", "-0", "2.5"]
    assert parse_json("9" * 5000, "a.json") == "9" * 5000


def test_utf_16_is_read() -> None:
    assert read_json("[1]".encode("utf-16"), "a.json") == ("[1]", [1])


plain = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner), max_leaves=15)


@given(values, st.data())
def test_a_value_is_found_at_its_place(value: Any, data: st.DataObject) -> None:
    text = json.dumps(value, indent=data.draw(st.sampled_from([None, 1])))
    path: list[str | int] = []
    while isinstance(value, dict | list) and value and data.draw(st.booleans()):
        part = data.draw(st.sampled_from(list(value) if isinstance(value, dict) else range(len(value))))
        value = value[part]
        path.append(part)
    found = locate(text, path, "f")
    at = next(index for index in range(len(text)) if position(text, index, "f") == found)
    assert json.JSONDecoder().raw_decode(text, at)[0] == value


@given(st.text(alphabet='[]{}",:1aN\\\n -.', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        parse_json(text, "a.json")
    except ManifestError as refusal:
        assert all(each.position for each in refusal.diagnostics)  # noqa: PT017
