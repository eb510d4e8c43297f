"""Runs against a service of whose lists one entry cannot be read, for as long as the run takes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.report.progress import ApplyResult
from tests.applying.stage import ends, launched, manifest
from tests.simulation.world import World

Change = Callable[[Any], Any]
LISTS = {
    "the list of keys": "/serverless/keys",
    "the list of jobs": "/serverless/jobs",
    "the list of results of a job": "/serverless/jobs/*/results",
    "the log of a job": "/serverless/jobs/*/logs",
}
MALFORMED: list[object] = [
    None,
    {},
    [],
    "x",
    7,
    {"name": None, "jobID": None, "href": None, "title": None, "message": ["x"]},
]
THREE = manifest(
    jobs="""
  second: {graph: graph.xml, inputs: {img1: {key: scenes, path: /b.zip}}}
  third: {graph: graph.xml, inputs: {img1: {key: scenes, path: /c.zip}}}
"""
)
ALL_DONE = {"key.scenes": "done", "job.subset": "done", "job.second": "done", "job.third": "done"}


def answers(world: World, path: str, change: Change) -> None:
    """Let the service change every JSON that it answers to GET requests of a path."""
    handle = world.frontend.handle

    def changed(request: WireRequest) -> WireResponse:
        answer = handle(request)
        if request.method != "GET" or not fnmatchcase(request.path, path) or answer.status != 200:
            return answer
        return replace(answer, body=json.dumps(change(json.loads(answer.body))).encode())

    world.frontend.handle = changed  # type: ignore[method-assign]


def with_entry(entry: object) -> Change:
    """Return a change that puts an entry at the head of a list."""

    def change(document: Any) -> Any:
        if isinstance(document, dict):
            return {**document, "jobs": [entry, *document["jobs"]]}
        return [entry, *document]

    return change


def irregular(result: ApplyResult) -> list[str]:
    return [each.message for each in result.diagnostics if each.code == "service-entry-unreadable"]


@pytest.mark.parametrize("entry", MALFORMED, ids=repr)
def test_with_a_malformed_entry_in_every_list_all_jobs_end(entry: object, tmp_path: Path) -> None:
    world = World(tmp_path)
    for path in LISTS.values():
        answers(world, path, with_entry(entry))
    result = world.apply(THREE, timedelta(hours=3))
    assert (ends(result), result.endings) == (ALL_DONE, frozenset())
    assert len(launched(world)) == 3
    for name in ("the list of keys", "the list of jobs"):
        assert sum(name in message for message in irregular(result)) == 1
