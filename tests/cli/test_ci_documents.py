"""stdout is a whole document in each format for CI, however early a command fails."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from junitparser import JUnitXml
from sarif_kit.validate import assert_valid

from eocanvas_apply.cli import main
from eocanvas_apply.cli.interruption import DOCUMENTS, asked_format
from eocanvas_apply.cli.shared_options import CI_FORMATS
from eocanvas_apply.render.ci.formats import FORMATS

Captured = pytest.CaptureFixture[str]
GOOD = "version: 1\nproject: p\njobs: {a: {process: shearwater-demo, inputs: {area: Sindian}}}\n"
MANIFESTS = {
    "good": GOOD,
    "more": "jobs: {}\n",
    "syntax": "version: 1\nproject: [\n",
    "field": GOOD + "jobz: {}\n",
    "encoding": "\xff\x00",
}


def codes_in(name: str, text: str) -> list[str]:
    """Return the codes that a document shows; fails where it is none."""
    if name == "github":
        assert all(line.startswith("::") for line in text.splitlines())
        return [line.partition("title=")[2].partition("::")[0] for line in text.splitlines()]
    if name == "junit":
        (suite,) = JUnitXml.fromstring(text.encode())
        return [result.type for case in suite for result in case.result]
    found: Any = json.loads(text)
    if name == "gitlab":
        assert all(each["location"]["path"] and each["location"]["lines"]["begin"] >= 1 for each in found)
        return [each["check_name"] for each in found]
    assert_valid(found)
    return [each["ruleId"] for each in found["runs"][0]["results"]]


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, text in MANIFESTS.items():
        (tmp_path / f"{name}.yaml").write_text(text, encoding="latin-1")


@pytest.mark.parametrize("name", CI_FORMATS)
@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("validate -f good.yaml", []),
        ("validate -f syntax.yaml", ["yaml-syntax"]),
        ("validate -f field.yaml", ["unknown-field"]),
        ("validate -f encoding.yaml", ["yaml-encoding"]),
        ("validate -f missing.yaml", ["file-missing"]),
        ("validate -f .", ["file-missing"]),
        ("validate --colour", ["usage"]),
        ("validate --var x -f good.yaml", ["usage"]),
        ("plan -f field.yaml", ["unknown-field"]),
        ("plan -f good.yaml", ["credentials-missing"]),
        ("validate -f good.yaml -f field.yaml", ["unknown-field"]),
        ("plan -f good.yaml -f more.yaml", ["credentials-missing"]),
        ("status -f good.yaml", ["usage"]),
    ],
)
def test_a_command_writes_a_whole_document(
    words: str, codes: list[str], name: str, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HDA_USER", "HDA_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(Path.cwd()))
    assert main([*words.split(), "--format", name]) == int(bool(codes))
    shown = capsys.readouterr()
    assert codes_in(name, shown.out) == codes
    assert shown.err == ""


@pytest.mark.parametrize("name", CI_FORMATS)
def test_what_an_interrupted_start_writes_is_a_document_too(name: str) -> None:
    assert codes_in(name, DOCUMENTS[name].format(command="plan", code=130)) == ["interrupted"]


def test_the_formats_are_those_that_are_rendered() -> None:
    assert set(FORMATS) == set(CI_FORMATS)
    assert [
        asked_format(["x", *words.split()]) for words in ("--format=sarif", "--format junit", "--format csv", "")
    ] == [*("sarif", "junit", "text", "text")]


def test_paths_are_relative_to_the_workspace(capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "eocanvas.yaml").write_text(MANIFESTS["field"], encoding="utf-8")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "maps")
    assert main(["validate", "--format", "github"]) == 1
    assert capsys.readouterr().out.startswith("::error file=maps/eocanvas.yaml,line=4,col=1,title=unknown-field::")


def test_what_has_no_place_is_reported_for_the_first_file(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("HDA_USER", "HDA_PASSWORD"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "maps").mkdir()
    (tmp_path / "maps" / "b.eocanvas.yaml").write_text("jobs: {}\n", encoding="utf-8")
    (tmp_path / "maps" / "a.eocanvas.yaml").write_text(GOOD, encoding="utf-8")
    for named, first in (("maps", "maps/a.eocanvas.yaml"), ("good.yaml -f maps", "good.yaml")):
        assert main(["plan", "--format", "gitlab", "-f", *named.split()]) == 1
        assert [each["location"]["path"] for each in json.loads(capsys.readouterr().out)] == [first]
