"""Creating keys: the table of outcomes, and what becomes of a creation that fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from eocanvas_apply.ledger import events as e
from tests.applying.simulated_runs import (
    KEY_ONLY,
    KEYS,
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
