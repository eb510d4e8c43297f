"""Instances of a campaign: what they share, and what is derived from their rows when it is asked for."""

from __future__ import annotations

import pytest

from eocanvas_apply.planning.desired.desired_job import Deferred, DesiredJob
from tests.planning.scene import HEAD, SCENES, Scene

_ROWS = "for_each: {map: {a: {x: one, k: scenes}, b: {x: two, k: scenes}}}"
_CAMPAIGN = HEAD + SCENES + "jobs:\n  tiles:\n    graph: graph.xml\n    " + _ROWS + "\n    inputs: {img1: %s}\n"
_BY_PLACE = "{key: scenes, path: '/${each.x}.zip', uncompress: true}"
_BY_KEY = "{key: '${each.k}', path: '/${each.x}.zip', uncompress: true}"


def _jobs(given: str) -> list[DesiredJob]:
    return list(Scene(_CAMPAIGN % given).desired.jobs.values())


def test_instances_that_differ_in_places_only_have_the_same_traits_and_definitions_as_any_other() -> None:
    alike, single = _jobs(_BY_PLACE), _jobs(_BY_KEY)
    assert alike[0].traits is alike[1].traits
    assert single[0].traits is not single[1].traits
    assert [job.definition() for job in alike] == [job.definition() for job in single]
    assert [(job.keys, job.folder) for job in alike] == [(job.keys, job.folder) for job in single]
    assert alike[0].fingerprint != alike[1].fingerprint


def test_a_plan_of_new_instances_derives_no_definition(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(_CAMPAIGN % _BY_PLACE)
    _ = scene.desired

    def refuse(_: Deferred) -> None:
        raise AssertionError("a definition was derived")

    monkeypatch.setattr(Deferred, "__call__", refuse)
    assert sum(action.address.startswith("job.tiles") for action in scene.plan().actions) == 2
