"""Manifests to apply in a simulated world, and short views of the outcome."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.report.progress import ApplyResult
from tests.simulation.world import World

NO_WAIT = timedelta(0)
LAUNCH, KEYS = "*/execution", "*/keys"


def manifest(*, key: str = "", job: str = "", jobs: str = "", timing: str = "", graph: str = "graph.xml") -> str:
    """Return a manifest with the key `scenes` and the job `subset`; the arguments are more of each."""
    return f"""
version: 1
project: demo
timing: {{{timing}}}
keys:
  scenes:
    type: s3
    bucket: olci
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {{env: ACCESS}}
    secret_key: {{env: SECRET}}
    {key}
jobs:
  subset:
    graph: {graph}
    inputs: {{img1: {{key: scenes, path: /a.zip}}}}
    {job}
  {jobs}
"""


KEY_ONLY = manifest().partition("jobs:")[0]
# A job whose input needs no key: nothing but the launch can fail.
JOB_ONLY = """
version: 1
project: demo
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {url: https://data.example.org/a.zip}}
"""


def fault(world: World, kind: str, path: str, method: str = "POST", **fields: Any) -> None:
    """Let the next request of this kind meet a fault."""
    world.frontend.faults.append(Fault(kind, method=method, path=path, **fields))  # type: ignore[arg-type]


def events(world: World) -> Sequence[AnyEvent]:
    """The events on record; may be asked while a run is under way."""
    lines = world.ledger.read_text(encoding="utf-8").splitlines() if world.ledger.exists() else []
    return [Entry.from_json(json.loads(line)).event for line in lines]


def types(world: World, after: int = 0) -> list[str]:
    return [event.type for event in events(world)[after:]]


def acts(plan: Plan) -> dict[str, tuple[str, str]]:
    return {a.address: (str(a.action), str(a.reason)) for a in plan.actions}


def ends(result: ApplyResult) -> dict[str, str]:
    return {r.address: str(r.outcome) for r in result.results}


def endings(result: ApplyResult) -> set[str]:
    return {str(ending) for ending in result.endings}


def launched(world: World) -> list[str]:
    """The ids of all jobs that the service ever made."""
    return [job.id for job in world.frontend.service.jobs.every()]


def key_names(world: World) -> list[str]:
    """The names of all live keys, also those of others."""
    return [key.name for key in world.frontend.service.keystore if key.alive(world.clock()) and key.name != "eodata"]


def requests(world: World, method: str, tail: str) -> int:
    """How many requests of a kind the service saw."""
    return sum(1 for r in world.frontend.received if r.request.method == method and r.request.path.endswith(tail))


def create_key(world: World, owner: str, name: str, *, public: bool, description: str = "") -> None:
    """Create a key past every check, as another client or account would."""
    world.frontend.service.behaviour = world.frontend.service.behaviour.changed({"sealed_check": "at-use"})
    body = {name: {"type": "S3", "expire": 86400 * 7, "public": public, "description": description, "data": ""}}
    world.frontend.service.keystore.create(User(owner, ""), body, world.clock())


def lose_all_keys(world: World) -> str:
    """Delete all keys at the service, and let an hour pass; returns the bucket, which stays."""
    keystore, user = world.frontend.service.keystore, User("jane", "")
    for name in key_names(world):
        keystore.delete(user, name, world.clock())
    world.clock.advance(3600)
    return "olci"
