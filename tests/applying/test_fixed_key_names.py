"""Keys with a fixed name: rotation in place, names that are not free, names of other accounts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.planning.plan import Requests
from tests.applying.simulated_runs import (
    KEY_ONLY,
    KEYS,
    NO_WAIT,
    acts,
    create_key,
    endings,
    ends,
    fault,
    key_names,
    launched,
    lose_all_keys,
    manifest,
    types,
)
from tests.simulation.world import World

KEY, JOB = "key.scenes", "job.subset"
FIXED = manifest(key="name: demo-fixed")


def test_a_named_key_rotates_in_place_when_no_job_runs(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(FIXED, NO_WAIT)
    changed = FIXED.replace("bucket: olci", "bucket: other")
    job = "later: {graph: graph.xml, inputs: {img1: {key: scenes, path: /b.zip}}}"
    changed += "  " + job + "\n"
    result = world.apply(changed, NO_WAIT)
    assert ends(result) == {KEY: "waiting", JOB: "waiting", "job.later": "waiting"}
    assert acts(world.plan(changed))[KEY] == ("none", "draining")
    assert len(launched(world)) == 1
    assert not world.apply(changed).endings
    assert key_names(world) == ["demo-fixed"]
    assert b"other" in (world.frontend.service.plaintext_of("demo-fixed") or b"")
    kinds = [kind for kind in types(world) if kind.startswith("key-")]
    assert kinds == [
        "key-intended", "key-created", "key-drain-intended", "key-delete-intended", "key-deleted",
        "key-intended", "key-created",
    ]  # fmt: skip


def test_a_draining_key_is_used_again_after_the_change_is_reverted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(FIXED, NO_WAIT)
    more = FIXED + "  later: {graph: graph.xml, inputs: {img1: {key: scenes, path: /b.zip}}}\n"
    world.apply(more.replace("bucket: olci", "bucket: other"), NO_WAIT)
    assert not world.apply(more).endings
    assert "key-drain-ended" in types(world)
    assert "key-deleted" not in types(world)
    assert len(launched(world)) == 2


@pytest.mark.parametrize("live_name", ["409", "400"])
def test_a_name_that_is_not_free_at_once_is_waited_for(live_name: Any, tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(live_name=live_name, name_free_after=300))
    only = KEY_ONLY + "    name: demo-fixed\n"
    world.apply(only)
    result = world.apply(only.replace("olci", "other"))
    assert not result.endings
    assert b"other" in (world.frontend.service.plaintext_of("demo-fixed") or b"")


@pytest.mark.parametrize("shared", [True, False])
@pytest.mark.parametrize("foreign", ["403", "404"])
def test_a_fixed_name_used_by_others_is_one_clear_error(shared: bool, foreign: Any, tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(foreign_key=foreign))
    create_key(world, "joe", "demo-fixed", public=shared)
    result = world.apply(FIXED)
    # One that the list shows is never tried.
    assert ends(result) == {KEY: "skipped" if shared else "failed", JOB: "skipped"}
    assert ("error" if shared else "failed") in endings(result)
    assert result.results[0].error
    # A private key of another account that answers 404 looks like a name that is not free yet.
    hidden = foreign == "404" and not shared
    assert result.results[0].error.code == ("service-refused" if hidden else "key-name-taken")
    assert not launched(world)
    assert key_names(world) == ["demo-fixed"]


@pytest.mark.parametrize(
    ("listed", "owner", "code"),
    [
        # The list does not show the key, and the service does not let it be deleted.
        ("usable", "account", "service-refused"),
        ("usable", "none", "service-refused"),
        ("all", "account", "key-name-taken"),
        ("all", "id", "key-name-taken"),
        # Nothing shows that the key is another one before its launch is refused.
        ("all", "none", None),
    ],
)
def test_a_key_of_others_is_neither_used_nor_changed_however_its_owner_is_spelled(
    listed: Any, owner: Any, code: str | None, tmp_path: Path
) -> None:
    world = World(tmp_path, behaviour=Behaviour(key_owner=owner, key_list=listed))
    assert not world.apply(FIXED).endings
    lose_all_keys(world)
    create_key(world, "joe", "demo-fixed", public=False)
    key, job = world.apply(FIXED.replace("/a.zip", "/b.zip")).results
    assert (key.error.code if key.error else None) == code
    assert job.outcome == ("skipped" if code else "failed")
    assert len(launched(world)) == 1
    world.apply(FIXED, requests=Requests(destroy=True))
    assert [each.owner for each in world.frontend.service.keystore if each.name == "demo-fixed"] == ["joe"]


def test_a_named_key_with_a_lost_answer_is_found_or_created_again(tmp_path: Path) -> None:
    for kind in ("drop-after", "drop-before"):
        folder = tmp_path / kind
        folder.mkdir()
        world = World(folder)
        fault(world, kind, KEYS)
        result = world.apply(FIXED)
        assert not result.endings, kind
        assert key_names(world) == ["demo-fixed"]
