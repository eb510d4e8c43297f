"""`explain`: pages of codes, the list of all, and a code that does not exist."""

from __future__ import annotations

import json
import re

import pytest

from eocanvas_apply.checks.codes import codes, subjects
from eocanvas_apply.checks.explanations import explanations
from eocanvas_apply.cli import main
from eocanvas_apply.render.code_pages import page
from eocanvas_apply.render.layout import Style

PAGE = """\
roi-bounds (error)

The region is not [north, south, west, east] in degrees. Correct the order.

Why: Data Tailor reads north, south, west, east. In another order it cuts out
another place, or the job fails.

Says:
  $ eocanvas-apply validate
  manifest.yaml:5:37: error: this is west, south, east, north, as HDA has it
    [roi-bounds]
    5 |     chain: {product: OLL2WFR, roi: {NSWE: [15, 53, 22, 58]}}
      |                                     ^
    hint: as NSWE it is [58, 53, 15, 22]

Before:
  {NSWE: [15, 53, 22, 58]}

After:
  {NSWE: [58, 53, 15, 22]}

More codes of this subject: eocanvas-apply explain chain
"""


def test_a_code_is_explained_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "[roi-bounds]"]) == 0
    assert capsys.readouterr().out == PAGE
    assert main(["explain", "roi-bounds", "bad-day"]) == 0
    assert capsys.readouterr().out.startswith(PAGE + "\nbad-day (error)\n")


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain"]) == 0
    out = capsys.readouterr().out
    assert re.findall(r"^(\w+): ", out, re.MULTILINE) == list(subjects())
    assert sorted(re.findall(r"^  \w+ +(\S+)$", out, re.MULTILINE)) == list(codes())
    assert "\nchain: Data Tailor chains\n  error    roi-bounds\n" in out


@pytest.mark.parametrize("written", ["chain", "Chains", "[chain]"])
def test_a_subject_lists_its_codes(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", written]) == 0
    assert capsys.readouterr().out == (
        "chain: Data Tailor chains\n  error    roi-bounds\n  warning  unknown-chain-value\n  error    unknown-format\n"
    )


def test_a_word_of_a_name_lists_the_codes_that_have_it_below_their_subjects(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "antimeridian", "placeholder not"]) == 0
    listed, _, page = capsys.readouterr().out.partition("\n\n")
    assert listed.splitlines() == [
        "campaign: Rows, searches and points of a campaign",
        "  warning  geojson-antimeridian",
        "  warning  search-antimeridian",
    ]
    assert page.startswith("placeholder-not-filled (")


def test_keys_are_listed_and_no_word_that_only_holds_the_letters(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "key"]) == 0
    out = capsys.readouterr().out
    assert {"key-too-short", "unknown-key", "sealed-too-long", "secret-keyring"} <= set(out.split())
    assert main(["explain", "ey"]) == 1


def test_no_subject_is_called_like_a_code() -> None:
    assert subjects().keys() & codes().keys() == set()


@pytest.mark.parametrize("columns", [20, 40, 79])
def test_a_page_fits_a_narrow_terminal(columns: int) -> None:
    shown = page(codes()["roi-bounds"], explanations()["roi-bounds"], Style(width=columns))
    prose = [line for line in shown.splitlines() if not line.startswith("  ")]
    assert max(map(len, prose)) <= columns


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("storge", "did you mean storage?"),
        ("antimeridain", "`eocanvas-apply explain antimeridian` lists the codes with this word"),
    ],
)
def test_a_misspelt_subject_or_word_gets_the_nearest_one(
    written: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", written]) == 1
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("written", ["", "[]", "-", "x" * 100_000, "\x1b[31mred", "***"])
def test_an_odd_word_is_an_error_of_a_few_lines(written: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "--", written]) == 1
    err = capsys.readouterr().err
    assert len(err) < 400
    assert "\x1b" not in err


def test_programs_get_the_fields_of_a_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "bbox-order", "--format", "json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)["explain"]
    assert found.keys() == {"code", "subject", "severity", "adjustable", "about", "why", "says", "before", "after"}
    assert (found["code"], found["severity"], found["adjustable"]) == ("bbox-order", "warning", True)


def test_an_unknown_code_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", "roi-bonds"]) == 1
    err = capsys.readouterr().err
    assert "no diagnostic code or subject is called `roi-bonds`" in err
    assert "did you mean roi-bounds?" in err
