"""The fingerprints of secrets and the key that they are sealed under, from one run to the next."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import structs

from eocanvas_apply.api.exit_codes import Exit, of_endings
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.errors import SafetyRefusal
from eocanvas_apply.ledger.events import KeyIntended
from eocanvas_apply.planning.keys.comparison import secret_changes
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.progress import ApplyResult
from eocanvas_apply.report.sealed import sealed
from eocanvas_apply.secrets.secret import Secret
from tests.simulation.world import World

MANIFEST = """
version: 1
project: demo
keys:
  scenes: {type: s3, bucket: b, region: r, endpoint: https://s3.example.org,
           access_key: {env: ACCESS}, secret_key: {env: SECRET}, keep: true}
"""


def planned(world: World, pepper: str = "", manifest: str = MANIFEST) -> Plan:
    runner = world.runner(manifest)
    runner.observer.vault.pepper = Secret(pepper) if pepper else None
    return world.run(runner.plan(Requests()))[0]


def applied(world: World, pepper: str = "", sealing_key: str | None = None) -> ApplyResult:
    runner = world.runner(MANIFEST)
    runner.observer.vault.pepper = Secret(pepper) if pepper else None
    runner.required_sealing_key = sealing_key
    return world.run(runner.apply(Requests(), timedelta(0), lambda plan: None))


def steps(plan: Plan) -> list[tuple[str, str]]:
    return [(action.action, action.reason) for action in plan.actions]


def codes(plan: Plan) -> list[str]:
    return [each.code for each in plan.diagnostics]


def test_another_pepper_or_none_never_replaces_a_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    applied(world, "pepper")
    assert steps(planned(world, "pepper")) == [("none", "unchanged")]
    for other in ("", "other"):
        plan = planned(world, other)
        assert (steps(plan), codes(plan)) == ([("none", "cannot-tell")], ["secret-pepper"])
    world.environ["SECRET"] = "changed"
    assert steps(planned(world, "pepper")) == [("replace", "secret-changed")]


def test_a_pepper_that_is_set_later_is_used_from_the_next_key_on(tmp_path: Path) -> None:
    world = World(tmp_path)
    applied(world)
    plan = planned(world, "pepper")
    assert (steps(plan), codes(plan)) == ([("none", "unchanged")], [])
    world.environ["SECRET"] = "changed"
    applied(world, "pepper")
    assert steps(planned(world, "pepper")) == [("none", "unchanged")]
    assert steps(planned(world)) == [("none", "cannot-tell")]


def test_a_key_recorded_by_an_earlier_release_is_not_replaced(tmp_path: Path) -> None:
    world = World(tmp_path)
    applied(world)
    vault = world.runner(MANIFEST).observer.vault
    lines = [json.loads(line) for line in world.ledger.read_text(encoding="utf-8").splitlines()]
    salt = bytes.fromhex(lines[0]["salt"])
    earlier = {name: value for (_, name), value in vault.fingerprints(salt, {"key.scenes": "scrypt"}).items()}
    for line in lines:
        if line["type"] == "key-intended":
            line["secrets"] = earlier
            del line["sealing_key"]
    world.ledger.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    plan = planned(world)
    assert (steps(plan), codes(plan)) == ([("none", "unchanged")], [])
    world.environ["SECRET"] = "changed"
    assert steps(planned(world)) == [("replace", "secret-changed")]


def test_the_sealing_key_is_remembered_and_another_one_is_refused_where_one_is_required(tmp_path: Path) -> None:
    world = World(tmp_path)
    with pytest.raises(SafetyRefusal) as refused:
        applied(world, sealing_key="0" * 64)
    assert [each.code for each in refused.value.diagnostics] == ["sealing-key-refused"]
    assert not world.ledger.exists()
    digest = refused.value.diagnostics[0].message.partition("sha256:")[2][:64]
    applied(world, sealing_key=digest)
    intended = next(entry.event for entry in world.entries() if isinstance(entry.event, KeyIntended))
    assert intended.sealing_key == digest


def test_a_plan_says_that_the_service_has_another_sealing_key(tmp_path: Path) -> None:
    world = World(tmp_path)
    applied(world)
    runner = world.runner(MANIFEST)
    plan, observed = world.run(runner.plan(Requests()))
    assert observed.sealing
    assert codes(plan) == []
    text = world.ledger.read_text(encoding="utf-8").replace(observed.sealing.digest, "a" * 64)
    world.ledger.write_text(text, encoding="utf-8")
    assert codes(planned(world)) == ["sealing-key-changed"]


def test_another_sealing_key_that_the_plan_could_not_see_is_refused_before_anything_is_sealed(tmp_path: Path) -> None:
    world = World(tmp_path)
    runner = world.runner(MANIFEST)
    runner.required_sealing_key = "0" * 64
    handle, answers = world.frontend.handle, [b"no key"]

    def unusable_once(request: WireRequest) -> WireResponse:
        answered = handle(request)
        is_first = request.path.endswith("/cert/public") and answers
        return dataclasses.replace(answered, body=answers.pop()) if is_first else answered

    world.frontend.handle = unusable_once  # type: ignore[method-assign]
    result = world.run(runner.apply(Requests(), timedelta(0), lambda plan: None))
    assert "sealing-key-refused" in [each.code for each in result.diagnostics]
    assert of_endings(result.endings) is Exit.REFUSED
    assert not any(entry.event.type == "key-intended" for entry in world.entries())


def test_fingerprints_of_different_schemes_are_not_compared(tmp_path: Path) -> None:
    """So two runners with different peppers never replace each other's keys, whichever of them looks first."""
    world = World(tmp_path)
    applied(world)
    runner = world.runner(MANIFEST)
    _, observed = world.run(runner.plan(Requests()))
    key, record = runner.desired.keys["key.scenes"], runner.journal.recorded.keys["key.scenes"]
    assert record.current
    others = {name: value.replace("scrypt2:", "scrypt2-abc:") for name, value in observed.secrets.items()}
    assert set(observed.secrets.values()) & set(others.values()) == set()
    seen = structs.replace(observed, secrets=others)
    assert secret_changes(key, record.current, seen) == ()
    found = sealed("key.scenes", runner.desired, runner.journal.recorded, seen)
    assert found
    assert found.comparison == "cannot-tell"
    assert found.unknown == ("access_key cannot be compared", "secret_key cannot be compared")
