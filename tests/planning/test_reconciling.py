"""How a launch whose answer was lost is settled, step by step."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.planning.state.reconciling import Evidence, Settlement, Verdict
from eocanvas_apply.planning.tasks import AdoptJob, LaunchJob
from tests.planning.scene import AT, MINUTE, ONE_OF_EACH, SECOND, Scene, intent_id

# send_within 30 s, request_timeout 30 s, settle 15 min.
DEADLINE = 16 * MINUTE


def sent(ago: timedelta, *passes: timedelta, manifest: str = ONE_OF_EACH) -> Scene:
    scene = Scene(manifest)
    scene.make_key("scenes")
    scene.intend("subset", decided=AT - ago)
    for before in passes:
        scene.events.append(e.PassObserved(address="job.subset", intent=intent_id(1), begun=AT - before))
    return scene


def settled(scene: Scene) -> Settlement:
    recorded = scene.recorded
    evidence = Evidence.of("baltic", scene.desired.timing, recorded, scene.observed)
    intent = recorded.jobs["job.subset"].intents[intent_id(1)]
    return evidence.settle(intent)


def passes_noted(scene: Scene) -> list[datetime]:
    facts = notes(scene.desired, scene.recorded, scene.observed)
    return [fact.begun for fact in facts if isinstance(fact, e.PassObserved)]


@pytest.mark.parametrize(
    ("ago", "passes", "noted"),
    [
        (DEADLINE - SECOND, (), False),
        (DEADLINE, (), True),
        (DEADLINE + MINUTE, (59 * SECOND,), False),
        (DEADLINE + MINUTE, (60 * SECOND,), True),
        (DEADLINE + MINUTE, (120 * SECOND, 60 * SECOND), False),
    ],
)
def test_a_pass_is_noted_after_the_deadline_and_a_second_one_a_minute_later(
    ago: timedelta, passes: tuple[timedelta, ...], noted: bool
) -> None:
    assert passes_noted(sent(ago, *passes)) == ([AT] if noted else [])


def test_a_pass_that_is_not_complete_or_shows_a_candidate_is_not_noted() -> None:
    scene = sent(DEADLINE)
    scene.complete = False
    assert passes_noted(scene) == []
    scene = sent(DEADLINE)
    scene.show_job("late", created=AT - MINUTE)
    assert passes_noted(scene) == []


@pytest.mark.parametrize(
    ("ago", "passes", "verdict", "wake"),
    [
        (MINUTE, (), Verdict.WAIT, AT + 15 * MINUTE),
        (DEADLINE, (), Verdict.WAIT, AT + MINUTE),
        (DEADLINE + MINUTE, (30 * SECOND,), Verdict.WAIT, AT + 30 * SECOND),
        (DEADLINE + MINUTE, (90 * SECOND, 30 * SECOND), Verdict.NOT_LAUNCHED, None),
    ],
)
def test_not_launched_needs_the_deadline_and_two_passes(
    ago: timedelta, passes: tuple[timedelta, ...], verdict: Verdict, wake: datetime | None
) -> None:
    assert settled(sent(ago, *passes)) == Settlement(verdict, wake=wake)


def test_the_next_launch_abandons_the_one_that_did_not_happen() -> None:
    scene = sent(DEADLINE + MINUTE, 90 * SECOND, 30 * SECOND)
    task = scene.action("job.subset").task
    assert isinstance(task, LaunchJob)
    assert task.abandons == intent_id(1)


def test_an_unwanted_launch_that_did_not_happen_is_noted_as_abandoned() -> None:
    scene = sent(DEADLINE + MINUTE, 90 * SECOND, 30 * SECOND)
    scene.now_reads(ONE_OF_EACH.split("jobs:")[0])
    facts = notes(scene.desired, scene.recorded, scene.observed)
    assert facts == [e.JobAbandoned(address="job.subset", intent=intent_id(1))]


@pytest.mark.parametrize(
    ("early", "verdict"), [(timedelta(minutes=10), Verdict.AMBIGUOUS), (timedelta(seconds=601), Verdict.WAIT)]
)
def test_a_job_created_up_to_10_minutes_before_is_a_candidate(early: timedelta, verdict: Verdict) -> None:
    scene = sent(DEADLINE)
    scene.show_job("some", "failed", AT - DEADLINE - early)
    assert settled(scene).verdict is verdict


def test_a_mark_settles_a_launch_at_once_and_the_oldest_job_counts() -> None:
    scene = sent(MINUTE)
    for job_id, seconds in (("younger", 20), ("older", 40)):
        scene.show_job(job_id, created=AT - seconds * SECOND)
        scene.logs[job_id] = scene.log("subset", 1)
    assert settled(scene) == Settlement(Verdict.FOUND, "older")
    assert scene.action("job.subset").task == AdoptJob("older", "found", intent_id(1))


CHAIN_JOB = ONE_OF_EACH.split("jobs:")[0] + (
    "jobs:\n  subset: {chain: {name: mine, product: OLL2WFR, format: netcdf4}, mark: true,"
    " inputs: {img1: {key: scenes, path: /a.zip}}}\n"
)


@pytest.mark.parametrize(("status", "verdict"), [("running", Verdict.WAIT), ("successful", Verdict.AMBIGUOUS)])
def test_a_chain_cut_off_in_the_log_decides_nothing(status: str, verdict: Verdict) -> None:
    scene = sent(DEADLINE, manifest=CHAIN_JOB)
    scene.show_job("cut", status, AT - MINUTE, "dataTailor")
    whole = scene.log("subset", 1).splitlines()
    scene.logs["cut"] = "\n".join([whole[0], whole[1][:-8]])
    assert settled(scene).verdict is verdict


def test_a_chain_with_a_name_of_the_user_is_found_by_its_log() -> None:
    scene = sent(DEADLINE, manifest=CHAIN_JOB)
    scene.show_job("similar", "running", AT - MINUTE, "dataTailor")
    scene.logs["similar"] = scene.log("subset", 1)
    assert settled(scene) == Settlement(Verdict.FOUND, "similar")


def test_a_late_job_is_noted_with_its_intent() -> None:
    scene = sent(2 * 60 * MINUTE)
    scene.events.append(e.JobAbandoned(address="job.subset", intent=intent_id(1)))
    scene.show_job("late", created=AT - MINUTE)
    scene.logs["late"] = scene.log("subset", 1)
    found = e.Adopted(address="job.subset", job_id="late", reason="found", intent=intent_id(1))
    assert notes(scene.desired, scene.recorded, scene.observed) == [found]
