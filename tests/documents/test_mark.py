from __future__ import annotations

import base64
import hashlib
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.documents.mark import Mark, mark_for, marks_in

INTENT = "0123456789abcdef0123456789abcdef"
MARK = mark_for(INTENT, "baltic", "job.subset")

hexes = st.text(alphabet="0123456789abcdef", min_size=32, max_size=32)
marks = st.builds(Mark, hexes, hexes.map(lambda text: text[:16]))


def test_a_mark_names_intent_and_target() -> None:
    target = hashlib.sha256(b"baltic/job.subset").hexdigest()[:16]
    assert str(MARK) == f"eocanvas-apply {INTENT} {target}"


def test_a_mark_in_plain_text_is_found() -> None:
    assert marks_in(f"name: {MARK}\n") == {MARK}


def test_a_longer_number_is_not_a_mark() -> None:
    assert marks_in(f"{MARK}0") == frozenset()
    assert marks_in("eocanvas-apply 123 456") == frozenset()


def lines_of(text: str, width: int) -> list[str]:
    return textwrap.wrap(base64.b64encode(text.encode()).decode(), width)


WRAPPINGS: dict[str, Callable[[list[str]], str]] = {
    "whole": lambda lines: "".join(lines),
    "lines": "\n".join,
    "carriage returns": "\r\n".join,
    "escaped breaks": "\\n".join,
    "a line of a log each": lambda lines: "\n".join(f"2024-12-06T15:31:45 INFO x: {line}" for line in lines),
    "quoted": lambda lines: "graph='" + "' \n'".join(lines) + "'",
    "behind a word": lambda lines: "snap_graph " + "\n".join(lines) + " eo_input []",
    "escaped slashes": lambda lines: '{"g": "' + "".join(lines).replace("/", "\\/") + '"}',
}


@pytest.mark.parametrize("wrapping", sorted(WRAPPINGS))
@given(mark=marks, before=st.text(max_size=200), after=st.text(max_size=200), width=st.integers(20, 120))
def test_a_mark_survives_base64_in_a_log(wrapping: str, mark: Mark, before: str, after: str, width: int) -> None:
    lines = lines_of(f"{before}<!-- {mark} -->{after}", width)
    assert mark in marks_in(WRAPPINGS[wrapping](lines))


def test_several_marks_are_distinguished() -> None:
    other = Mark("f" * 32, "e" * 16)
    both = [base64.b64encode(f"{mark} and some more text".encode()).decode() for mark in (MARK, other)]
    assert marks_in("\n".join(f"graph: {each}" for each in both)) == {MARK, other}


@given(st.text(max_size=500))
def test_any_text_can_be_searched(text: str) -> None:
    marks_in(text)
