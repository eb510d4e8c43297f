"""What a newcomer writes and what the hint says to write instead."""

from __future__ import annotations

import pytest

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.manifest.loading import load

HEAD = "version: 1\nproject: p\n"
JOBS = HEAD + "jobs:\n  a:\n    graph: g.xml\n"


def errors(text: str) -> list[Diagnostic]:
    return [each for each in load(text, "f").diagnostics if each.severity == "error"]


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("process: snap-funtion", "the process of this job is snap-function", "did you mean snap-function?"),
        (
            "process: dataTailor",
            "the process of this job is snap-function",
            "remove `process:`, or what belongs to it",
        ),
        (
            "output: results/a",
            "`jobs.a.output` must be a mapping of its fields",
            "write {download: results/a}",
        ),
        (
            "output: s3://b/c",
            "`jobs.a.output` must be a mapping of its fields",
            "write {key: NAME} or {download: FOLDER}",
        ),
        (
            "inputs: {i: /a.zip}",
            "`jobs.a.inputs.i` must be a mapping of its fields",
            "write {key: NAME, path: /a.zip}",
        ),
        (
            'inputs: {i: "https://f.test/a"}',
            "`jobs.a.inputs.i` must be a mapping of its fields",
            'write {url: "https://f.test/a"}',
        ),
        ("inputs: {i: S3A_X}", "`jobs.a.inputs.i` must be a mapping of its fields", "write {product: S3A_X}"),
        ("mark: yes", "`jobs.a.mark` must be true or false", "write true"),
        ('mark: "False"', "`jobs.a.mark` must be true or false", "write false"),
        ("mark: perhaps", "`jobs.a.mark` must be true or false", ""),
        (
            "for_each: tiles.csv",
            "`jobs.a.for_each` must be a step or a list of steps",
            "write {csv: FILE}, {geojson: FILE}, {list: [a, b]} or another source",
        ),
        (
            "for_each: [b]",
            "`jobs.a.for_each.0` must be a mapping",
            "write {csv: FILE}, {list: [a, b]} or another source",
        ),
        (
            "params: {aoi: [20, 58, 21, 59]}",
            "`jobs.a.params.aoi` must be text, a number, true or false",
            'write one text in quotes; a region is WKT, such as "POLYGON((20 58, 21 58, 21 59, 20 58))"',
        ),
    ],
)
def test_a_job(line: str, message: str, hint: str) -> None:
    assert [(each.message, each.hint) for each in errors(f"{JOBS}    {line}\n")] == [(message, hint)]


def test_a_refused_value_is_no_warning_about_yaml_as_well() -> None:
    found = load(f"{JOBS}    mark: yes\n    inputs: {{i: {{key: eodata, path: /a, sub_path: no}}}}\n", "f").diagnostics
    assert [(each.code, each.position.line if each.position else 0) for each in found] == [
        ("yaml-1-1", 7),
        ("wrong-type", 6),
    ]


def test_a_text_is_no_job() -> None:
    hints = [each.hint for each in errors(f"{HEAD}jobs: {{a: graphs/a.xml, b: chains/b.yaml}}\n")]
    assert hints == ["write {graph: graphs/a.xml}", "write {chain: chains/b.yaml}"]


def test_what_a_key_holds_is_not_quoted() -> None:
    (found,) = errors(f"{HEAD}keys: {{a: hunter2}}\n")
    assert (found.message, found.hint) == ("`keys.a` must be a mapping of its fields", "")
    assert "hunter2" not in (found.snippet or "")


def test_fields_that_are_not_indented() -> None:
    found = errors(f"{HEAD}keys:\n  a:\n  type: s3\n")
    assert [(each.message, each.hint) for each in found] == [
        ("`keys.a` is empty", "write its fields below it, indented"),
        (
            "`type` is a field of a key, and stands where the name of a key belongs",
            "indent it deeper than the name of its key",
        ),
    ]


def test_the_type_of_a_key_is_shown_where_it_stands() -> None:
    text = f"{HEAD}keys:\n  a:\n    name: b\n    type: S3\n"
    (found,) = errors(text)
    assert found.position is not None
    assert (found.position.line, found.position.column, found.hint) == (6, 11, "did you mean s3?")


def test_a_manifest_without_its_first_lines() -> None:
    assert [(each.message, each.hint) for each in errors("jobs: {}\n")] == [
        ("`version` is missing", "begin the manifest with `version: 1`"),
        ("`project` is missing", "write `project: NAME`: it names the keys at the service"),
    ]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        (
            "  a:\n    type: s3\n     bucket: hunter2\n",
            "     bucket: hunter2",
            "this line is indented deeper than the one above, which has a value already",
        ),
        (
            "  a:\n    type: s3\n   region: hunter2\n",
            "   region: hunter2",
            "this does not belong to the lines above it",
        ),
        ("  a:\n\ttype: hunter2\n", "\ttype: hunter2", "a tab where spaces are needed"),
        ("  a:\n    type: s3\n   hunter2: x\n", None, "this does not belong to the lines above it"),
    ],
)
def test_a_fault_of_indentation_under_keys_shows_its_plain_field(text: str, line: str | None, message: str) -> None:
    (found,) = errors(f"{HEAD}keys:\n{text}")
    assert (found.message, found.snippet) == (message, line)


def test_a_fault_of_indentation_elsewhere_shows_its_line() -> None:
    (found,) = errors("version: 1\n  project: p\n")
    assert (found.snippet, found.hint) == ("  project: p", "give both one indentation")
    (found,) = errors("version: 1\nproject: a: b\n")
    assert (found.message, found.hint) == (
        "a second `: ` on one line, or wrong indentation",
        "put text that holds `: ` in quotes",
    )


def test_a_no_break_space_is_named() -> None:
    (found,) = errors("version: 1\nproject:\N{NO-BREAK SPACE}p\njobs: {}\n")
    assert found.message == "this line holds a no-break space, which is no blank to YAML"


def test_a_quota_is_a_list_of_windows() -> None:
    assert [each.hint for each in errors(f"{HEAD}quota: 10 per hour\n")] == ["write [{jobs: 10, per: 1h}]"]


@pytest.mark.parametrize("written", ["$AK", "${AK}", "${env.AK}", "${env:AK}", "%AK%"])
def test_a_variable_of_the_shell_is_no_secret(written: str) -> None:
    key = f'type: webdav, endpoint: https://d.test, username: u, password: "{written}"'
    assert [each.code for each in errors(f"{HEAD}keys: {{a: {{{key}}}}}\n")] == ["secret-reference"]
