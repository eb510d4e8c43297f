"""The plan of a job whose input is a result of another, and its explanation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from msgspec import structs

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.at_keys import path_at_key
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.render import why as render
from eocanvas_apply.report.why import Explanation, explain
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, SCENES, SECOND, Scene

PIPELINE = (
    HEAD
    + SCENES
    + """jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {url: "https://data.example.org/a.zip"}}
  turbidity:
    graph: graph.xml
    inputs: {img1: {result: subset, match: "*.nc"}}
"""
)
AT_A_KEY = PIPELINE.replace('a.zip"}}', 'a.zip"}}\n    output: {key: scenes}')
SUBSET, TURBIDITY = "job.subset", "job.turbidity"


def listed(scene: Scene, *titles: str, name: str = "subset", number: int = 1) -> None:
    """Record a job that succeeded and left these results."""
    scene.launched(name, number, status="successful")
    found = tuple(ListedResult(title=t, name=t.rpartition("/")[2], at_key=t.startswith("keystore")) for t in titles)
    scene.events.append(e.ResultsListed(address=f"job.{name}", job_id=f"job-{number}", results=found, looked=scene.at))


def explanation(scene: Scene, address: str) -> Explanation:
    found = explain(address, scene.plan(), scene.desired, scene.recorded, scene.observed)
    assert found is not None
    return found


def launch_of(scene: Scene) -> LaunchJob:
    task = scene.action(TURBIDITY).task
    assert isinstance(task, LaunchJob)
    return task


def test_a_job_is_launched_before_the_results_of_the_one_before_are_stored() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.nc", "wks3:///job-1/output/one.log")
    assert scene.says(SUBSET) == "fetch(results-pending)"
    assert scene.says(TURBIDITY) == "launch(new)"
    (given,) = launch_of(scene).job.inputs
    assert given.link is not None
    assert (given.link.job_id, given.link.title) == ("job-1", "wks3:///job-1/output/one.nc")


@pytest.mark.parametrize("status", ["accepted", "running", "failed", "dismissed", "successful"])
def test_a_job_waits_until_results_are_listed(status: str) -> None:
    scene = Scene(PIPELINE)
    scene.launched("subset", status=status)
    assert scene.says(TURBIDITY) == "none(waits-for)"


def test_a_job_in_flight_is_watched_for_every_state_of_the_job_before() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.nc")
    scene.launched("turbidity", 2)
    scene.now_reads(PIPELINE.replace("a.zip", "b.zip"))
    assert scene.says(SUBSET) == "relaunch(input-changed)"
    assert scene.says(TURBIDITY) == "watch(in-flight)"


def test_finished_jobs_that_wait_to_run_again_count_for_the_safety_rule() -> None:
    names = [f"j{n}" for n in range(6)]
    firsts = "".join(f"  {n}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://e.org/a'}}}}}}\n" for n in names)
    seconds = "".join(f"  {n}x: {{graph: graph.xml, inputs: {{img1: {{result: {n}}}}}}}\n" for n in names)
    scene = Scene(f"{HEAD}jobs:\n{firsts}{seconds}")
    for number, name in enumerate(names, start=1):
        listed(scene, "wks3:///a.nc", name=name, number=number)
        listed(scene, "wks3:///b.nc", name=f"{name}x", number=number + 100)
    assert not scene.plan().refusals
    scene.now_reads(scene.manifest.replace("e.org/a", "e.org/b"))
    (refusal,) = scene.plan().refusals
    assert "12 jobs would be run again" in refusal.message


def test_the_key_between_two_jobs_is_kept_until_the_second_is_done() -> None:
    scene = Scene(AT_A_KEY)
    scene.make_key("scenes", life=2 * HOUR, send_before=AT - 2 * HOUR + MINUTE)
    listed(scene, "keystore://baltic-scenes-1-abc123/job-1/one.nc")
    assert scene.says("key.scenes") == "renew(expires-soon)"
    assert scene.action(TURBIDITY).depends_on == ("key.scenes",)
    scene.done("turbidity", 2)
    assert scene.says("key.scenes") == "none(not-needed)"


def test_results_written_with_an_old_generation_are_read_with_the_current_one() -> None:
    scene = Scene(AT_A_KEY)
    scene.make_key("scenes", send_before=AT - 3 * HOUR)
    listed(scene, "keystore://baltic-scenes-1-abc123/job-1/one.nc")
    scene.make_key("scenes", 2)
    (given,) = launch_of(scene).job.inputs
    assert (given.location, given.key) == ("/job-1/one.nc", "key.scenes")
    assert scene.says("key.scenes#1") == "delete(superseded)"


def test_results_in_another_bucket_are_not_searched_in_this_one() -> None:
    scene = Scene(AT_A_KEY)
    scene.make_key("scenes")
    listed(scene, "keystore://baltic-scenes-1-abc123/job-1/one.nc")
    scene.now_reads(AT_A_KEY.replace("bucket: olci", "bucket: new"))
    assert scene.says(TURBIDITY) == "none(waits-for)"
    assert [d.code for d in scene.plan().diagnostics] == ["result-elsewhere"]


@pytest.mark.parametrize(
    ("title", "path"),
    [
        ("keystore://ours/job-1/one.nc", "/job-1/one.nc"),
        ("keystore:///job-1/one.nc", "/job-1/one.nc"),
        ("keystore/ours/job-1/one.nc", "/job-1/one.nc"),
        ("keystore://another/one.nc", "/another/one.nc"),
        ("wks3:///job-1/one.nc", "/job-1/one.nc"),
        ("/job-1/one.nc", "/job-1/one.nc"),
    ],
)
def test_the_title_of_a_result_at_a_key_names_its_path(title: str, path: str) -> None:
    assert path_at_key(title, "ours") == path


def test_later_stages_of_a_pipeline_are_launched_first() -> None:
    scene = Scene(
        "quota: [{jobs: 2, per: 1h}]\n"
        + PIPELINE
        + "  another: {graph: graph.xml, inputs: {img1: {url: 'https://e.org/a'}}}\n"
    )
    listed(scene, "wks3:///job-1/output/one.nc")
    scene.sees(listed={"job-1": scene.jobs["job-1"]})
    assert scene.action(TURBIDITY).not_before is None
    assert scene.action("job.another").not_before is not None


def test_nothing_is_launched_after_a_refused_access() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.nc")
    action = scene.action(TURBIDITY, Requests(launches_stopped=True))
    assert (action.action, action.task) == ("launch", None)


def words(scene: Scene) -> Sequence[str]:
    return render.text(explanation(scene, TURBIDITY)).splitlines()


def test_why_names_the_other_job_and_its_state() -> None:
    scene = Scene(PIPELINE)
    scene.launched("subset")
    assert words(scene)[:2] == [
        "job.turbidity: waits for another job",
        "  input: a result of job.subset, running",
    ]
    (source,) = render.as_json(explanation(scene, TURBIDITY))["sources"]
    assert source == {"address": SUBSET, "action": "watch", "reason": "in-flight", "results": []}


def test_why_names_the_results_that_could_be_meant() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.nc", "wks3:///job-1/output/two.nc")
    assert scene.says(TURBIDITY) == "ask(ambiguous)"
    assert words(scene)[1].endswith("; results: one.nc, two.nc")
    assert words(scene)[-1] == "next: correct `match` in the manifest, so that it fits one of these results"


def test_a_fingerprint_of_an_older_algorithm_does_not_relaunch_followers() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.nc")
    older = [_older(event, "sha256:of-then") if event.type == "job-intended" else event for event in scene.events]
    scene.events = list(older)
    inputs = {"img1": {"result": SUBSET, "match": "*.nc", "fingerprint": "sha256:of-then"}}
    intended = scene.intend("turbidity", 2)
    scene.events[-1] = structs.replace(intended, components={**intended.components, "inputs": inputs})
    scene.events.append(
        e.JobSubmitted(address=TURBIDITY, intent=intended.intent, job_id="job-2", status="accepted", created=AT)
    )
    scene.events.append(e.JobObserved(address=TURBIDITY, job_id="job-2", status="failed", failure="graph"))
    assert scene.says(TURBIDITY) == "none(failed)"
    another = {"img1": {**inputs["img1"], "fingerprint": "sha256:of-another"}}
    scene.events[-3] = structs.replace(intended, components={**intended.components, "inputs": another})
    assert scene.says(TURBIDITY) == "relaunch(input-changed)"


def _older(event: e.AnyEvent, known: str) -> e.AnyEvent:
    assert isinstance(event, e.JobIntended)
    return structs.replace(event, components={**event.components, "algorithm": 0}, fingerprint=known)


def test_a_pattern_without_a_match_is_reported_with_the_available_results() -> None:
    scene = Scene(PIPELINE)
    listed(scene, "wks3:///job-1/output/one.tif")
    (found,) = scene.plan().diagnostics
    assert (found.code, found.address) == ("result-not-there", TURBIDITY)
    assert found.message == "no result of job.subset fits `*.nc`; there is one.tif"


def test_jobs_after_kept_results_are_kept_too() -> None:
    kept = PIPELINE.replace("  subset:\n", "  subset:\n    on_change: keep\n")
    scene = Scene(kept)
    scene.done("subset")
    scene.done("turbidity", 2)
    scene.now_reads(kept.replace("a.zip", "b.zip"))
    assert scene.says(SUBSET) == "none(kept)"
    assert scene.says(TURBIDITY) == "none(done)"


def test_new_jobs_after_kept_results_get_those() -> None:
    kept = PIPELINE.replace("  subset:\n", "  subset:\n    on_change: keep\n")
    scene = Scene(kept)
    scene.done("subset")
    launched_with = scene.desired.jobs[SUBSET].fingerprint
    scene.now_reads(kept.replace("a.zip", "b.zip"))
    assert scene.says(TURBIDITY) == "launch(new)"
    components: Mapping[str, Any] = launch_of(scene).job.components
    assert components["inputs"]["img1"]["fingerprint"] == launched_with


def expected_at(scene: Scene, address: str) -> datetime | None:
    return scene.action(address).not_before


def test_a_waiting_job_is_forecast_for_the_end_of_the_job_before() -> None:
    scene = Scene(PIPELINE + "  last: {graph: graph.xml, inputs: {img1: {result: turbidity}}}\n")
    scene.launched("subset", created=AT - MINUTE)
    assert expected_at(scene, TURBIDITY) == AT + 3 * MINUTE
    assert expected_at(scene, "job.last") == AT + 7 * MINUTE
    plan = scene.plan()
    assert (plan.forecast.launches_now, plan.forecast.waiting, plan.forecast.ends) == (0, 2, AT + 7 * MINUTE)
    assert plan.wake is None


def test_jobs_after_a_failed_job_are_not_forecast() -> None:
    scene = Scene(PIPELINE)
    scene.launched("subset", status="failed")
    failed = e.JobObserved(address=SUBSET, job_id="job-1", status="failed", failure="graph")
    scene.events.append(failed)
    assert expected_at(scene, TURBIDITY) is None
    assert scene.plan().forecast.waiting == 0


def test_waiting_jobs_count_in_the_quota_windows() -> None:
    scene = Scene("quota: [{jobs: 1, per: 1h}]\n" + PIPELINE)
    assert expected_at(scene, TURBIDITY) == AT + HOUR + 2 * SECOND


def _layers(scene: Scene, layers: int, width: int) -> Desired:
    """What is desired: layers of jobs, each job given a result of every job of the layer before it."""
    last = scene.desired.jobs[TURBIDITY]
    given, before, jobs = last.inputs[0], [SUBSET], {SUBSET: scene.desired.jobs[SUBSET]}
    assert given.result is not None
    for layer in range(1, layers):
        sources = [
            structs.replace(given, name=each, result=structs.replace(given.result, address=each)) for each in before
        ]
        before = [f"job.j{layer}-{place}" for place in range(width)]
        jobs |= {each: structs.replace(last, address=each, stage=layer).with_inputs(tuple(sources)) for each in before}
    return structs.replace(scene.desired, jobs=jobs, following=tuple(list(jobs)[1:]))


@pytest.mark.parametrize(("layers", "width"), [(2000, 1), (40, 2)])
def test_long_and_wide_pipelines_are_planned_and_explained(layers: int, width: int) -> None:
    scene = Scene(PIPELINE)
    desired, recorded, observed = _layers(scene, layers, width), scene.recorded, scene.observed
    found = plan(desired, Requests(), recorded, observed)
    assert found.counts[ActionKind.LAUNCH] == 1
    assert sum(a.reason is Reason.WAITS_FOR for a in found.actions) == len(desired.following)
    last = found.by_address()[desired.following[-1]]
    assert last.not_before == AT + (layers - 1) * 4 * MINUTE
    explained = explain(last.address, found, desired, recorded, observed)
    assert explained is not None
    assert len(explained.sources) == width


def test_all_jobs_after_a_skipped_job_are_skipped() -> None:
    scene = Scene(PIPELINE)
    desired = _layers(scene, 2000, 1)
    desired = structs.replace(
        desired, jobs={**desired.jobs, SUBSET: structs.replace(desired.jobs[SUBSET], skip="clouds")}
    )
    found = plan(desired, Requests(), scene.recorded, scene.observed)
    assert {a.reason for a in found.actions if a.address.startswith("job.")} == {Reason.SKIPPED}
    assert found.by_address()[desired.following[-1]].note == "job.subset is skipped and has no result"
