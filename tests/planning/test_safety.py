"""What an apply refuses without its flag, exactly at the limits."""

from __future__ import annotations

import dataclasses

import pytest
from msgspec import structs

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.safety import NewLedger, departures, new_ledger
from tests.planning.scene import HEAD, MINUTE, ONE_OF_EACH, Scene


def keys(names: range) -> str:
    lines = (f"  k{n}: {{type: s3-public, bucket: b, region: r, endpoint: 'https://s3.example.org'}}\n" for n in names)
    return "keys:\n" + "".join(lines)


def jobs(names: range, path: str = "a") -> str:
    lines = (f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://x.example/{path}{n}'}}}}}}\n" for n in names)
    return "jobs:\n" + "".join(lines)


def codes(scene: Scene, requests: Requests | None = None) -> list[str]:
    return [found.code for found in scene.plan(requests).refusals]


def with_keys(recorded: int, left: int) -> Scene:
    scene = Scene(HEAD + keys(range(recorded)))
    for number in range(recorded):
        scene.make_key(f"k{number}")
    scene.now_reads(HEAD + keys(range(left)))
    return scene


def with_jobs(recorded: int, left: int, path: str = "a") -> Scene:
    scene = Scene(HEAD + jobs(range(recorded)))
    for number in range(recorded):
        scene.done(f"j{number}", number + 1)
    scene.now_reads(HEAD + jobs(range(left), path))
    return scene


@pytest.mark.parametrize(
    ("recorded", "left", "held"),
    [(3, 1, False), (4, 1, True), (10, 7, False), (10, 6, True), (9, 6, True), (20, 14, False), (20, 13, True)],
)
def test_more_than_2_and_more_than_30_percent_of_the_keys(recorded: int, left: int, held: bool) -> None:
    assert codes(with_keys(recorded, left)) == (["too-many-deletes"] if held else [])


def in_use(names: range) -> Scene:
    manifest = HEAD + keys(names) + "jobs:\n"
    for n in names:
        manifest += f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{key: k{n}, path: /a}}}}}}\n"
    scene = Scene(manifest)
    for number in names:
        scene.make_key(f"k{number}")
        scene.launched(f"j{number}", number + 1)
    return scene


def test_a_key_that_is_still_in_use_counts_as_well() -> None:
    scene = in_use(range(3))
    scene.now_reads(HEAD + jobs(range(1)))
    assert codes(scene) == ["too-many-deletes"]
    # What --only leaves out stays, also when nothing uses it any more.
    assert codes(scene, Requests(only=frozenset({"job.j0"}))) == []
    assert codes(scene, Requests(only=frozenset({"job.j0", "key.k0", "key.k1"}))) == []
    assert codes(scene, Requests(only=frozenset({"key.k0", "key.k1", "key.k2"}))) == ["too-many-deletes"]


def test_a_key_that_nothing_needs_counts_also_while_a_forgotten_job_uses_it() -> None:
    scene = in_use(range(3))
    scene.events += [e.Forgotten(address=f"job.j{n}", reason="requested") for n in range(3)]
    skipped = scene.manifest.replace("  j", "  s").replace("graph: graph.xml", "skip: not this year, graph: graph.xml")
    scene.now_reads(skipped.replace("bucket: b,", "bucket: other,"))
    assert {scene.says(f"key.k{n}") for n in range(3)} == {"none(in-use)"}
    assert codes(scene) == ["too-many-deletes"]


def existing(names: range) -> str:
    return "keys:\n" + "".join(f"  k{n}: {{type: existing, name: other-{n}, storage: s3}}\n" for n in names)


def test_keys_that_become_those_of_somebody_else_count_for_ours_go() -> None:
    scene = with_keys(4, 4)
    scene.now_reads(HEAD + existing(range(2)) + keys(range(2, 4)).removeprefix("keys:\n"))
    assert codes(scene) == []
    scene.now_reads(HEAD + existing(range(3)) + keys(range(3, 4)).removeprefix("keys:\n"))
    assert codes(scene) == ["too-many-deletes"]
    assert scene.says("key.k0#1") == "delete(not-in-manifest)"


def test_old_generations_that_go_are_no_loss() -> None:
    scene = with_keys(3, 3)
    for number in range(3):
        scene.make_key(f"k{number}", 2)
    assert [scene.says(f"key.k{n}#1") for n in range(3)] == ["delete(superseded)"] * 3
    assert codes(scene) == []


@pytest.mark.parametrize(("recorded", "changed", "held"), [(3, 2, False), (3, 3, True), (10, 3, False), (10, 4, True)])
def test_keys_that_no_job_needs_and_that_hold_other_values_count_as_well(
    recorded: int, changed: int, held: bool
) -> None:
    lines = "".join(
        f"  j{n}: {{graph: graph.xml, inputs: {{img1: {{key: k{n}, path: /a}}}}}}\n" for n in range(recorded)
    )
    scene = Scene(HEAD + keys(range(recorded)) + "jobs:\n" + lines)
    for number in range(recorded):
        scene.make_key(f"k{number}")
        scene.done(f"j{number}", number + 1)
    scene.now_reads(scene.manifest.replace("bucket: b,", "bucket: other,", changed))
    assert codes(scene) == (["too-many-deletes"] if held else [])
    assert codes(scene, Requests(allowed=frozenset({"allow-deletes"}))) == []


@pytest.mark.parametrize(("again", "held"), [(10, False), (11, True)])
def test_more_than_10_relaunches(again: int, held: bool) -> None:
    assert codes(with_jobs(again, again, "b")) == (["too-many-relaunches"] if held else [])


@pytest.mark.parametrize(("again", "held"), [(10, False), (11, True)])
def test_changed_jobs_that_still_run_count_as_relaunches(again: int, held: bool) -> None:
    scene = Scene(HEAD + jobs(range(again)))
    for number in range(again):
        scene.launched(f"j{number}", number + 1)
    assert not scene.plan().run_again
    scene.now_reads(HEAD + jobs(range(again), "b"))
    assert codes(scene) == (["too-many-relaunches"] if held else [])
    assert len(scene.plan().run_again) == again


def test_jobs_that_run_and_are_not_selected_are_not_run_again() -> None:
    scene = Scene(HEAD + jobs(range(12)))
    for number in range(12):
        scene.launched(f"j{number}", number + 1)
    scene.now_reads(HEAD + jobs(range(12), "b"))
    assert codes(scene) == ["too-many-relaunches"]
    assert scene.plan(Requests(only=frozenset({"job.j0"}))).run_again == {"job.j0"}


def test_a_job_that_runs_is_not_run_again_where_the_manifest_keeps_or_skips_it() -> None:
    scene = Scene(HEAD + jobs(range(2)))
    scene.launched("j0", 1)
    scene.launched("j1", 2)
    changed = HEAD + jobs(range(2), "b")
    for field in ("on_change: keep", "skip: not needed"):
        scene.now_reads(changed.replace("graph: graph.xml", f"graph: graph.xml, {field}"))
        assert not scene.plan().run_again
    assert scene.plan(Requests(relaunch=frozenset({"job.j0"}))).run_again == set()
    scene.now_reads(changed)
    assert scene.action("job.j0").runs_again == "input-changed"
    scene.now_reads(HEAD + jobs(range(2)))
    assert scene.action("job.j0", Requests(relaunch=frozenset({"job.j0"}))).runs_again == "requested"


def test_a_plan_that_showed_the_relaunch_of_a_running_job_covers_it_and_no_other_does() -> None:
    scene = Scene(HEAD + jobs(range(1)))
    scene.launched("j0", 1)
    scene.now_reads(HEAD + jobs(range(1), "b"))
    shown = scene.plan()
    unaware = dataclasses.replace(
        shown, actions=tuple(structs.replace(each, runs_again=None) for each in shown.actions)
    )
    assert [not departures(accepted, shown) for accepted in (shown, unaware)] == [True, False]
    scene.events.clear()
    scene.now_reads(HEAD + jobs(range(1)))
    scene.done("j0", 1)
    scene.now_reads(HEAD + jobs(range(1), "b"))
    ended = scene.plan()
    assert ended.actions[0].action == "relaunch"
    assert [not departures(accepted, ended) for accepted in (shown, unaware)] == [True, False]


@pytest.mark.parametrize(("held_by", "top"), [("canary: 2", ""), ("canary: 11", ""), ("", "max_running: 3\n")])
def test_relaunches_that_wait_for_the_first_ones_count(held_by: str, top: str) -> None:
    rows = f"for_each: {{list: [{', '.join(f'r{n:02}' for n in range(11))}]}}"
    tiles = f"{HEAD}{top}jobs:\n  tiles:\n    graph: graph.xml\n    {rows}\n    {held_by}\n"
    scene = Scene(tiles + "    inputs: {img1: {url: 'https://x.example/a/${each.value}'}}\n")
    for number in range(11):
        scene.done(f'tiles["r{number:02}"]', number + 1)
    assert codes(scene) == []
    scene.now_reads(scene.manifest.replace("example/a/", "example/b/"))
    assert codes(scene) == ["too-many-relaunches"]
    assert codes(scene, Requests(limit=10)) == []


@pytest.mark.parametrize(
    ("recorded", "left", "held"), [(6, 1, False), (7, 1, True), (60, 54, False), (61, 54, True), (100, 91, False)]
)
def test_more_than_5_and_10_percent_of_the_jobs(recorded: int, left: int, held: bool) -> None:
    assert codes(with_jobs(recorded, left)) == (["too-many-forgets"] if held else [])


def test_jobs_whose_launch_is_undecided_count_for_they_are_forgotten_afterwards() -> None:
    scene = Scene(HEAD + jobs(range(7)))
    for number in range(7):
        scene.intend(f"j{number}", number + 1, decided=scene.at)
    scene.now_reads(HEAD + jobs(range(1)))
    assert scene.says("job.j6") == "watch(answer-open)"
    assert codes(scene) == ["too-many-forgets"]
    assert codes(scene, Requests(only=frozenset({"job.j0"}))) == []


def test_rows_that_left_their_source_are_not_forgotten_and_hold_nothing_back() -> None:
    def tiles(rows: int) -> str:
        listed = ", ".join(f"r{number:02}" for number in range(rows))
        given = f"for_each: {{list: [{listed}]}}, inputs: {{img1: {{url: 'https://x.example/${{each.value}}'}}}}"
        return f"{HEAD}jobs:\n  tiles: {{graph: graph.xml, {given}}}\n"

    scene = Scene(tiles(20))
    for number in range(20):
        scene.done(f'tiles["r{number:02}"]', number + 1)
    scene.now_reads(tiles(2))
    plan = scene.plan()
    assert not plan.refusals
    assert {str(each.reason) for each in plan.actions} == {"done", "out-of-window"}
    scene.now_reads(HEAD + jobs(range(1)))
    assert codes(scene) == ["too-many-forgets"]


def test_an_empty_manifest_is_held_only_where_something_is_on_record() -> None:
    assert codes(Scene(HEAD)) == []
    scene = with_jobs(1, 1)
    scene.now_reads(HEAD)
    assert codes(scene) == ["empty-manifest"]
    scene.events.append(e.Forgotten(address="job.j0", reason="requested"))
    assert codes(scene) == []


@pytest.mark.parametrize(
    ("scene", "flag"),
    [
        (with_keys(4, 1), "allow-deletes"),
        (with_jobs(11, 11, "b"), "allow-relaunches"),
        (with_jobs(7, 1), "allow-forgets"),
    ],
)
def test_the_flag_named_in_the_message_allows_it(scene: Scene, flag: str) -> None:
    [refusal] = scene.plan().refusals
    assert f"--{flag}" in refusal.hint
    assert codes(scene, Requests(allowed=frozenset({flag}))) == []


def later(scene: Scene) -> Scene:
    """Let the jobs of a scene have ended, and what their launches became be known."""
    ended = scene.copy()
    ended.events += [e.JobObserved(address=f"job.j{n}", job_id=f"job-{n + 1}", status="failed") for n in range(3)]
    return ended


def test_a_plan_that_showed_what_goes_later_covers_it_and_no_other_does() -> None:
    scene = in_use(range(3))
    scene.now_reads(HEAD + jobs(range(5, 6)))
    shown = scene.plan()
    unaware = dataclasses.replace(
        shown, actions=tuple(structs.replace(each, goes_later=None) for each in shown.actions)
    )
    ended = later(scene).plan()
    assert [str(each.reason) for each in ended.actions if each.action == "delete"] == ["not-in-manifest"] * 3
    for now in (shown, ended):
        assert [not departures(accepted, now) for accepted in (shown, unaware)] == [True, False]
    assert not departures(ended, shown)


def test_destroy_asks_for_itself() -> None:
    assert codes(with_keys(9, 9), Requests(destroy=True)) == []


@pytest.mark.parametrize(
    ("shown", "lost", "flags", "code"),
    [
        (False, False, (), None),
        (True, False, (), "ledger-missing"),
        (False, True, (), "ledger-not-kept"),
        (True, True, ("allow-new-ledger",), None),
    ],
)
def test_a_new_ledger_is_not_opened_beside_another_one(
    shown: bool, lost: bool, flags: tuple[str, ...], code: str | None
) -> None:
    scene = Scene(ONE_OF_EACH)
    if shown:
        intended = scene.intend_key("scenes")
        scene.show_key(intended, scene.at - MINUTE, None)
    requests = Requests(allowed=frozenset(flags))
    found = new_ledger(scene.desired, requests, scene.observed, NewLedger("ledger.jsonl", lost_after_run=lost))
    assert (found.code if found else None) == code
