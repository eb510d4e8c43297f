"""What an observation adds to the record, and what it must not repeat."""

from __future__ import annotations

from datetime import timedelta

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.planning.state.notes import notes
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, SECOND, Scene


def facts(scene: Scene) -> list[str]:
    return [fact.type for fact in notes(scene.desired, scene.recorded, scene.observed)]


def running(status: str = "running") -> Scene:
    scene = Scene()
    scene.make_key("scenes")
    scene.launched("subset", status=status)
    return scene


@pytest.mark.parametrize(
    ("recorded", "shown", "noted"),
    [
        ("accepted", "running", True),
        ("running", "successful", True),
        ("running", "running", False),
        ("running", "accepted", False),
        ("successful", "running", False),
    ],
)
def test_a_new_status_is_noted(recorded: str, shown: str, noted: bool) -> None:
    scene = running(recorded)
    scene.show_job("job-1", shown)
    assert facts(scene) == (["job-observed"] if noted else [])


RESULT = ListedResult(title="wks3:///job-1/output/one.nc", name="one.nc")


@pytest.mark.parametrize(
    ("known", "listed", "noted"),
    [
        ("never", None, True),
        ("never", (), True),
        ("none", None, False),
        ("none", (), False),
        ("none", (RESULT,), True),
        ("one", (RESULT,), False),
    ],
)
def test_a_listing_is_noted_when_it_says_something_new(
    known: str, listed: tuple[ListedResult, ...] | None, noted: bool
) -> None:
    scene = running("successful")
    if known != "never":
        results = (RESULT,) if known == "one" else None
        scene.events.append(e.ResultsListed(address="job.subset", job_id="job-1", results=results, looked=AT - MINUTE))
    scene.sees(results={"job-1": listed})
    assert facts(scene) == (["results-listed"] if noted else [])


@pytest.mark.parametrize(
    ("missed", "noted"), [((), True), ((15,), False), ((16,), True), ((25, 5), False), ((15, 14, 13), False)]
)
def test_two_passes_show_that_a_job_is_lost_and_a_third_is_not_noted(missed: tuple[int, ...], noted: bool) -> None:
    scene = running()
    scene.jobs.clear()
    scene.sees(gone=frozenset({"job-1"}))
    for minutes in missed:
        scene.events.append(
            e.PassObserved(address="job.subset", job_id="job-1", begun=AT - minutes * MINUTE, by_id=True)
        )
    assert facts(scene) == (["pass-observed"] if noted else [])


@pytest.mark.parametrize(("ago", "noted"), [(15 * MINUTE + 30 * SECOND, False), (HOUR, True)])
def test_a_key_due_for_deletion_that_is_missing_is_noted_as_deleted(ago: timedelta, noted: bool) -> None:
    scene = Scene()
    scene.make_key("scenes", shown=False, send_before=AT - ago)
    scene.now_reads(HEAD)
    assert facts(scene) == (["key-deleted"] if noted else [])
