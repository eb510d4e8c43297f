"""How a run stands at one moment."""

from __future__ import annotations

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.actions import ActionKind, Phase
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.notes import notes
from eocanvas_apply.report.progress import View, results_here, view
from eocanvas_apply.report.status import tallies, together
from tests.planning.scene import AT, HEAD, HOUR, MINUTE, SCENES, WEEK, Scene

JOB = "    graph: graph.xml\n    inputs: {{img1: {{key: scenes, path: /{name}.zip, uncompress: true}}}}\n"
SEVERAL = HEAD + SCENES + "jobs:\n" + "".join(f"  {n}:\n{JOB.format(name=n)}" for n in ("a", "b", "c", "d", "e"))


def _view(scene: Scene) -> View:
    recorded = scene.recorded
    recorded.note(notes(scene.desired, recorded, scene.observed))
    return view(scene.plan(), recorded)


def test_the_view_counts_jobs_and_names_the_next_launch() -> None:
    scene = Scene(SEVERAL)
    scene.make_key("scenes")
    scene.done("a", 1)
    scene.launched("b", 2)
    scene.done("c", 3, stored=False)
    scene.events.append(e.QuotaClosed(until=AT + 20 * MINUTE))
    seen = _view(scene)
    counts = together(seen.tallies).counts
    assert (counts[Phase.DONE], counts[Phase.RUNNING], counts[Phase.WAITING]) == (1, 1, 3)
    assert seen.tallies[0].campaign is None
    assert seen.stored == {None: 10}
    assert [(job.address, job.status) for job in seen.running] == [("job.b", "running")]
    assert seen.fetching == {"job.c"}
    assert seen.keys == {"key.scenes": AT - HOUR + WEEK}
    assert (seen.plan.forecast.waiting, seen.next_launch, seen.plan.forecast.ends) == (
        2,
        AT + 20 * MINUTE,
        AT + 20 * MINUTE,
    )


def test_only_what_this_run_has_fetched_counts() -> None:
    scene = Scene(SEVERAL)
    scene.make_key("scenes")
    scene.done("a", 1)
    before = results_here(scene.recorded)
    scene.done("b", 2)
    assert view(scene.plan(), scene.recorded, before).stored == {None: 10}
    assert view(scene.plan(), scene.recorded).stored == {None: 20}


def test_campaigns_are_counted_each_and_single_jobs_last() -> None:
    addresses = ["job.alone", 'job.tiles["a"]', 'job.cubes["a"]', 'job.tiles["b"]']
    actions = [PlannedAction.of(address, ActionKind.NONE, Reason.DONE) for address in addresses]
    assert [(tally.campaign, tally.total) for tally in tallies(actions)] == [
        ("job.cubes", 1),
        ("job.tiles", 2),
        (None, 1),
    ]
