from __future__ import annotations

import hashlib

import pytest

from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.render.differences import change_json, change_line, document_diff
from eocanvas_apply.render.layout import PLAIN


@pytest.mark.parametrize(("length", "hidden"), [(200, False), (201, True)])
def test_long_texts_are_digests_in_json(length: int, hidden: bool) -> None:
    long = "x" * length
    value = "sha256:" + hashlib.sha256(long.encode()).hexdigest() if hidden else long
    assert change_json(Change("img1", None, {"urls": [long]})) == {
        "path": "img1",
        "before": None,
        "after": {"urls": [value]},
    }


def test_long_texts_are_cut_to_where_they_differ() -> None:
    same = "https://data.example.org/2024/07/05/"
    line = change_line(Change("url", f"{same}S3A.zip", f"{same}S3B.zip"), PLAIN)
    assert line == 'url: …4/07/05/S3A.zip" -> …4/07/05/S3B.zip"'


def test_a_line_of_a_graph_cannot_control_the_terminal_and_keeps_its_indent() -> None:
    before, after = "<a>\n    <b>1</b>\n</a>\n", "<a>\n    <b>\x1b[2J2</b>\n</a>\n"
    assert document_diff(before, after) == [
        *("@@ -1,3 +1,3 @@", " <a>", "-    <b>1</b>", "+    <b>\ufffd[2J2</b>", " </a>"),
    ]


def test_of_very_long_graphs_only_the_first_difference_is_shown() -> None:
    before, after = "<a/>\n" * 6000 + "<b/>\n<c/>\n", "<a/>\n" * 6000 + "<d/>\n<e/>\n"
    assert document_diff(before, after) == [
        *("@@ -6001 +6001 @@", "-<b/>", "+<d/>", "(of more than 5,000 lines only the first difference is shown)"),
    ]
    assert document_diff(before, before + "<f/>\n")[:2] == ["@@ -6003 +6003 @@", "+<f/>"]
