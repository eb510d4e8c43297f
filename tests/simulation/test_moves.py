"""A rename costs nothing: with its lines under `moved:` no job runs again, and no key is made anew."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.errors import SafetyRefusal
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.render.diagnostics import in_reading_order
from tests.applying.simulated_runs import acts, events, fault, key_names, launched, types
from tests.simulation.world import World

HOURS = timedelta(hours=6)
NAMES = {"key": ("scenes", "store"), "job": ("subset", "tiles", "after", "copy")}
PLAIN = {f"{kind}.{name}": name for kind, names in NAMES.items() for name in names}


def manifest(names: Mapping[str, str] = PLAIN, ids: str = "a, b, c", moved: str = "", more: str = "") -> str:
    """A key that jobs read and one that they write to, a job, a campaign, and jobs that are given their results."""
    at = {address: names.get(address, own) for address, own in PLAIN.items()}
    key = (
        "type: s3, region: r, endpoint: 'https://s3.example.org', access_key: {env: ACCESS}, secret_key: {env: SECRET}"
    )
    return f"""
version: 1
project: demo
keys:
  {at["key.scenes"]}: {{bucket: scenes, {key}}}
  {at["key.store"]}: {{bucket: store, {key}, keep: true}}
jobs:
  {at["job.subset"]}:
    graph: graph.xml
    inputs: {{img1: {{key: {at["key.scenes"]}, path: /a.zip}}}}
  {at["job.tiles"]}:
    for_each: {{list: [{ids}]}}
    graph: graph.xml
    inputs: {{img1: {{key: {at["key.scenes"]}, path: "/${{each.id}}.zip"}}}}
    output: {{key: {at["key.store"]}}}
  {at["job.after"]}: {{graph: graph.xml, inputs: {{img1: {{result: {at["job.subset"]}}}}}}}
  {at["job.copy"]}:
    for_each: {{job: {at["job.tiles"]}}}
    graph: graph.xml
    inputs: {{img1: {{result: {at["job.tiles"]}}}}}
moved: [{moved}]
{more}
"""


def lines(names: Mapping[str, str]) -> str:
    renamed = {address: new for address, new in names.items() if new != PLAIN[address]}
    return ", ".join(f"{{from: {old}, to: {old.partition('.')[0]}.{new}}}" for old, new in renamed.items())


def is_quiet(plan: Plan) -> bool:
    return not any(action.action not in ("none", "watch") for action in plan.actions)


def proposed(plan: Plan) -> list[dict[str, str]]:
    """The lines that a plan proposes, as a manifest reads them."""
    hints = [found.hint.partition("\n")[2] for found in plan.diagnostics if found.code == "looks-renamed"]
    found: list[dict[str, str]] = yaml.safe_load("\n".join(hints)) or []
    return found


NEW_NAMES = st.fixed_dictionaries(
    {address: st.sampled_from([own, f"{own}-new", f"new{len(own)}{own[0]}"]) for address, own in PLAIN.items()}
)


@settings(max_examples=12)
@given(names=NEW_NAMES)
def test_any_renaming_with_its_lines_does_nothing(names: dict[str, str]) -> None:
    with TemporaryDirectory() as folder:
        world = World(Path(folder))
        assert not world.apply(manifest(), HOURS).endings
        before = launched(world), key_names(world)
        renamed = manifest(names, moved=lines(names))
        plan = world.plan(renamed)
        assert is_quiet(plan), acts(plan)
        assert plan.changes_pending == (names != PLAIN)
        assert not plan.refusals
        assert not [found for found in plan.diagnostics if found.code in ("looks-renamed", "not-moved")]
        count = len(events(world))
        assert not world.apply(renamed, HOURS).endings
        assert set(types(world, count)) <= {"plan-accepted", "moved"}
        assert (launched(world), key_names(world)) == before
        # The lines may stay, and may go.
        for later in (renamed, manifest(names)):
            assert not world.plan(later).changes_pending
        # Without the lines a plan would propose them, of keys first.
        back = world.plan(manifest())
        assert {line["to"] for line in proposed(back)} == {
            address for address, new in names.items() if new != PLAIN[address]
        }


def test_a_rename_in_the_middle_of_a_campaign_launches_the_rest_and_nothing_twice(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(2, 3600.0),))
    world.apply(manifest(), timedelta())
    names = {"job.tiles": "squares", "key.scenes": "images", "job.copy": "copies"}
    names = {**PLAIN, **names}
    result = world.apply(manifest(names, moved=lines(names)), timedelta(days=2))
    assert not result.endings
    assert len(launched(world)) == 8


def test_an_answer_that_was_lost_before_a_rename_is_found_after_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-after", "/execution")
    world.apply(manifest(), timedelta())
    names = {**PLAIN, "job.subset": "lowlands", "job.tiles": "squares", "key.scenes": "images"}
    assert not world.apply(manifest(names, moved=lines(names)), timedelta(days=1)).endings
    assert len(launched(world)) == 8


def test_an_instance_has_a_new_id(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), HOURS)
    line = "{from: 'job.tiles[\"a\"]', to: 'job.tiles[\"z\"]'}"
    fixed = manifest(ids="{id: z, file: a}, {id: b, file: b}, {id: c, file: c}").replace("/${each.id}", "/${each.file}")
    plan = world.plan(fixed)
    assert {"from": 'job.tiles["a"]', "to": 'job.tiles["z"]'} in proposed(plan)
    moved = fixed.replace("moved: []", f"moved: [{line}, {line.replace('tiles', 'copy')}]")
    assert is_quiet(world.plan(moved)), acts(world.plan(moved))


def test_a_row_that_is_still_there_does_not_move(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), HOURS)
    plan = world.plan(manifest(moved="{from: 'job.tiles[\"a\"]', to: 'job.tiles[\"b\"]'}"))
    assert [(each.code, each.address) for each in plan.diagnostics] == [("not-moved", 'job.tiles["a"]')]
    assert is_quiet(plan)


def test_what_moved_is_still_judged_by_what_it_is(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), HOURS)
    names = {**PLAIN, "job.subset": "lowlands", "key.store": "archive"}
    other = manifest(names, moved=lines(names)).replace("/a.zip", "/b.zip").replace("bucket: store", "bucket: other")
    found = acts(world.plan(other))
    assert found["job.lowlands"] == ("relaunch", "input-changed")
    assert found["key.archive"][0] == "replace"
    assert "job.subset" not in found


def test_the_index_of_a_renamed_campaign_leads_to_files_that_stay_where_they_are(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), HOURS)
    names = {**PLAIN, "job.copy": "copies"}
    world.apply(manifest(names, ids="a, b, c, d", moved=lines(names)), HOURS)
    folder = tmp_path / "results" / "copies"
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["instance"], row["state"]) for row in rows] == [(each, "done") for each in "abcd"]
    assert [row["file"].rpartition("/")[0] for row in rows] == ["../copy/a", "../copy/b", "../copy/c", "d"]
    for row in rows:
        content = (folder / row["file"]).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (int(row["size"]), row["sha256"])


def test_a_protection_follows_its_job(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(more="protect: [job.subset]"), HOURS)
    names = {**PLAIN, "job.subset": "lowlands"}
    [refusal] = world.plan(manifest(names)).refusals
    assert (refusal.code, "looks-renamed" in refusal.hint) == ("protected", True)
    world.apply(manifest(names, moved=lines(names)), HOURS)
    plan = world.plan(manifest(names).replace("/a.zip", "/b.zip"))
    assert [(each.code, each.address) for each in plan.refusals] == [("protected", "job.lowlands")]


@pytest.mark.parametrize("same", [True, False])
def test_what_may_be_several_things_is_not_proposed(tmp_path: Path, same: bool) -> None:
    world = World(tmp_path)
    two = manifest(more="") + "x-more: 1\n"
    job = "  {0}: {{graph: graph.xml, inputs: {{img1: {{key: scenes, path: /{1}.zip}}}}}}\n"
    first = two.replace("moved:", job.format("one", "x") + job.format("two", "x" if same else "y") + "moved:")
    world.apply(first, HOURS)
    plan = world.plan(first.replace("  one:", "  eins:").replace("  two:", "  zwei:"))
    assert [line["to"] for line in proposed(plan)] == ([] if same else ["job.eins", "job.zwei"])


def test_new_names_are_proposed_before_a_loss_is_allowed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), HOURS)
    names = {**PLAIN, "job.tiles": "squares", "job.copy": "copies"}
    plan = world.plan(manifest(names))
    assert [found.code for found in in_reading_order(plan.findings)] == ["looks-renamed", "too-many-forgets"]
    assert [found.hint.splitlines()[0] for found in plan.refusals] == [
        "what has only a new name is kept by the lines for `moved:` (looks-renamed)"
    ]
    with pytest.raises(SafetyRefusal) as refused:
        world.apply(manifest(names), HOURS)
    assert [found.code for found in refused.value.diagnostics] == ["too-many-forgets", "looks-renamed"]
    assert not proposed(world.plan(manifest(names), Requests(destroy=True)))


def test_many_new_names_are_proposed_in_whole_lines(tmp_path: Path) -> None:
    world, count = World(tmp_path), 15
    before = "S3A_OL_2_WFR____20240706T0940"
    world.apply(manifest(ids=", ".join(f"{before}{n:02}" for n in range(count))), HOURS)
    rows = ", ".join(f"{{id: day-{n:02}, file: {before}{n:02}}}" for n in range(count))
    plan = world.plan(manifest(ids=rows).replace("/${each.id}", "/${each.file}"))
    found = {line["from"]: line["to"] for line in proposed(plan)}
    assert {found[f'job.tiles["{before}{n:02}"]'] for n in range(count)} == {
        f'job.tiles["day-{n:02}"]' for n in range(count)
    }
