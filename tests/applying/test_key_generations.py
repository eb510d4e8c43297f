"""Keys without a fixed name: each reason for a new generation, the end of the old one, and the life of a key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour
from eocanvas_apply.ledger import events as e
from eocanvas_apply.planning.plan import Requests
from tests.applying.simulated_runs import (
    KEY_ONLY,
    KEYS,
    LAUNCH,
    NO_WAIT,
    acts,
    create_key,
    endings,
    ends,
    events,
    fault,
    key_names,
    launched,
    lose_all_keys,
    manifest,
    types,
)
from tests.simulation.world import World

KEY, JOB = "key.scenes", "job.subset"
HOUR = 3600


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: "other", ("replace", "config-changed")),
        (lambda w: "olci\n    shared: true", ("replace", "config-changed")),
        (lambda w: _rotate_secret(w), ("replace", "secret-changed")),
        (lambda w: _later(w, days=6.5), ("renew", "expires-soon")),
        (lambda w: _later(w, days=8), ("create", "expired")),
        (lambda w: lose_all_keys(w), ("create", "missing")),
        (lambda w: _make_public(w), ("replace", "drifted")),
    ],
)  # fmt: skip
def test_each_reason_creates_the_next_generation_and_deletes_the_old_one(
    change: Callable[[World], str], reason: tuple[str, str], tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.apply(KEY_ONLY)
    (first,) = key_names(world)
    changed = KEY_ONLY.replace("bucket: olci", f"bucket: {change(world)}")
    assert acts(world.plan(changed))[KEY] == reason
    result = world.apply(changed)
    assert not result.endings
    (second,) = key_names(world)
    assert second != first
    assert second.startswith("demo-scenes-2-")
    assert set(acts(world.plan(changed)).values()) == {("none", "unchanged")}


def test_the_old_generation_is_deleted_after_the_job_that_uses_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(manifest(), NO_WAIT)
    (first,) = key_names(world)
    second = manifest(jobs="later: {graph: graph.xml, inputs: {img1: {key: scenes, path: /b.zip}}}").replace(
        "bucket: olci", "bucket: other"
    )
    result = world.apply(second, NO_WAIT)
    assert first in key_names(world)
    assert ends(result)["key.scenes#1"] == "done"
    assert acts(world.plan(second))["key.scenes#1"] == ("none", "in-use")
    uses = [job.execution.keys for job in world.frontend.service.jobs.every()]
    assert uses[0] == (first,)
    assert uses[1] != (first,)
    assert not world.apply(second).endings
    assert first not in key_names(world)


def test_a_key_with_a_lost_answer_is_adopted_by_the_next_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "drop-after", KEYS)
    fault(world, "status", "*/keys/demo-*", "GET", status=503, times=None)
    world.apply(KEY_ONLY, NO_WAIT)
    world.frontend.faults.clear()
    assert acts(world.plan(KEY_ONLY))[KEY] == ("adopt", "found")
    result = world.apply(KEY_ONLY)
    assert ends(result) == {KEY: "done"}
    assert len(key_names(world)) == 1
    assert types(world).count("key-intended") == 1


def test_a_key_that_appears_after_its_abandonment_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "late", KEYS, seconds=600)
    world.apply(KEY_ONLY)
    world.clock.advance(900)
    world.frontend.settle()
    assert len(key_names(world)) == 2
    assert acts(world.plan(KEY_ONLY))["key.scenes#1"] == ("delete", "superseded")
    assert not world.apply(KEY_ONLY).endings
    (left,) = key_names(world)
    assert left.startswith("demo-scenes-2-")


def test_a_shortened_life_is_reported_and_the_key_renewed_in_time(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(expire_cap=4 * HOUR))
    result = world.apply(KEY_ONLY)
    assert [d.code for d in result.diagnostics] == ["key-lifetime-capped"]
    world.clock.advance(3.5 * HOUR)
    assert acts(world.plan(KEY_ONLY))[KEY] == ("renew", "expires-soon")
    assert not world.apply(KEY_ONLY).endings


def test_an_unknown_end_is_not_infinite(tmp_path: Path) -> None:
    world = World(tmp_path)
    created_now: list[str] = []

    async def blind(step: str) -> None:
        created_now.extend([step] if step == "after POST /serverless/keys" else [])
        if created_now and step.startswith("before GET /serverless/keys"):
            raise httpx.ReadTimeout("no answer")

    result = world.apply(KEY_ONLY, NO_WAIT, step=blind)
    assert (endings(result), [d.code for d in result.diagnostics]) == (
        {"error", "unfinished"},
        ["service-answer-lost"],
    )
    (created,) = [event for event in events(world) if isinstance(event, e.KeyCreated)]
    assert (created.expires, created.end_known) == (None, False)
    world.apply(KEY_ONLY)
    assert [event.end_known for event in events(world) if isinstance(event, e.KeyCreated)] == [False, True]


def test_a_key_that_no_job_needs_is_left_to_expire(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(manifest()).endings
    world.clock.advance(9 * 24 * HOUR)
    assert acts(world.plan(manifest())) == {KEY: ("none", "not-needed"), JOB: ("none", "done")}


def test_a_key_removed_from_the_manifest_is_deleted(tmp_path: Path) -> None:
    world = World(tmp_path)
    more = KEY_ONLY + "  other: {type: s3-public, bucket: b, region: r, endpoint: https://s3.example.org}\n"
    world.apply(more)
    assert len(key_names(world)) == 2
    assert acts(world.plan(KEY_ONLY))["key.other"] == ("delete", "not-in-manifest")
    assert not world.apply(KEY_ONLY).endings
    assert len(key_names(world)) == 1


def test_deleting_a_missing_key_is_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(KEY_ONLY)
    fault(world, "status", "*/keys/demo-*", "DELETE", status=404)
    result = world.apply(KEY_ONLY.replace("olci", "other"))
    assert not result.endings
    assert "key-deleted" in types(world)


@pytest.mark.parametrize(("status", "outcome"), [(403, "failed"), (429, "done"), (503, "done")])
def test_a_delete_that_fails(status: int, outcome: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(KEY_ONLY)
    fault(world, "status", "*/keys/demo-*", "DELETE", status=status)
    assert ends(world.apply(KEY_ONLY.replace("olci", "other")))["key.scenes#1"] == outcome


@pytest.mark.parametrize(
    "answer", [{"status": 200, "body": "<p>Sign in</p>"}, {"status": 204}, {"status": 404}], ids=str
)
def test_a_key_that_is_still_there_after_its_delete_is_deleted_again(answer: Mapping[str, Any], tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(KEY_ONLY)
    fault(world, "status", "*/keys/demo-*", "DELETE", **{"body": "", **answer})
    assert not world.apply(KEY_ONLY.replace("olci", "other")).endings
    (left,) = key_names(world)
    assert left.startswith("demo-scenes-2-")


def test_destroy_is_not_done_while_the_service_shows_a_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.apply(KEY_ONLY)
    fault(world, "html", "*/keys/demo-*", "DELETE", times=None)
    result = world.apply(KEY_ONLY, timedelta(hours=2), requests=Requests(destroy=True))
    assert (ends(result), endings(result)) == ({KEY: "failed"}, {"failed"})
    world.frontend.faults.clear()
    assert not world.apply(KEY_ONLY, requests=Requests(destroy=True)).endings
    assert not key_names(world)


def test_a_key_of_others_with_the_name_of_a_job_key_does_no_harm(tmp_path: Path) -> None:
    """A launch is refused where its key is gone; nothing else is launched with it and the next plan makes a new one."""
    world = World(tmp_path)
    fault(world, "status", LAUNCH, status=429, headers={"retry-after": "60"})
    world.apply(manifest(), NO_WAIT)
    lose_all_keys(world)
    world.clock.advance(HOUR)
    assert acts(world.plan(manifest()))[KEY] == ("create", "missing")
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1


def _rotate_secret(world: World) -> str:
    world.environ["SECRET"] = "an0ther"
    return "olci"


def _later(world: World, days: float) -> str:
    world.clock.advance(days * 24 * HOUR)
    return "olci"


def _make_public(world: World) -> str:
    (name,) = key_names(world)
    description = next(k.description for k in world.frontend.service.keystore if k.name == name)
    world.frontend.service.keystore.delete(User("jane", ""), name, world.clock())
    create_key(world, "jane", name, public=True, description=description)
    return "olci"
