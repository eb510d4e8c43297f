"""What a plan says, an apply does: random histories of a project, each step planned and then applied at once."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest

from eocanvas_apply.api.exit_codes import Exit, of_endings, of_plan
from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.errors import SafetyRefusal
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.render import plan as render
from eocanvas_apply.report.progress import ApplyResult
from tests.simulation.world import World

SEEDS = range(5)
STEPS = 6
NOW = timedelta()
FAULTS = (JobFault("graph"), JobFault("staging-in"), JobFault("no-result"))
QUOTA = "quota: [{jobs: 4, per: 1h}]\n"


@dataclass
class Edits:
    """A manifest that a person edits: rows of a campaign, single jobs, and the bucket of their key."""

    random: Random
    rows: list[str] = field(default_factory=lambda: ["a", "b", "c"])
    singles: dict[str, int] = field(default_factory=lambda: {"one": 1, "two": 1})
    skipped: set[str] = field(default_factory=set)
    bucket: int = 1
    secret: int = 1
    canary: int = 0
    retries: int = 1

    def edit(self) -> None:
        """Change one thing."""
        match self.random.randrange(8):
            case 0:
                self.rows.append(f"r{self.random.randrange(40)}")
                self.rows = list(dict.fromkeys(self.rows))
            case 1 if len(self.rows) > 1:
                self.rows.pop(self.random.randrange(len(self.rows)))
            case 2:
                self.singles[f"s{self.random.randrange(9)}"] = 1
            case 3 if len(self.singles) > 1:
                self.singles.pop(self.random.choice(sorted(self.singles)))
            case 4:
                self.singles[self.random.choice(sorted(self.singles))] += 1
            case 5:
                self.bucket += 1
            case 6:
                self.skipped = {self.random.choice(self.rows)}
            case _:
                self.canary, self.secret = self.random.randrange(3), self.secret + 1

    def manifest(self) -> str:
        """Return it."""
        skip = ", ".join(f"{row}: not now" for row in sorted(self.skipped.intersection(self.rows)))
        held = (f"    canary: {self.canary}\n" if self.canary else "") + (f"    skip: {{{skip}}}\n" if skip else "")
        singles = "".join(
            f"  {name}: {{graph: graph.xml, inputs: {{img1: {{url: 'https://x.example/{name}{path}'}}}}}}\n"
            for name, path in self.singles.items()
        )
        return (
            f"version: 1\nproject: baltic\n{QUOTA}keys:\n  scenes: {{type: s3, bucket: b{self.bucket}, region: r, "
            "endpoint: 'https://s3.example.org', access_key: {env: ACCESS}, secret_key: {env: SECRET}}\n"
            f"jobs:\n{singles}  tiles:\n    graph: graph.xml\n    for_each: {{list: [{', '.join(self.rows)}]}}\n"
            f"    inputs: {{img1: {{key: scenes, path: '/${{each.value}}'}}}}\n{held}"
        )


@pytest.mark.parametrize("seed", SEEDS)
def test_an_apply_does_what_the_plan_before_it_says(seed: int, tmp_path: Path) -> None:
    random = Random(seed)  # chance of a test, not of a secret
    world = World(tmp_path, quotas=(Quota(4, 3600),), seed=seed)
    edits = Edits(random)
    for _ in range(STEPS):
        for _ in range(random.randrange(3)):
            edits.edit()
        world.environ["SECRET"] = f"secret-{edits.secret}"
        if random.random() < 0.4:
            world.frontend.service.job_faults.append(random.choice(FAULTS))
        requests = Requests(
            retry_failed=random.random() < 0.3,
            limit=random.choice([None, None, 1, 3]),
            only=frozenset({"job.one"}) if random.random() < 0.1 else None,
            destroy=random.random() < 0.1,
        )
        manifest = edits.manifest()
        _text_and_json_agree(world.plan(manifest, requests))
        _deed(world, manifest, requests)
        world.run(asyncio.sleep(random.choice([60, 400, 4000])))


def _deed(world: World, manifest: str, requests: Requests) -> None:
    plan, before = world.plan(manifest, requests), _submitted(world)
    if plan.refusals:
        with pytest.raises(SafetyRefusal) as refusal:
            world.apply(manifest, NOW, requests=requests)
        assert refusal.value.diagnostics == plan.refusals
        return
    result = world.apply(manifest, NOW, requests=requests)
    # What waits for a job that is only adopted may go in the same turn, and a failed job that returned is retried.
    due = sum(a.lies_ahead and a.row.expected and a.not_before == plan.created for a in plan.actions)
    due += plan.counts[ActionKind.ADOPT]
    assert 0 <= _submitted(world) - before - plan.forecast.launches_now <= due, render.text(plan)
    _each_address_ends_as_planned(plan, result)
    if not plan.changes_pending:
        assert of_plan(plan) == of_endings(result.endings, Exit.INTERRUPTED)


def _submitted(world: World) -> int:
    return sum(entry.event.type == "job-submitted" for entry in world.entries()) if world.ledger.exists() else 0


def _each_address_ends_as_planned(plan: Plan, result: ApplyResult) -> None:
    planned = {action.address: action for action in plan.actions}
    ended = {each.address: each for each in result.results}
    assert planned.keys() <= ended.keys()
    for address, action in planned.items():
        assert ended[address].action == action.action
        if action.action in (ActionKind.FORGET, ActionKind.DELETE, ActionKind.CREATE) and action.ready(plan.created):
            assert ended[address].outcome == "done", (address, ended[address])


def _text_and_json_agree(plan: Plan) -> None:
    """Hold the counts of the text to those of the JSON, and each address that is no longer as it should be to both."""
    document, text = render.body(plan, full=True), render.text(plan, full=True)
    counts = Counter(each["action"] for each in document["actions"])
    assert document["summary"] == {kind: counts[kind] for kind in ActionKind}
    closing = re.search(r"Plan: (.*)\.", text)
    for number, kind in re.findall(r"(\d+) to (\w+)(?=[,;.]|$)", closing[1] if closing else ""):
        assert counts[kind] == int(number), text
    for action in plan.actions:
        assert f" {action.address}: " in text
