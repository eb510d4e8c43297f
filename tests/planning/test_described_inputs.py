"""The service's description of a process against the inputs of jobs; what is odd in it says nothing."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.findings.described_inputs import described_faults
from tests.planning.scene import HEAD, Scene

WRONG = {"type": "integer"}


def found(described: Any, inputs: str = "{area: Sindian}") -> list[Diagnostic]:
    scene = Scene(f"{HEAD}jobs:\n  birds: {{process: shearwater-demo, inputs: {inputs}}}\n")
    return described_faults(scene.desired.jobs.values(), {"shearwater-demo": described})


def codes(described: Any, inputs: str = "{area: Sindian}") -> list[str]:
    return [each.code for each in found(described, inputs)]


@pytest.mark.parametrize(
    "more",
    [
        {"$ref": "https://elsewhere.test/schema.json"},
        {"allOf": [{"$ref": "#"}]},
        {"$dynamicRef": "#node"},
        {"$id": 5},
        {"$defs": {"a": {}}},
        {"pattern": "(a+)+$"},
        {"propertyNames": {"pattern": "(a+)+$"}},
        {"unevaluatedProperties": False},
        {"items": {"unevaluatedItems": False}},
        {"uniqueItems": True},
        {"nullable": True},
        {"minimum": "low"},
        {"exclusiveMinimum": True},
        {"enum": ["x" * 30_000]},
        {"properties": "none"},
    ],
)
def test_a_schema_that_is_wrong_costly_or_of_another_dialect_is_not_judged(more: dict[str, Any]) -> None:
    assert codes({"area": {"schema": WRONG}}) == ["process-input-value"]
    assert codes({"area": {"schema": {**WRONG, **more}}}) == []


def test_a_schema_deeper_than_python_goes_is_not_judged() -> None:
    deep: dict[str, Any] = dict(WRONG)
    for _ in range(5000):
        deep = {"not": deep}
    assert codes({"area": {"schema": deep}}) == []


def test_a_large_value_under_a_large_schema_is_not_judged() -> None:
    broad = {"items": {"allOf": [{}] * 3000, "type": "string"}}
    assert codes({"area": {"schema": broad}}, "{area: [1, 2]}") == ["process-input-value", "process-input-value"]
    assert codes({"area": {"schema": broad}}, f"{{area: [{', '.join(['1'] * 1000)}]}}") == []


def test_a_number_that_cannot_be_divided_is_not_judged() -> None:
    assert codes({"area": {"schema": {"multipleOf": 2.5}}}, f"{{area: {10**400}}}") == []


@pytest.mark.parametrize("count", [200, 201])
def test_a_description_of_more_inputs_than_a_process_has_is_not_judged(count: int) -> None:
    described: dict[str, Any] = {f"input{n}": {} for n in range(count)}
    assert set(codes(described, "{other: 1}")) == (
        {"process-input-missing", "process-input-unknown"} if count == 200 else set()
    )


@pytest.mark.parametrize("about", [None, 5, "text", [], [{"minOccurs": 1}]])
def test_an_input_without_a_description_is_neither_needed_nor_judged(about: object) -> None:
    assert codes({"area": about, "day": about}) == []


@pytest.mark.parametrize(
    ("occurs", "needed"), [(1, True), ("2", True), (0, False), ("00", False), (-1, False), ("x", False), (None, False)]
)
def test_only_a_number_above_zero_asks_for_an_input(occurs: object, needed: bool) -> None:
    assert codes({"area": {}, "day": {"minOccurs": occurs}}) == (["process-input-missing"] if needed else [])


@pytest.mark.parametrize(
    ("about", "inputs", "right"),
    [
        ({"schema": {"type": "string"}, "maxOccurs": 3}, "{area: [a, b]}", True),
        ({"schema": {"type": "string"}, "maxOccurs": "unbounded"}, "{area: [a, b]}", True),
        ({"schema": {"type": "string"}, "maxOccurs": 3}, "{area: [a, 5]}", False),
        ({"schema": {"type": "string"}}, "{area: [a, b]}", False),
        ({"schema": {"type": "string"}}, "{area: {value: a}}", True),
        ({"schema": {"type": "string"}}, "{area: {value: 5}}", False),
        ({"schema": {"type": "string"}}, "{area: {href: 'https://example.org/a'}}", True),
        ({"schema": {"type": "string"}, "minOccurs": 0}, "{}", True),
        ({"schema": {"type": "string"}, "minOccurs": "0"}, "{}", True),
        ({"schema": {"type": "string"}}, "{}", False),
    ],
)
def test_every_form_that_ogc_gives_an_input_is_right(about: dict[str, Any], inputs: str, right: bool) -> None:
    assert (codes({"area": about}, inputs) == []) is right


def test_a_name_that_the_service_shows_stands_on_one_line() -> None:
    (fault,) = found({"\x1b[2Jx`\nadd": {}, "area": {}})
    assert fault.message == "the process needs the input `?[2Jx??add`"


def test_a_fault_has_the_path_of_its_value() -> None:
    schema = {"properties": {"bands": {"items": {"type": "string"}}}}
    (fault,) = found({"area": {"schema": schema}}, "{area: {bands: [blue, 5]}}")
    assert (fault.address, fault.path) == ("job.birds", ("inputs", "area", "bands", 1))


def test_a_job_that_changes_to_another_process_has_no_other_version_of_it() -> None:
    manifest = f"{HEAD}jobs:\n  birds: {{process: p1, inputs: {{area: Sindian}}}}\n"
    scene = Scene(manifest)
    scene.done("birds")
    scene.events[0] = replace(intended(scene.events[0]), process_version="1.0")
    for process, found in (("p2", []), ("p1", ["process-version-changed"])):
        scene.now_reads(manifest.replace("p1", process).replace("Sindian", "Baltic"))
        scene.sees(processes={"p1": "2.0", "p2": "7.0"})
        assert [each.code for each in scene.plan().diagnostics] == found


def intended(event: e.AnyEvent) -> e.JobIntended:
    assert isinstance(event, e.JobIntended)
    return event
