"""Instances of a campaign: what they share, and what is derived from their rows when it is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from types import FunctionType, MethodType

import pytest
from msgspec import Struct

from eocanvas_apply.planning.desired.desired_job import Deferred, DesiredJob, JobDefinition
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.render.plan import text
from tests.planning.scene import HEAD, SCENES, Scene

_ROWS = "for_each: {map: {a: {x: one, k: scenes, g: graph.xml}, b: {x: two, k: scenes, g: graph.xml}}}"
_CAMPAIGN = HEAD + SCENES + "jobs:\n  tiles:\n    graph: graph.xml\n    " + _ROWS + "\n    inputs: {img1: %s}\n"
_BY_PLACE = "{key: scenes, path: '/${each.x}.zip', uncompress: true}"
_BY_KEY = "{key: '${each.k}', path: '/${each.x}.zip', uncompress: true}"


_BY_URL = "{url: 'https://example.org/${each.x}.zip', id: '${each.x}', sub_path: 'in/${each.x}'}"


def _jobs(given: str, graph: str = "graph.xml") -> list[DesiredJob]:
    return list(Scene((_CAMPAIGN % given).replace("graph.xml\n", f"{graph}\n")).desired.jobs.values())


def test_instances_that_differ_in_places_only_have_the_same_traits_and_definitions_as_any_other() -> None:
    alike, single = _jobs(_BY_PLACE), _jobs(_BY_KEY)
    assert alike[0].traits is alike[1].traits
    assert single[0].traits is not single[1].traits
    assert [job.definition() for job in alike] == [job.definition() for job in single]
    assert [(job.keys, job.folder) for job in alike] == [(job.keys, job.folder) for job in single]
    assert alike[0].fingerprint != alike[1].fingerprint


@pytest.mark.parametrize("given", [_BY_PLACE, _BY_URL], ids=["key", "url"])
def test_instances_that_differ_in_inputs_only_have_the_same_definitions_as_those_that_name_other_graphs(
    given: str,
) -> None:
    by_input, by_graph = _jobs(given), _jobs(given, "'${each.g}'")
    assert [job.definition() for job in by_input] == [job.definition() for job in by_graph]
    assert by_input[0].fingerprint != by_input[1].fingerprint


def test_a_plan_of_new_instances_derives_no_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(_CAMPAIGN % _BY_PLACE)
    _ = scene.desired

    def refuse(_: Deferred) -> None:
        raise AssertionError("a definition was derived")

    monkeypatch.setattr(Deferred, "__call__", refuse)
    assert sum(action.address.startswith("job.tiles") for action in scene.plan().actions) == 2


def test_what_is_shown_of_many_instances_is_derived_from_few(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = ", ".join(f"r{n}: {{x: n{n}, k: scenes, g: graph.xml}}" for n in range(30))
    given = "{key: scenes, path: '/${each.x}.zip', uncompress: true, sub_path: '${each.k}'}"
    scene = Scene((_CAMPAIGN % given).replace(_ROWS, f"for_each: {{map: {{{rows}}}}}"))
    plan, derived, call = scene.plan(), set[int](), Deferred.__call__

    def counted(definition: Deferred) -> JobDefinition:
        derived.add(id(definition))
        return call(definition)

    monkeypatch.setattr(Deferred, "__call__", counted)
    shown = text(plan)
    assert "/n0.zip (first of 30)" in shown
    assert "sub_path scenes\n" in shown
    assert len(derived) == 2


def _held_by(thing: object) -> Iterator[object]:
    """Yield what a value holds, a function what it was made with."""
    if isinstance(thing, Struct):
        yield from (getattr(thing, name) for name in thing.__struct_fields__)
    elif isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, tuple | list | frozenset):
        yield from thing
    elif isinstance(thing, partial):
        yield from (thing.func, *thing.args, *thing.keywords.values())
    elif isinstance(thing, MethodType):
        yield thing.__self__
    elif isinstance(thing, FunctionType):
        yield from (cell.cell_contents for cell in thing.__closure__ or ())
    elif type(thing).__module__.startswith("eocanvas_apply") and hasattr(thing, "__dict__"):
        yield from vars(thing).values()


def _reached_from(thing: object) -> Iterator[object]:
    left, seen = [*_held_by(thing)], dict[int, object]()
    while left:
        if id(found := left.pop()) not in seen:
            seen[id(found)] = found
            left += _held_by(found)
    yield from seen.values()


@pytest.mark.parametrize(
    ("given", "graph"), [(_BY_PLACE, "graph.xml"), (_BY_PLACE, "'${each.g}'"), (_BY_KEY, "graph.xml")]
)
def test_what_the_collector_does_not_look_at_is_part_of_no_cycle(given: str, graph: str) -> None:
    scene = Scene((_CAMPAIGN % given).replace("graph.xml\n", f"{graph}\n"))
    for job in scene.desired.jobs.values():
        job.definition()
        reached = list(_reached_from(job))
        assert len(reached) > 20
        assert not any(isinstance(each, DesiredJob) for each in reached)
    for action in scene.plan().actions:
        assert not any(isinstance(each, PlannedAction) for each in _reached_from(action))
