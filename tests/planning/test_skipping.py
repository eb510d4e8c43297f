"""What is skipped, and what is kept although its definition changed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.planning.scene import HEAD, MINUTE, Scene

MANIFEST = (
    HEAD
    + """jobs:
  tiles:
    for_each: {list: [a, b]}
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/${each.value}.zip"}}
"""
)
A = 'job.tiles["a"]'
SKIPPED = MANIFEST + "    skip: {a: cloudy}\n"
KEPT = MANIFEST.replace(".zip", "-v2.zip") + "    on_change: keep\n"


def failed(scene: Scene, number: int = 1) -> None:
    job_id = scene.launched(A, number, status="failed")
    scene.events.append(e.JobObserved(address=A, job_id=job_id, status="failed", failure="graph"))


def test_a_skipped_row_is_not_launched_and_says_why() -> None:
    planned = Scene(SKIPPED).action(A)
    assert (planned.action, planned.reason, planned.note, planned.task) == ("none", "skipped", "cloudy", None)


@pytest.mark.parametrize("requests", [Requests(), Requests(retry_failed=True), Requests(relaunch=frozenset({A}))])
def test_a_failed_row_that_is_skipped_stays_as_it_is(requests: Requests) -> None:
    scene = Scene(MANIFEST)
    failed(scene)
    scene.now_reads(SKIPPED)
    assert scene.says(A, requests) == "none(skipped)"


def test_skipping_stops_nothing() -> None:
    scene = Scene(MANIFEST)
    scene.launched(A)
    scene.now_reads(SKIPPED)
    assert scene.says(A) == "watch(in-flight)"


def test_a_skipped_launch_with_a_lost_answer_is_found_or_abandoned() -> None:
    scene = Scene(MANIFEST)
    scene.intend(A, decided=scene.at - MINUTE)
    scene.now_reads(SKIPPED)
    assert scene.says(A) == "watch(answer-open)"
    intent = scene.events[0]
    assert isinstance(intent, e.JobIntended)
    scene.at += timedelta(hours=1)
    begun = [scene.at - timedelta(minutes=each) for each in (20, 10)]
    scene.events += [e.PassObserved(address=A, intent=intent.intent, begun=at) for at in begun]
    assert scene.says(A) == "none(skipped)"
    assert [type(note).__name__ for note in scene.notes] == ["JobAbandoned"]


def test_a_kept_job_keeps_its_results_when_its_definition_changes() -> None:
    scene = Scene(MANIFEST)
    scene.done(A)
    scene.now_reads(KEPT)
    assert scene.says(A) == "none(kept)"
    assert scene.says(A, Requests(relaunch=frozenset({A}))) == "relaunch(input-changed)"
    assert scene.says(A, Requests(relaunch=frozenset({A}), launched=frozenset({A}))) == "none(kept)"


def test_results_that_are_not_here_yet_are_fetched_before_they_are_kept() -> None:
    scene = Scene(MANIFEST)
    scene.done(A, stored=False)
    scene.now_reads(KEPT)
    assert scene.says(A) == "fetch(results-pending)"


def test_a_job_without_results_to_keep_runs_again() -> None:
    scene = Scene(MANIFEST)
    failed(scene)
    scene.now_reads(KEPT)
    assert scene.says(A) == "relaunch(input-changed)"
    empty = Scene(MANIFEST)
    empty.launched(A, status="successful")
    empty.events.append(e.ResultsListed(address=A, job_id="job-1", results=None, looked=empty.at))
    empty.at += timedelta(hours=1)
    empty.sees(results={"job-1": None})
    empty.now_reads(KEPT)
    assert empty.says(A) == "relaunch(input-changed)"
