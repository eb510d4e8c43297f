"""Where the results of a run lie, for the end of an apply."""

from __future__ import annotations

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import ListedResult
from eocanvas_apply.report.result_places import Place, places
from tests.planning.scene import HEAD, SCENES, Scene

JOB = "    graph: graph.xml\n    inputs: {{img1: {{key: scenes, path: /{name}.zip, uncompress: true}}}}\n"


def test_results_here_are_a_folder_and_results_at_a_key_an_address() -> None:
    scene = Scene(HEAD + SCENES + "jobs:\n  a:\n" + JOB.format(name="a") + "  b:\n" + JOB.format(name="b"))
    scene.make_key("scenes")
    scene.done("a", 1)
    assert places(["job.a", "job.b"], scene.recorded, scene.desired) == (Place("job.a", "results/a/", 1, 10),)


def test_a_campaign_at_a_key_is_the_folder_that_all_its_results_share() -> None:
    campaign = "  tiles:\n    for_each: {list: [a, b]}\n" + JOB.format(name="x") + "    output: {key: scenes}\n"
    scene = Scene(HEAD + SCENES + "jobs:\n" + campaign)
    scene.make_key("scenes")
    for number, instance in enumerate(("a", "b"), 1):
        address = f'job.tiles["{instance}"]'
        scene.launched(address, number)
        name = scene.recorded.keys["key.scenes"].generations[1].name
        listed = ListedResult(title=f"keystore://{name}/2024/{instance}/one.nc", name="one.nc", at_key=True)
        scene.events.append(
            e.ResultsListed(address=address, job_id=f"job-{number}", results=(listed,), looked=scene.observed.at)
        )
    assert places([f'job.tiles["{x}"]' for x in "ab"], scene.recorded, scene.desired) == (
        Place("job.tiles", "s3://olci/2024/", 2, None),
    )
