"""Runs against a service of whose lists one entry cannot be read, for as long as the run takes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.report.progress import ApplyResult, Happening
from tests.applying.simulated_runs import LAUNCH, endings, ends, fault, launched, manifest
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


def of_one_job(world: World, path: str, answer: Callable[[WireResponse], WireResponse]) -> None:
    """Let the service change its answers to GET requests of a path, for the first job that is asked for."""
    handle, first = world.frontend.handle, list[str]()

    def changed(request: WireRequest) -> WireResponse:
        answered = handle(request)
        if request.method != "GET" or not fnmatchcase(request.path, path) or answered.status != 200:
            return answered
        first[:] = first or [request.path]
        return answer(answered) if request.path in first else answered

    world.frontend.handle = changed  # type: ignore[method-assign]


def with_body(body: bytes) -> Callable[[WireResponse], WireResponse]:
    return lambda answer: replace(answer, body=body)


UNREADABLE: dict[str, Callable[[WireResponse], WireResponse]] = {
    "a page": with_body(b"<html>Sign in</html>"),
    "no list": with_body(b"{}"),
    "a fault": lambda answer: WireResponse(503),
    "a refusal": lambda answer: WireResponse(403),
}


@pytest.mark.parametrize("answer", UNREADABLE)
def test_results_that_are_unreadable_for_good_fail_one_job_after_an_hour(answer: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    of_one_job(world, "/serverless/jobs/*/results", UNREADABLE[answer])
    begun = world.clock()
    result = world.apply(THREE)
    assert world.clock() - begun < timedelta(hours=1, minutes=30)
    assert sorted(ends(result).values()) == ["done", "done", "done", "failed"]
    (found,) = (each.error.code for each in result.results if each.error)
    assert found in ("service-answer-unreadable", "service-failed", "service-refused")
    # The same fault is a line now and then, not one with every try.
    assert sum(event.happening is Happening.FAILED for event in world.progress) <= 8


@pytest.mark.parametrize("answer", ["a page", "no list", "a fault"])
def test_a_log_that_is_unreadable_for_good_explains_nothing_after_an_hour(answer: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("staging-in"))
    of_one_job(world, "/serverless/jobs/*/logs", UNREADABLE[answer])
    begun = world.clock()
    result = world.apply(THREE)
    assert timedelta(hours=1) < world.clock() - begun < timedelta(hours=1, minutes=30)
    assert sorted(ends(result).values()) == ["done", "done", "done", "failed"]
    assert [each.error.code for each in result.results if each.error] == ["job-failed"]


@pytest.mark.parametrize("status", ["paused", "", None, 7, {"word": "successful"}])
def test_a_status_that_nobody_knows_is_waited_for_an_hour(status: object, tmp_path: Path) -> None:
    def changed(document: Any) -> Any:
        oldest = document["jobs"][-1:]
        return {**document, "jobs": [*document["jobs"][:-1], *({**job, "status": status} for job in oldest)]}

    world = World(tmp_path)
    answers(world, "/serverless/jobs", changed)
    begun = world.clock()
    result = world.apply(THREE)
    assert timedelta(hours=1) < world.clock() - begun < timedelta(hours=1, minutes=30)
    assert (sorted(ends(result).values()), endings(result)) == (["done", "done", "done", "waiting"], {"unfinished"})
    assert [each.code for each in result.diagnostics] == ["job-status-unknown"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "jobID", "title", "href", "created", "status", "message"]), inner)
    ),
    max_leaves=8,
)


@settings(
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "8")),
    deadline=None,
    derandomize="FUZZ_EXAMPLES" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
@given(entry=JSON)
def test_whatever_stands_in_the_lists_all_jobs_end(entry: object, tmp_path_factory: pytest.TempPathFactory) -> None:
    world = World(tmp_path_factory.mktemp("odd"))
    for path in LISTS.values():
        answers(world, path, with_entry(entry))
    result = world.apply(THREE, timedelta(hours=3))
    # A readable entry of the results is a result, whose address may lead nowhere.
    assert {outcome for address, outcome in ends(result).items()} <= {"done", "failed"}
    assert "key.scenes" not in {each.address for each in result.results if each.error}
    assert len(launched(world)) == 3


def each_job(**fields: object) -> Change:
    return lambda document: {**document, "jobs": [{**job, **fields} for job in document["jobs"]]}


def each_key(**fields: object) -> Change:
    return lambda document: [{**key, **fields} for key in document]


ODD: dict[str, tuple[str, Change]] = {
    "jobs without ids": ("/serverless/jobs", each_job(jobID=None)),
    "jobs of the year 9999": ("/serverless/jobs", each_job(created="9999-12-31T23:59:59Z", finished="9999-12-31")),
    "jobs of the year 1": ("/serverless/jobs", each_job(created="0001-01-01T00:00:00+14:00")),
    "jobs of no time": ("/serverless/jobs", each_job(created=1722500000000, started="0000-00-00", finished=[])),
    "jobs of no process": ("/serverless/jobs", each_job(processID=None, links="x", type=7)),
    "jobs twice": ("/serverless/jobs", lambda document: {**document, "jobs": [*document["jobs"], *document["jobs"]]}),
    "pages in circles": (
        "/serverless/jobs",
        lambda document: {**document, "links": [{"rel": "next", "href": "/jobs?limit=100&offset=0"}]},
    ),
    "pages elsewhere": (
        "/serverless/jobs",
        lambda document: {**document, "links": [{"rel": "next", "href": "https://elsewhere.invalid/jobs"}]},
    ),
    "keys without names": ("/serverless/keys", each_key(name=None)),
    "keys without types": ("/serverless/keys", each_key(type=None, public="?", description=None, expireSeconds=1e300)),
    "keys for ever": ("/serverless/keys", each_key(expirationDate="9999-12-31 23:59:59", creationDate="0000-00-00")),
    "a log of nothing": ("/serverless/jobs/*/logs", lambda document: [None]),
}


@pytest.mark.parametrize("odd", ODD)
def test_odd_answers_keep_no_job_from_its_end_and_create_nothing_twice(odd: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    answers(world, *ODD[odd])
    result = world.apply(THREE, timedelta(hours=3))
    assert (ends(result), result.endings) == (ALL_DONE, frozenset())
    assert len(launched(world)) == 3
    assert not world.plan(THREE).changes_pending
    assert sum(event.happening is Happening.CREATED for event in world.progress) == 1


def test_a_lost_launch_that_an_unreadable_entry_may_be_is_a_question_in_bounded_time(tmp_path: Path) -> None:
    world = World(tmp_path)
    answers(world, "/serverless/jobs", with_entry(None))
    fault(world, "drop-before", LAUNCH)
    result = world.apply(THREE)
    assert sorted(ends(result).values()) == ["done", "done", "done", "waiting"]
    assert "decision" in endings(result)


def test_a_lost_launch_that_no_unreadable_entry_can_be_is_launched_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    old = {"jobID": None, "created": "2024-01-01T00:00:00Z"}
    answers(world, "/serverless/jobs", with_entry(old))
    fault(world, "drop-before", LAUNCH)
    result = world.apply(THREE)
    assert (ends(result), len(launched(world))) == (ALL_DONE, 3)


def test_a_public_key_that_cannot_be_used_keeps_back_only_keys_that_must_be_created(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(THREE, timedelta())
    handle = world.frontend.handle

    def unusable(request: WireRequest) -> WireResponse:
        answered = handle(request)
        return replace(answered, body=b"no key") if request.path.endswith("/cert/public") else answered

    world.frontend.handle = unusable  # type: ignore[method-assign]
    result = world.apply(THREE)
    assert ends(result) == ALL_DONE
    assert [each.code for each in result.diagnostics] == ["bad-public-key"]
    other = THREE.replace("scenes:", "others:").replace("key: scenes", "key: others")
    result = world.apply(other)
    assert ends(result)["key.others"] == "failed"
