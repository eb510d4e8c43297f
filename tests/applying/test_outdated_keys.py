"""Keys that no job needs and that hold another secret or configuration than the manifest's: deleted at once."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.applying.simulated_runs import (
    JOB_ONLY,
    NO_WAIT,
    acts,
    endings,
    ends,
    events,
    fault,
    key_names,
    launched,
    manifest,
)
from tests.simulation.world import Killed, World

KEY, JOB = "key.scenes", "job.subset"
DONE = manifest()
FIXED = manifest(key="name: demo-fixed")
EXISTING = DONE.partition("keys:")[0] + (
    "keys:\n  scenes: {type: existing, name: theirs, storage: s3}\n" + "jobs:" + DONE.partition("jobs:")[2]
)


def done(tmp_path: Path, text: str = DONE) -> World:
    """A project whose only job is done, with its key still at the service."""
    world = World(tmp_path)
    assert not world.apply(text).endings
    assert len(key_names(world)) == 1
    return world


@pytest.mark.parametrize("text", [DONE, FIXED])
def test_a_rotated_secret_leaves_the_service_at_once(text: str, tmp_path: Path) -> None:
    world = done(tmp_path, text)
    assert not world.plan(text).changes_pending
    world.environ["SECRET"] = "r0tated"
    assert acts(world.plan(text)) == {KEY: ("delete", "secret-changed"), JOB: ("none", "done")}
    result = world.apply(text, NO_WAIT if text is DONE else timedelta(minutes=1))
    assert (ends(result), endings(result)) == ({KEY: "done", JOB: "done"}, set())
    assert key_names(world) == []
    assert acts(world.plan(text)) == {KEY: ("none", "not-needed"), JOB: ("none", "done")}


def test_a_changed_bucket_leaves_the_service_at_once(tmp_path: Path) -> None:
    world, changed = done(tmp_path), DONE.replace("bucket: olci", "bucket: another")
    assert acts(world.plan(changed))[KEY] == ("delete", "config-changed")
    assert not world.apply(changed).endings
    assert key_names(world) == []


@pytest.mark.parametrize("text", [DONE, FIXED])
def test_a_key_deleted_for_its_secret_is_created_when_a_job_needs_it(text: str, tmp_path: Path) -> None:
    world = done(tmp_path, text)
    world.environ["SECRET"] = "r0tated"
    world.apply(text)
    again = text.replace("/a.zip", "/b.zip")
    assert acts(world.plan(again)) == {KEY: ("create", "new"), JOB: ("relaunch", "input-changed")}
    assert not world.apply(again).endings
    assert len(launched(world)) == 2
    assert len(key_names(world)) == 1


def test_a_key_that_a_failed_job_used_is_deleted_and_created_for_its_retry(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.frontend.service.job_faults.append(JobFault("graph"))
    world.apply(DONE)
    world.environ["SECRET"] = "r0tated"
    world.apply(DONE)
    assert key_names(world) == []
    assert not world.apply(DONE, requests=Requests(retry_failed=True)).endings
    assert [event.reason for event in events(world) if isinstance(event, e.KeyDeleteIntended)] == ["secret-changed"]


def test_a_key_that_is_kept_is_replaced(tmp_path: Path) -> None:
    kept = manifest(key="keep: true")
    world = done(tmp_path, kept)
    before = key_names(world)
    world.environ["SECRET"] = "r0tated"
    assert not world.apply(kept).endings
    assert len(key_names(world)) == 1
    assert key_names(world) != before


def test_a_secret_that_is_not_set_deletes_nothing(tmp_path: Path) -> None:
    world = done(tmp_path)
    del world.environ["SECRET"]
    plan = world.plan(DONE)
    assert acts(plan)[KEY] == ("none", "cannot-tell")
    assert [(d.code, d.severity) for d in plan.diagnostics] == [("secret-unset", "warning")]
    assert not world.apply(DONE).endings
    assert len(key_names(world)) == 1


def test_a_key_of_others_is_left_alone(tmp_path: Path) -> None:
    world = done(tmp_path)
    world.environ["SECRET"] = "r0tated"
    assert acts(world.plan(EXISTING)) == {
        "key.scenes#1": ("delete", "not-in-manifest"),
        KEY: ("none", "existing"),
        JOB: ("none", "done"),
    }


def test_a_shared_key_is_deleted_like_any_other(tmp_path: Path) -> None:
    shared = manifest(key="shared: true")
    world = done(tmp_path, shared)
    world.environ["SECRET"] = "r0tated"
    assert not world.apply(shared).endings
    assert key_names(world) == []


def test_a_fixed_name_is_not_deleted_while_another_job_of_the_account_runs(tmp_path: Path) -> None:
    world = done(tmp_path, FIXED)
    (tmp_path / "other").mkdir()
    other = World(tmp_path / "other")
    other.simulated = world.simulated
    other.apply(JOB_ONLY.replace("project: demo", "project: other"), NO_WAIT)
    world.environ["SECRET"] = "r0tated"
    assert acts(world.plan(FIXED))[KEY] == ("delete", "secret-changed")
    assert ends(world.apply(FIXED, NO_WAIT))[KEY] == "waiting"
    assert acts(world.plan(FIXED))[KEY] == ("none", "draining")
    assert not world.apply(FIXED).endings
    assert key_names(world) == []


def test_a_key_whose_last_job_ends_before_it_is_replaced_in_place_is_only_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(FIXED, NO_WAIT)
    world.environ["SECRET"] = "r0tated"
    assert acts(world.plan(FIXED))[KEY] == ("replace", "secret-changed")
    assert not world.apply(FIXED).endings
    assert key_names(world) == []
    assert len(launched(world)) == 1


def test_a_secret_rotated_while_a_job_runs_leaves_with_the_generation_that_the_job_uses(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(DONE, NO_WAIT)
    world.environ["SECRET"] = "r0tated"
    assert not world.apply(DONE).endings
    (name,) = key_names(world)
    assert b"r0tated" in (world.frontend.service.plaintext_of(name) or b"")


@pytest.mark.parametrize("step", ["before DELETE", "after DELETE"])
def test_a_run_killed_while_deleting_is_continued(step: str, tmp_path: Path) -> None:
    world = done(tmp_path)
    world.environ["SECRET"] = "r0tated"

    async def kill(name: str) -> None:
        if name.startswith(step):
            raise Killed(name)

    with pytest.raises((Killed, BaseExceptionGroup)):
        world.apply(DONE, step=kill)
    world.clock.advance(3600)
    assert not world.apply(DONE).endings
    assert key_names(world) == []
    assert acts(world.plan(DONE.replace("/a.zip", "/b.zip")))[KEY] == ("create", "new")


def test_a_delete_that_the_service_refuses_fails_and_is_tried_by_the_next_run(tmp_path: Path) -> None:
    world = done(tmp_path)
    world.environ["SECRET"] = "r0tated"
    fault(world, "status", "*/keys/*", "DELETE", status=403)
    result = world.apply(DONE)
    assert (ends(result)[KEY], endings(result)) == ("failed", {"failed"})
    assert not world.apply(DONE).endings
    assert key_names(world) == []
