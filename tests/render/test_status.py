from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.render.status import body, text
from eocanvas_apply.report.status import Status, remembered, status
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, SCENES, Scene

JOB = "    graph: graph.xml\n    inputs: {{img1: {{key: scenes, path: /{name}.zip, uncompress: true}}}}\n"
NAMES = ("broken", "done", "later", "lost", "refused", "runs", "stuck")
MANY = HEAD + SCENES + "jobs:\n" + "".join(f"  {name}:\n{JOB.format(name=name)}" for name in NAMES)


def _scene() -> Scene:
    scene = Scene(MANY)
    scene.make_key("scenes")
    scene.done("done", 1)
    scene.launched("runs", 2, created=AT - 12 * MINUTE)
    scene.launched("stuck", 3, created=AT - 25 * HOUR)
    scene.launched("broken", 4, status="failed")
    line = "Error: [NodeId: Read] no reader"
    scene.events.append(
        e.JobObserved(address="job.broken", job_id="job-4", status="failed", failure="graph", failure_line=line)
    )
    made = scene.intend("refused", 5)
    scene.events.append(
        e.JobRefused(address="job.refused", intent=made.intent, status=400, refusal="request", message="no such graph")
    )
    scene.intend("lost", 6, decided=AT - MINUTE)
    scene.events.append(e.QuotaClosed(until=AT + 20 * MINUTE))
    return scene


def _status(scene: Scene) -> Status:
    recorded, observed = scene.recorded, scene.observed
    recorded.note(notes(scene.desired, recorded, observed))
    return status(scene.plan(), recorded, observed)


def test_the_status_shows_failures_first_and_times_of_waiting_jobs() -> None:
    assert (
        text(_status(_scene()))
        == """\
baltic at https://eocanvas.invalid/serverless as jane, 2026-03-01 12:00:00 UTC

jobs: 1 of 7 done, 3 running, 1 waiting, 2 failed

Failed (2)
  job.broken   graph: Error: [NodeId: Read] no reader
  job.refused  refused: no such graph
  hint: graph: the graph cannot be processed with these inputs; correct it before another run
  next: see eocanvas-apply logs ADDRESS; --retry-failed or a changed definition runs it again
  next: correct its definition, or try again: eocanvas-apply apply --retry-failed

Running (3)
  job.stuck  running 1d 1h, since 2026-02-28 11:00 UTC, stuck
  job.runs   running 12m, since 2026-03-01 11:48 UTC
  job.lost   sent, but not known yet whether the service took it, until 2026-03-01 12:15:00 UTC
  next: stuck: see eocanvas-apply logs job.stuck; eocanvas-apply cancel job.stuck stops it

Waiting (1)
  job.later  launch not before 2026-03-01 12:20 UTC

Done (1)
  job.done  1 of 1 result downloaded

Keys
  key.scenes  ends in 6d 23h, 2026-03-08 11:00 UTC  as in the manifest (baltic-scenes-1-abc123)

Next
  the next apply: 1 to launch
  3 jobs running: apply waits and fetches the results
  1 launch at 2026-03-01 12:20:00 UTC.
  to continue: eocanvas-apply apply
"""
    )


def test_json_holds_every_row() -> None:
    found = body(_status(_scene()))
    assert {(job["address"], job["status"], job["reason"]) for job in found["jobs"]} == {
        ("job.broken", "failed", "failed"),
        ("job.done", "successful", "done"),
        ("job.later", "not-launched", "new"),
        ("job.lost", "answer-open", "answer-open"),
        ("job.refused", "refused", "failed"),
        ("job.runs", "running", "in-flight"),
        ("job.stuck", "running", "stuck"),
    }
    assert found["keys"][0]["expires"] == "2026-03-08T11:00:00Z"
    assert found["forecast"]["waiting"] == 1


def test_long_lists_are_cut_without_full() -> None:
    names = [f"j{n:02}" for n in range(30)]
    scene = Scene(HEAD + SCENES + "jobs:\n" + "".join(f"  {name}:\n{JOB.format(name=name)}" for name in names))
    found = _status(scene)
    assert "  ... and 20 more: eocanvas-apply status --full\n" in text(found)
    assert text(found).count("job.j") == 10
    assert text(found, full=True).count("job.j") == 30


def test_a_waiting_job_names_the_other_job_and_the_time() -> None:
    actions = (
        PlannedAction.of("job.b", ActionKind.NONE, Reason.WAITS_FOR, depends_on=("job.a",), not_before=AT + HOUR),
        PlannedAction.of("job.c", ActionKind.NONE, Reason.HELD_BUDGET),
        PlannedAction.of("job.d", ActionKind.LAUNCH, Reason.NEW),
    )
    scene = _scene()
    shown = text(status(replace(scene.plan(), actions=actions), scene.recorded, scene.observed))
    assert (
        "Waiting (3)\n"
        "  job.d  launch with the next apply\n"
        "  job.c  limit of jobs reached (max_running or --limit)\n"
        "  job.b  after job.a, at about 2026-03-01 13:00 UTC\n"
    ) in shown


def test_the_status_from_the_ledger_shows_every_recorded_item() -> None:
    scene = _scene()
    plan, seen = remembered(scene.recorded, AT + timedelta(days=2))
    found = status(plan, scene.recorded, seen)
    assert {(job.address, job.action.reason) for job in found.jobs} == {
        ("job.broken", "failed"),
        ("job.done", "done"),
        ("job.lost", "answer-open"),
        ("job.refused", "failed"),
        ("job.runs", "stuck"),
        ("job.stuck", "stuck"),
    }
    assert "key.scenes  ends in 4d 23h" in text(found)
    assert text(found).startswith("baltic at https://eocanvas.invalid/serverless as jane, 2026-03-03 12:00:00 UTC\n")
