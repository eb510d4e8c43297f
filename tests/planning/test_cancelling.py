"""A cancelled job stays cancelled, for every answer of the service and every outcome of a lost answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.jobs.cancelling import Stop, cancelled
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.tasks import AdoptJob, CancelLaunch, DismissJob
from tests.planning.scene import MINUTE, Scene

A = "job.subset"
CANCEL = Requests(cancel=frozenset({A}))


def asked(scene: Scene, job_id: str = "job-1", *, supported: bool | None = None) -> None:
    scene.events.append(e.JobDismissIntended(address=A, job_id=job_id, reason="requested"))
    if supported is not None:
        scene.events.append(e.JobDismissed(address=A, job_id=job_id, supported=supported))


def open_launch(scene: Scene, *, decided_cancelled: bool = True) -> e.JobIntended:
    intended = scene.intend("subset", decided=scene.at - MINUTE)
    if decided_cancelled:
        scene.events.append(e.Resolved(address=A, intent=intended.intent, decision="cancel"))
    return intended


@pytest.fixture(name="scene")
def _scene() -> Scene:
    scene = Scene()
    scene.make_key("scenes")
    return scene


def test_a_cancelled_job_in_flight_is_dismissed_and_nothing_else_is_done(scene: Scene) -> None:
    scene.launched("subset")
    (action,) = scene.plan(CANCEL).actions
    assert (action.address, action.action, action.reason) == (A, "dismiss", "requested")
    assert action.task == DismissJob("job-1")


def test_a_job_is_asked_to_stop_once_in_a_run(scene: Scene) -> None:
    scene.launched("subset")
    asked(scene, supported=False)
    assert scene.plan(CANCEL).actions[0].task == DismissJob("job-1")
    assert scene.plan(Requests(cancel=CANCEL.cancel, dismissed=frozenset({"job-1"}))).actions == ()


def test_jobs_that_are_not_in_flight_are_not_dismissed(scene: Scene) -> None:
    assert scene.plan(CANCEL).actions == ()
    scene.done("subset")
    assert scene.plan(CANCEL).actions == ()


def test_a_job_removed_from_the_manifest_can_be_cancelled(scene: Scene) -> None:
    scene.launched("subset")
    scene.now_reads(scene.manifest.partition("jobs:")[0])
    assert scene.plan(CANCEL).actions[0].task == DismissJob("job-1")


def test_a_cancelled_launch_without_an_answer_is_settled_or_adopted(scene: Scene) -> None:
    intended = open_launch(scene, decided_cancelled=False)
    assert scene.plan(CANCEL).actions[0].task == CancelLaunch(intended.intent)
    scene.show_job("job-7", "running", scene.at - MINUTE)
    scene.logs["job-7"] = scene.log("subset", 1)
    assert scene.plan(CANCEL).actions[0].task == AdoptJob("job-7", "found", intended.intent)


def test_a_cancelled_launch_found_later_is_dismissed_by_any_runner(scene: Scene) -> None:
    intended = open_launch(scene)
    assert scene.says(A) == "watch(answer-open)"
    assert scene.plan(CANCEL).actions == ()
    found = e.Adopted(address=A, job_id="job-7", reason="found", intent=intended.intent)
    scene.events.append(found)
    scene.show_job("job-7", "running", scene.at - MINUTE)
    assert scene.action(A).task == DismissJob("job-7")


def test_the_order_of_the_events_of_two_runners_makes_no_difference(scene: Scene) -> None:
    intended = open_launch(scene, decided_cancelled=False)
    scene.events += [
        e.Adopted(address=A, job_id="job-7", reason="found", intent=intended.intent),
        e.Resolved(address=A, intent=intended.intent, decision="cancel"),
    ]
    scene.show_job("job-7", "running", scene.at - MINUTE)
    assert scene.action(A).task == DismissJob("job-7")


def test_a_cancelled_launch_that_did_not_happen_is_abandoned(scene: Scene) -> None:
    intended = open_launch(scene)
    scene.at += timedelta(hours=1)
    begun = [scene.at - timedelta(minutes=each) for each in (20, 10)]
    scene.events += [e.PassObserved(address=A, intent=intended.intent, begun=at) for at in begun]
    assert [type(note).__name__ for note in scene.notes] == ["JobAbandoned"]
    assert scene.says(A) == "none(cancelled)"
    assert scene.says(A, Requests(retry_failed=True)) == "none(cancelled)"
    again = Requests(relaunch=frozenset({A}))
    assert scene.action(A, again).action == "launch"


@pytest.mark.parametrize("supported", [True, False, None])
@pytest.mark.parametrize("status", ["failed", "dismissed"])
def test_a_cancelled_job_is_not_tried_again_however_it_ended(scene: Scene, status: str, *, supported: bool) -> None:
    scene.launched("subset", status=status)
    asked(scene, supported=supported)
    if status == "failed":
        failed = e.JobObserved(address=A, job_id="job-1", status="failed", failure="staging-in")
        scene.events.append(failed)
    assert scene.says(A) == "none(cancelled)"
    assert scene.says(A, Requests(retry_failed=True)) == "none(cancelled)"
    assert scene.says(A, Requests(relaunch=frozenset({A}))) == "relaunch(requested)"


def test_results_of_a_cancelled_job_that_succeeded_are_fetched(scene: Scene) -> None:
    scene.done("subset", stored=False)
    asked(scene, supported=True)
    assert scene.says(A) == "fetch(results-pending)"


def test_a_job_that_is_gone_after_it_was_dismissed_does_not_run_again(scene: Scene) -> None:
    scene.launched("subset", shown=False, created=scene.at - timedelta(hours=3))
    asked(scene, supported=True)
    begun = [scene.at - timedelta(minutes=each) for each in (40, 10)]
    scene.events += [e.PassObserved(address=A, job_id="job-1", begun=at, by_id=True) for at in begun]
    assert scene.says(A) == "none(cancelled)"


def test_an_interrupted_dismissal_is_sent_again(scene: Scene) -> None:
    scene.launched("subset")
    asked(scene)
    assert scene.says(A) == "dismiss(requested)"
    asked(scene, supported=False)
    assert scene.says(A) == "watch(in-flight)"


def test_another_definition_is_another_job(scene: Scene) -> None:
    scene.launched("subset", status="dismissed")
    asked(scene, supported=True)
    scene.now_reads(scene.manifest.replace("/a.zip", "/b.zip"))
    assert scene.says(A) == "relaunch(input-changed)"


def test_forgetting_ends_a_cancelled_job(scene: Scene) -> None:
    scene.launched("subset", status="dismissed")
    asked(scene, supported=True)
    forgotten = scene.copy()
    forgotten.events.append(e.Forgotten(address=A, reason="requested"))
    assert forgotten.says(A) == "launch(new)"
    scene.events.append(e.Forgotten(address=A, reason="not-in-manifest"))
    assert scene.says(A) == "none(cancelled)"


@pytest.mark.parametrize(
    ("status", "supported", "stop"),
    [
        ("running", True, Stop.DISMISSED),
        ("dismissed", True, Stop.DISMISSED),
        ("running", False, Stop.RUNS_ON),
        ("successful", False, Stop.ENDED),
        ("running", None, Stop.NOT_ANSWERED),
    ],
)
def test_why_shows_the_state_of_a_cancellation(
    scene: Scene, status: str, stop: Stop, *, supported: bool | None
) -> None:
    scene.launched("subset", status=status)
    asked(scene, supported=supported)
    assert [each.stop for each in cancelled([A], scene.recorded)] == [stop]
