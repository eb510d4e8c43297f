from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.documents.yaml.nodes import Data
from eocanvas_apply.manifest.loading import load
from eocanvas_apply.manifest.substitution import MissingField, Template, too_long, with_variables

FIELDS = {"a": "x", "n": 3, "f": 0.5, "yes": True, "none": None, "list": [1, "b"], "in": {"a.b": {"c": 7}}, "p.id": "q"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${each.n}", 3),
        ("${ each.list }", [1, "b"]),
        ("${each.in.a.b.c}", 7),
        ("${each.p.id}", "q"),
        ("<${each.n}${each.f}${each.yes}>", "<30.5true>"),
        ("${each.list}!", '[1,"b"]!'),
        ("$${each.a}", "${each.a}"),
        ("$${each.a} ${each.a}", "${each.a} x"),
        ("$a ${a}", "$a ${a}"),
        ({"k": ["${each.a}", {"${each.a}": "${each.a}"}]}, {"k": ["x", {"${each.a}": "x"}]}),
    ],
)
def test_a_row_fills_in(written: Any, value: Any) -> None:
    assert Template(written).fill(FIELDS) == value


def test_values_equal_for_all_rows_are_shared() -> None:
    template = Template({"a": {"b": [1]}, "c": "${each.a}", "d": 2})
    first, second = template.fill(FIELDS), template.fill({"a": "y"})
    assert first["a"] is second["a"]
    assert (first["c"], second["c"]) == ("x", "y")
    assert list(first) == ["a", "c", "d"]
    assert template.fields == ((("c",), "a"),)
    assert Template({"a": ["$${each.a}"]}).fields == ()


@pytest.mark.parametrize(
    ("written", "empty"),
    [("${each.nope}", False), ("-${each.none}", True), ("${each.none}", True), ("${each.a.b}", False)],
)
def test_a_missing_field_is_an_error(written: str, empty: bool) -> None:
    with pytest.raises(MissingField) as missing:
        Template(written).fill(FIELDS)
    assert missing.value.empty is empty


@pytest.mark.parametrize("written", ["${each.x}", "/in/${each.x}.zip", {"k": ["${each.x}"]}])
@pytest.mark.parametrize("value", [None, "", "  ", "\u00a0\t"])
def test_an_empty_field_fills_in_nothing_wherever_it_stands(written: Any, value: Any) -> None:
    with pytest.raises(MissingField) as missing:
        Template(written).fill({"x": value})
    assert missing.value.empty


@pytest.mark.parametrize("value", ["", " ", "\u00a0"])
@pytest.mark.parametrize("written", ["/in/${var.a}.zip", "${var.a}"])
def test_an_empty_variable_is_an_error_where_it_is_used(written: str, value: str) -> None:
    job = f'jobs: {{b: {{graph: g.xml, inputs: {{i: {{key: eodata, path: "{written}", sub_path: x}}}}}}}}'
    found = load(f"version: 1\nproject: p\nvars: {{a: x}}\n{job}\n", "f", {"a": value}).diagnostics
    assert [(each.code, each.message, each.position and each.position.line) for each in found] == [
        ("empty-field", "the variable `a` is empty", 4)
    ]


def test_an_empty_text_that_is_written_and_an_empty_variable_that_is_not_used_are_no_faults() -> None:
    text = 'version: 1\nproject: p\nvars: {a: ""}\njobs: {b: {graph: g.xml, params: {mask: ""}}}\n'
    assert load(text, "f").diagnostics == ()


@given(st.text(alphabet="${}each.var ab\n", max_size=40))
def test_any_text_is_a_template(text: str) -> None:
    template = Template(text)
    fields = dict.fromkeys((name for _, name in template.fields), "v")
    assert isinstance(template.fill(fields), str)


@given(st.text(max_size=20).filter(str.strip))
def test_values_of_rows_are_not_substituted_again(value: str) -> None:
    assert Template("<${each.a}>").fill({"a": value}) == f"<{value}>"


@given(st.text(max_size=20).filter(str.strip))
def test_values_of_variables_are_not_substituted_again(value: str) -> None:
    data: Any = {"jobs": {"j": {"x": "<${var.a}>", "y": "${var.a}"}}}
    filled: Any = with_variables(data, {"a": value})
    assert Template(filled["jobs"]["j"]).fill({}) == {"x": f"<{value}>", "y": value}


VARIABLES = """version: 1
project: p
vars: {user: jane, size: 3}
keys:
  d: {type: webdav, endpoint: "https://x.test/${var.user}", username: "${var.user}", password: {file: "${var.user}"}}
jobs:
  a: {process: x, inputs: {size: "${var.size}", text: "${var.user}-${var.size} $${var.user}"}}
"""


def test_variables_of_a_manifest() -> None:
    manifest = load(VARIABLES, "f").require()
    assert manifest.jobs["a"].inputs == {"size": 3, "text": "jane-3 ${var.user}"}
    key = manifest.keys["d"]
    assert key.type == "webdav"
    assert (key.endpoint, key.username) == ("https://x.test/jane", "jane")
    assert key.password.model_dump() == {"file": "${var.user}"}


def test_given_variables_override_defaults() -> None:
    loaded = load(VARIABLES, "f", {"user": "joe"})
    assert loaded.require().jobs["a"].inputs["text"] == "joe-3 ${var.user}"
    assert loaded.variables == {"user": "joe", "size": 3}


AS_WRITTEN = """version: 1
project: p
vars: {baseline: 05.10, orbit: 022}
jobs:
  a: {process: x, inputs: {text: "N${var.baseline}/R${var.orbit}", whole: "${var.orbit}"}}
"""


def test_a_number_inside_a_longer_text_stays_as_it_is_written() -> None:
    assert load(AS_WRITTEN, "f").require().jobs["a"].inputs == {"text": "N05.10/R022", "whole": 22}


def test_a_row_that_makes_the_texts_too_long_is_not_filled_in() -> None:
    template = Template({"a": "${each.v}" * 1000, "b": ["x ${each.w}", "${each.v}"]})
    long = {"v": "x" * 10_001, "w": "y"}
    with pytest.raises(MissingField) as raised:
        template.fill(long)
    assert (raised.value.field, raised.value.long) == ("v", True)
    assert [(path, missing.long) for path, missing in template.missing(long)] == [(("a",), True)]
    assert template.fill({"v": "x" * 9_999, "w": "y"})["b"] == ["x y", "x" * 9_999]


def test_variables_that_make_a_manifest_too_long_are_not_filled_in() -> None:
    data: Data = {"vars": {"v": "x"}, "jobs": {"j": {"a": "${var.v}", "b": ["${var.v}" * 1000]}}}
    assert too_long(data, {"v": "x" * 9_990}) is None
    assert too_long(data, {"v": "x" * 10_001}) == ("jobs", "j", "b", 0)


def test_a_template_deep_in_a_wide_value_is_made_in_one_pass() -> None:
    data: Data = ["x"] * 50_000
    for _ in range(95):
        data = {"a": data}
    assert Template({"deep": data, "b": "${each.v}"}).fill({"v": 1})["b"] == 1
