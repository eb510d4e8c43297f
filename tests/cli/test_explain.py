"""`explain`: pages of codes, the list of all, and a code that does not exist."""

from __future__ import annotations

import json

import pytest

from eocanvas_apply.cli import main

PAGE = """\
roi-bounds (error)

The region is not [north, south, west, east] in degrees. Correct the order.

Why: Data Tailor reads north, south, west, east. In another order it cuts out
another place, or the job fails.

Before:
  {NSWE: [15, 53, 22, 58]}

After:
  {NSWE: [58, 53, 15, 22]}
"""


def test_a_code_is_explained_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "[roi-bounds]"]) == 0
    assert capsys.readouterr().out == PAGE
    assert main(["explain", "roi-bounds", "bad-day"]) == 0
    assert capsys.readouterr().out.startswith(PAGE + "\nbad-day (error)\n")


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert "error    roi-bounds\n" in out
    assert "info     lock-age\n" in out


def test_programs_get_the_fields_of_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "bbox-order", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["explain"]
    assert found.keys() == {"code", "severity", "adjustable", "about", "why", "before", "after"}
    assert (found["code"], found["severity"], found["adjustable"]) == ("bbox-order", "warning", True)


def test_an_unknown_code_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "roi-bonds"]) == 1
    err = capsys.readouterr().err
    assert "no diagnostic has the code `roi-bonds`" in err
    assert "did you mean roi-bounds?" in err
