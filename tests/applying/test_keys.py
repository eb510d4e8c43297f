"""Keys on the service: the table of outcomes, rotation by generations and in place, names, ends, keys of others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
    endings,
    ends,
    events,
    fault,
    key_names,
    launched,
    manifest,
    types,
)
from tests.simulation.world import World

KEY, JOB = "key.scenes", "job.subset"
FIXED = manifest(key="name: demo-fixed")
HOUR = 3600


@dataclass(frozen=True)
class Row:
    """A fault of a key creation in a run that does not wait; `then` are the events after key-intended."""

    kind: str
    then: tuple[str, ...]
    outcome: str
    fields: Mapping[str, Any] = field(default_factory=dict)


REFUSALS = (400, 401, 403, 404, 405, 409, 411, 413, 414, 415, 422, 429, 302, 307)
ROWS: dict[str, Row] = {
    "done": Row("delay", ("key-created",), "done"),
    **{
        str(status): Row("status", ("key-abandoned",), "failed", {"status": status, "times": 1 + (status == 401)})
        for status in REFUSALS
    },
    **{str(status): Row("status", (), "failed", {"status": status}) for status in (408, 500, 502, 503)},
    "a page in place of the service": Row("html", (), "failed"),
    "201 without the effect": Row("status", (), "failed", {"status": 201}),
    "lost before the effect": Row("drop-before", (), "failed"),
    "lost after the effect": Row("drop-after", ("key-created",), "done"),
    "503 after the effect": Row("status", ("key-created",), "done", {"status": 503, "when": "after"}),
    "a page after the effect": Row("status", ("key-created",), "done", {"status": 200, "when": "after", "body": "<p>"}),
}


@pytest.mark.parametrize("name", ROWS)
def test_each_outcome_of_a_creation(name: str, tmp_path: Path) -> None:
    row, world = ROWS[name], World(tmp_path)
    fault(world, row.kind, KEYS, **row.fields)
    result = world.apply(KEY_ONLY, NO_WAIT)
    recorded = types(world)
    assert tuple(recorded[recorded.index("key-intended") + 1 :]) == row.then
    assert ends(result) == {KEY: row.outcome}
    assert endings(result) == ({"failed"} if row.outcome == "failed" else set())
    assert bool(result.results[0].error) == (row.outcome == "failed")
    done = row.outcome == "done"
    assert acts(world.plan(KEY_ONLY))[KEY] == (("none", "unchanged") if done else ("create", "new"))
    assert not world.apply(KEY_ONLY).endings
    assert len(key_names(world)) == 1


def test_a_creation_that_was_not_sent_is_abandoned_and_tried_again(tmp_path: Path) -> None:
    times = [3]

    async def unreachable(step: str) -> None:
        if step == "before POST /serverless/keys" and times[0]:
            times[0] -= 1
            raise httpx.ConnectError("no route")

    world = World(tmp_path)
    result = world.apply(manifest(), step=unreachable)
    assert ends(result) == {KEY: "done", JOB: "done"}
    reasons = [event.reason for event in events(world) if isinstance(event, e.KeyAbandoned)]
    assert reasons == ["not-sent"] * 3


def test_a_key_that_the_service_does_not_show_opens_no_job_and_is_created_by_the_same_run(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "html", KEYS)
    assert ends(world.apply(manifest(), NO_WAIT)) == {KEY: "failed", JOB: "skipped"}
    assert not world.frontend.service.jobs.every()
    assert ends(world.apply(manifest())) == {KEY: "done", JOB: "done"}
    assert len(key_names(world)) == len(world.frontend.service.jobs.every()) == 1


def test_a_job_does_not_start_when_its_key_could_not_be_created(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", KEYS, status=403, times=None)
    result = world.apply(manifest())
    assert ends(result) == {KEY: "failed", JOB: "skipped"}
    assert endings(result) == {"failed"}
    assert not launched(world)


def test_a_key_creation_that_keeps_failing_ends_after_an_hour(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", KEYS, status=429, times=None)
    begun = world.clock()
    result = world.apply(KEY_ONLY, None)
    assert ends(result) == {KEY: "failed"}
    assert timedelta(hours=1) <= world.clock() - begun < timedelta(hours=1, minutes=20)
    assert types(world).count("key-intended") < 20


def test_a_failed_creation_waits_for_the_retry_after_of_the_service(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "status", KEYS, status=429, headers={"retry-after": "1800"})
    begun = world.clock()
    assert not world.apply(KEY_ONLY).endings
    assert timedelta(minutes=30) <= world.clock() - begun < timedelta(minutes=31)


def test_an_account_that_is_locked_out_in_between_leaves_no_open_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "unauthorized", KEYS, times=None)
    fault(world, "status", "*gettoken", status=403, skip=1, times=None)
    fault(world, "status", "*refreshtoken", status=403, times=None)
    result = world.apply(KEY_ONLY)
    assert (endings(result), [d.code for d in result.diagnostics]) == ({"error", "unfinished"}, ["login-refused"])
    assert types(world)[-1] == "key-abandoned"


def test_a_key_created_before_the_account_was_locked_out_is_recorded(tmp_path: Path) -> None:
    world = World(tmp_path)
    fault(world, "unauthorized", KEYS, skip=1, times=None)
    fault(world, "unauthorized", KEYS, method="GET", skip=2, times=None)
    fault(world, "status", "*gettoken", status=403, skip=1, times=None)
    fault(world, "status", "*refreshtoken", status=403, times=None)
    another = KEY_ONLY.rpartition("keys:")[2].replace("scenes:", "more:")
    result = world.apply(KEY_ONLY + another)
    assert [d.code for d in result.diagnostics] == ["login-refused"]
    assert sorted(types(world)[-2:]) == ["key-abandoned", "key-created"]
    assert len(key_names(world)) == 1


class TestGenerations:
    @pytest.mark.parametrize(
        ("change", "reason"),
        [
            (lambda w: "other", ("replace", "config-changed")),
            (lambda w: "olci\n    shared: true", ("replace", "config-changed")),
            (lambda w: _rotate_secret(w), ("replace", "secret-changed")),
            (lambda w: _later(w, days=6.5), ("renew", "expires-soon")),
            (lambda w: _later(w, days=8), ("create", "expired")),
            (lambda w: _lose_all_keys(w), ("create", "missing")),
            (lambda w: _make_public(w), ("replace", "drifted")),
        ],
    )  # fmt: skip
    def test_each_reason_creates_the_next_generation_and_deletes_the_old_one(
        self, change: Callable[[World], str], reason: tuple[str, str], tmp_path: Path
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

    def test_the_old_generation_is_deleted_after_the_job_that_uses_it(self, tmp_path: Path) -> None:
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

    def test_a_key_with_a_lost_answer_is_adopted_by_the_next_run(self, tmp_path: Path) -> None:
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

    def test_a_key_that_appears_after_its_abandonment_is_deleted(self, tmp_path: Path) -> None:
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

    def test_a_shortened_life_is_reported_and_the_key_renewed_in_time(self, tmp_path: Path) -> None:
        world = World(tmp_path, behaviour=Behaviour(expire_cap=4 * HOUR))
        result = world.apply(KEY_ONLY)
        assert [d.code for d in result.diagnostics] == ["key-lifetime-capped"]
        world.clock.advance(3.5 * HOUR)
        assert acts(world.plan(KEY_ONLY))[KEY] == ("renew", "expires-soon")
        assert not world.apply(KEY_ONLY).endings

    def test_an_unknown_end_is_not_infinite(self, tmp_path: Path) -> None:
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

    def test_a_key_that_no_job_needs_is_left_to_expire(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        assert not world.apply(manifest()).endings
        world.clock.advance(9 * 24 * HOUR)
        assert acts(world.plan(manifest())) == {KEY: ("none", "not-needed"), JOB: ("none", "done")}

    def test_a_key_removed_from_the_manifest_is_deleted(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        more = KEY_ONLY + "  other: {type: s3-public, bucket: b, region: r, endpoint: https://s3.example.org}\n"
        world.apply(more)
        assert len(key_names(world)) == 2
        assert acts(world.plan(KEY_ONLY))["key.other"] == ("delete", "not-in-manifest")
        assert not world.apply(KEY_ONLY).endings
        assert len(key_names(world)) == 1

    def test_deleting_a_missing_key_is_done(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        fault(world, "status", "*/keys/demo-*", "DELETE", status=404)
        result = world.apply(KEY_ONLY.replace("olci", "other"))
        assert not result.endings
        assert "key-deleted" in types(world)

    @pytest.mark.parametrize(("status", "outcome"), [(403, "failed"), (429, "done"), (503, "done")])
    def test_a_delete_that_fails(self, status: int, outcome: str, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        fault(world, "status", "*/keys/demo-*", "DELETE", status=status)
        assert ends(world.apply(KEY_ONLY.replace("olci", "other")))["key.scenes#1"] == outcome

    @pytest.mark.parametrize(
        "answer", [{"status": 200, "body": "<p>Sign in</p>"}, {"status": 204}, {"status": 404}], ids=str
    )
    def test_a_key_that_is_still_there_after_its_delete_is_deleted_again(
        self, answer: Mapping[str, Any], tmp_path: Path
    ) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        fault(world, "status", "*/keys/demo-*", "DELETE", **{"body": "", **answer})
        assert not world.apply(KEY_ONLY.replace("olci", "other")).endings
        (left,) = key_names(world)
        assert left.startswith("demo-scenes-2-")

    def test_destroy_is_not_done_while_the_service_shows_a_key(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(KEY_ONLY)
        fault(world, "html", "*/keys/demo-*", "DELETE", times=None)
        result = world.apply(KEY_ONLY, timedelta(hours=2), requests=Requests(destroy=True))
        assert (ends(result), endings(result)) == ({KEY: "failed"}, {"failed"})
        world.frontend.faults.clear()
        assert not world.apply(KEY_ONLY, requests=Requests(destroy=True)).endings
        assert not key_names(world)


class TestFixedNames:
    def test_a_named_key_rotates_in_place_when_no_job_runs(self, tmp_path: Path) -> None:
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

    def test_a_draining_key_is_used_again_after_the_change_is_reverted(self, tmp_path: Path) -> None:
        world = World(tmp_path)
        world.apply(FIXED, NO_WAIT)
        more = FIXED + "  later: {graph: graph.xml, inputs: {img1: {key: scenes, path: /b.zip}}}\n"
        world.apply(more.replace("bucket: olci", "bucket: other"), NO_WAIT)
        assert not world.apply(more).endings
        assert "key-drain-ended" in types(world)
        assert "key-deleted" not in types(world)
        assert len(launched(world)) == 2

    @pytest.mark.parametrize("live_name", ["409", "400"])
    def test_a_name_that_is_not_free_at_once_is_waited_for(self, live_name: Any, tmp_path: Path) -> None:
        world = World(tmp_path, behaviour=Behaviour(live_name=live_name, name_free_after=300))
        only = KEY_ONLY + "    name: demo-fixed\n"
        world.apply(only)
        result = world.apply(only.replace("olci", "other"))
        assert not result.endings
        assert b"other" in (world.frontend.service.plaintext_of("demo-fixed") or b"")

    @pytest.mark.parametrize("shared", [True, False])
    @pytest.mark.parametrize("foreign", ["403", "404"])
    def test_a_fixed_name_used_by_others_is_one_clear_error(self, shared: bool, foreign: Any, tmp_path: Path) -> None:
        world = World(tmp_path, behaviour=Behaviour(foreign_key=foreign))
        _create(world, "joe", "demo-fixed", public=shared)
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
        self, listed: Any, owner: Any, code: str | None, tmp_path: Path
    ) -> None:
        world = World(tmp_path, behaviour=Behaviour(key_owner=owner, key_list=listed))
        assert not world.apply(FIXED).endings
        _lose_all_keys(world)
        _create(world, "joe", "demo-fixed", public=False)
        key, job = world.apply(FIXED.replace("/a.zip", "/b.zip")).results
        assert (key.error.code if key.error else None) == code
        assert job.outcome == ("skipped" if code else "failed")
        assert len(launched(world)) == 1
        world.apply(FIXED, requests=Requests(destroy=True))
        assert [each.owner for each in world.frontend.service.keystore if each.name == "demo-fixed"] == ["joe"]

    def test_a_named_key_with_a_lost_answer_is_found_or_created_again(self, tmp_path: Path) -> None:
        for kind in ("drop-after", "drop-before"):
            folder = tmp_path / kind
            folder.mkdir()
            world = World(folder)
            fault(world, kind, KEYS)
            result = world.apply(FIXED)
            assert not result.endings, kind
            assert key_names(world) == ["demo-fixed"]


def test_a_key_of_others_with_the_name_of_a_job_key_does_no_harm(tmp_path: Path) -> None:
    """A launch is refused where its key is gone; nothing else is launched with it and the next plan makes a new one."""
    world = World(tmp_path)
    fault(world, "status", LAUNCH, status=429, headers={"retry-after": "60"})
    world.apply(manifest(), NO_WAIT)
    _lose_all_keys(world)
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


def _lose_all_keys(world: World) -> str:
    keystore, user = world.frontend.service.keystore, User("jane", "")
    for name in key_names(world):
        keystore.delete(user, name, world.clock())
    world.clock.advance(HOUR)
    return "olci"


def _make_public(world: World) -> str:
    (name,) = key_names(world)
    description = next(k.description for k in world.frontend.service.keystore if k.name == name)
    world.frontend.service.keystore.delete(User("jane", ""), name, world.clock())
    _create(world, "jane", name, public=True, description=description)
    return "olci"


def _create(world: World, owner: str, name: str, *, public: bool, description: str = "") -> None:
    world.frontend.service.behaviour = world.frontend.service.behaviour.changed({"sealed_check": "at-use"})
    body = {name: {"type": "S3", "expire": 86400 * 7, "public": public, "description": description, "data": ""}}
    world.frontend.service.keystore.create(User(owner, ""), body, world.clock())
