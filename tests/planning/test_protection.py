"""What an apply refuses because an address is protected: every way to lose it, at once or later in the run."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.planning.scene import HEAD, Scene

KEY = "keys:\n  dem: {type: s3-public, bucket: b, region: r, endpoint: 'https://s3.example.org'}\n"
FIXED = KEY.replace("{type", "{name: our-dem, type")
JOB = "jobs:\n  subset: {graph: graph.xml, inputs: {img1: {key: dem, path: /a}}}\n"
OTHER = "jobs:\n  other: {graph: graph.xml, inputs: {img1: {url: 'https://x.example/a'}}}\n"
DESTROY, AGAIN = Requests(destroy=True), Requests(relaunch=frozenset({"job.subset"}))
Given = Callable[[Scene], object]


def nothing(scene: Scene) -> None:
    scene.make_key("dem")


def done(scene: Scene) -> None:
    scene.make_key("dem")
    scene.done("subset")


def running(scene: Scene) -> None:
    scene.make_key("dem")
    scene.launched("subset")


def answer_open(scene: Scene) -> None:
    scene.make_key("dem")
    scene.intend("subset", decided=scene.at)


def cancelled(scene: Scene) -> None:
    running(scene)
    scene.events.append(e.JobDismissIntended(address="job.subset", job_id="job-1", reason="requested"))


# What was applied, what it came to, the manifest of now, what was asked for; what would be lost, by address.
LOSSES: dict[str, tuple[str, Given, str, Requests | None, dict[str, str]]] = {
    "key-deleted": (KEY, nothing, OTHER, None, {"key.dem": "delete (not-in-manifest)"}),
    "key-deleted-when-its-job-has-ended": (KEY + JOB, running, JOB.replace("key: dem, path: /a", "url: 'https://x.y/a'"),
        None, {"key.dem": "delete (not-in-manifest)", "job.subset": "relaunch (input-changed)"}),
    "key-that-becomes-anothers": (KEY, nothing, "keys: {dem: {type: existing, name: theirs, storage: s3}}\n", None,
        {"key.dem#1": "delete (not-in-manifest)"}),
    "key-replaced": (KEY + JOB, nothing, KEY.replace("bucket: b", "bucket: c") + JOB, None,
        {"key.dem": "replace (config-changed)"}),
    "key-replaced-in-place": (FIXED + JOB, nothing, FIXED.replace("bucket: b", "bucket: c") + JOB, None,
        {"key.dem": "replace (config-changed)"}),
    "key-that-nothing-needs-changed": (KEY + JOB, done, KEY.replace("bucket: b", "bucket: c") + JOB, None,
        {"key.dem": "delete (config-changed)"}),
    "destroyed": (KEY + JOB, done, KEY + JOB, DESTROY,
        {"key.dem": "delete (destroyed)", "job.subset": "forget (destroyed)"}),
    "destroyed-while-its-job-runs": (KEY + JOB, running, KEY + JOB, DESTROY,
        {"key.dem": "delete (destroyed)", "job.subset": "dismiss (destroyed)"}),
    "destroyed-while-an-answer-is-open": (KEY + JOB, answer_open, KEY + JOB, DESTROY,
        {"key.dem": "delete (destroyed)", "job.subset": "forget (destroyed)"}),
    "job-forgotten": (KEY + JOB, done, KEY + OTHER, None, {"job.subset": "forget (not-in-manifest)"}),
    "job-forgotten-while-it-runs": (KEY + JOB, running, KEY + OTHER, None, {"job.subset": "forget (not-in-manifest)"}),
    "job-forgotten-when-its-answer-is-known": (KEY + JOB, answer_open, KEY + OTHER, None,
        {"job.subset": "forget (not-in-manifest)"}),
    "job-forgotten-when-it-is-stopped": (KEY + JOB, cancelled, KEY + OTHER, None,
        {"job.subset": "forget (not-in-manifest)"}),
    "job-run-again": (KEY + JOB, done, KEY + JOB.replace("/a", "/b"), None, {"job.subset": "relaunch (input-changed)"}),
    "job-run-again-when-it-has-ended": (KEY + JOB, running, KEY + JOB.replace("/a", "/b"), None,
        {"job.subset": "relaunch (input-changed)"}),
    "job-run-again-as-asked": (KEY + JOB, done, KEY + JOB, AGAIN, {"job.subset": "relaunch (requested)"}),
}  # fmt: skip
# What goes on without a word: nothing is lost.
KEPT: dict[str, tuple[str, Given, str, Requests | None]] = {
    "unchanged": (KEY + JOB, done, KEY + JOB, None),
    "watched": (KEY + JOB, running, KEY + JOB, None),
    "first-launch": (KEY + JOB, nothing, KEY + JOB, None),
    "kept": (KEY + JOB, done, KEY + JOB.replace("/a", "/b").replace("{graph", "{on_change: keep, graph"), None),
    "not-selected": (KEY + JOB, done, OTHER, Requests(only=frozenset({"job.other"}))),
    "in-use-and-not-selected": (KEY + JOB, running, OTHER, Requests(only=frozenset({"job.other"}))),
}  # fmt: skip


def scene_of(before: str, given: Given, now: str) -> Scene:
    scene = Scene(HEAD + before)
    given(scene)
    scene.now_reads(HEAD + now)
    return scene


def lost(scene: Scene, requests: Requests | None, *allowed: str) -> dict[str, str]:
    """Return what a plan refuses as protected, by address: the action and the reason."""
    asked = requests or Requests()
    plan = scene.plan(Requests(asked.applying, asked.destroy, relaunch=asked.relaunch, only=asked.only,
                               unprotected=frozenset(allowed), allowed=frozenset({"allow-empty"})))  # fmt: skip
    found = [each for each in plan.refusals if each.code == "protected"]
    assert len(found) == len(plan.refusals)
    return {each.address or "": each.message.partition("the plan is to ")[2] for each in found}


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "in-the-manifest"])
def test_what_is_protected_is_not_lost(name: str, recorded: bool) -> None:
    before, given, now, requests, losses = LOSSES[name]
    scene = scene_of(before, given, now)
    assert lost(scene, requests) == {}
    if recorded:
        scene.events.append(e.Protected(pattern="*"))
    else:
        scene.now_reads(scene.manifest + "protect: ['*']\n")
    assert lost(scene, requests) == losses
    assert lost(scene, requests, "key.other", "job.subset/x", "subse") == losses
    for each in losses:
        assert lost(scene, requests, each.partition("#")[0]) == {a: loss for a, loss in losses.items() if a != each}
    assert lost(scene, requests, "dem", "subset") == {}


@pytest.mark.parametrize("name", KEPT)
def test_what_loses_nothing_goes_on(name: str) -> None:
    before, given, now, requests = KEPT[name]
    scene = scene_of(before, given, now + "protect: ['*']\n")
    scene.events.append(e.Protected(pattern="*"))
    assert lost(scene, requests) == {}


def test_a_new_secret_is_sealed_all_the_same() -> None:
    """A secret that was rotated never stays at the service, protected or not."""
    scene = Scene()
    scene.make_key("scenes", secrets={"access_key": "scrypt:old", "secret_key": "scrypt:old"})
    scene.now_reads(scene.manifest + "protect: [key.scenes]\n")
    assert scene.says("key.scenes") == "replace(secret-changed)"
    assert lost(scene, None) == {}


@pytest.mark.parametrize(
    ("protect", "recorded", "words"),
    [
        ("key.dem", "key.dem", ""),
        ("", "key.dem", "--allow-protected key.dem ends that"),
        ("", "key.*", "--allow-protected 'key.*' ends that"),
        ("dem", "key.d*", "--allow-protected 'key.d*' ends that"),
    ],
)
def test_the_hint_says_how_a_protection_that_only_the_ledger_has_is_ended(
    protect: str, recorded: str, words: str
) -> None:
    scene = scene_of(KEY, nothing, f"{OTHER}protect: [{protect}]\n")
    scene.events.append(e.Protected(pattern=recorded))
    [found] = scene.plan().refusals
    assert found.hint.startswith("apply refuses this unless --allow-protected key.dem is given")
    assert found.hint.partition("only the ledger protects it; ")[2] == words
    [found] = scene.plan(DESTROY).refusals
    assert found.hint.startswith("destroy refuses this unless ")


def test_the_hint_names_an_instance_as_a_shell_takes_it() -> None:
    tiles = "jobs:\n  tiles: {graph: graph.xml, for_each: {list: [a]}, inputs: {img1: {url: 'https://x.example/a'}}}\n"
    scene = scene_of(tiles, lambda scene: scene.done('tiles["a"]'), tiles.replace("example/a", "example/b"))
    scene.events.append(e.Protected(pattern="job.tiles"))
    [found] = scene.plan().refusals
    assert "--allow-protected tiles/a is given" in found.hint
    assert lost(scene, None, "tiles/a") == {}
