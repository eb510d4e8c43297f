"""Random faults: a job is never launched twice unless a runner is frozen before the socket, and never lost.

Hypothesis chooses what the manifest holds, how the service behaves where the facts are unknown, where runners are
killed, which answers are lost, and where one is frozen; the virtual clock makes days of waiting milliseconds.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER, Behaviour
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.report.progress import Ending
from tests.simulation.world import Killed, World, all_the_same

WAIT = timedelta(hours=30)
SETTLE = timedelta(minutes=5)
A_WHILE = timedelta(minutes=15)
PATHS = ("*/keys", "*/keys/*", "*/execution", "*/jobs", "*/jobs/*", "*gettoken", "*/results", "*/logs")


def manifest(keys: int, jobs: int, *, revision: int = 0, fixed: bool = False, marked: bool = True) -> str:
    """Return a manifest whose jobs take turns in using the keys; another revision changes the first job."""
    lines = ["version: 1", "project: sim", "timing: {poll: 30s, settle: 5m}", "keys:"]
    for k in range(keys):
        name = f"name: sim-fixed-{k}, " if fixed else ""
        lines.append(
            f"  k{k}: {{type: s3, {name}bucket: b{k}, region: r, endpoint: https://s3.example.org, "
            "access_key: {env: ACCESS}, secret_key: {env: SECRET}, expires_in: 1d}"
        )
    lines.append("jobs:")
    for j in range(jobs):
        path = f"/scene-{j}-{revision if j == 0 else 0}.zip"
        lines.append(
            f"  j{j}: {{graph: graph.xml, mark: {str(marked).lower()}, "
            f"inputs: {{img1: {{key: k{j % keys}, path: {path}}}}}}}"
        )
    return "\n".join(lines) + "\n"


BEHAVIOURS = st.builds(
    Behaviour,
    live_name=st.sampled_from(["409", "400", "overwrite"]),
    name_free_after=st.sampled_from([0.0, 90.0]),
    expire_cap=st.sampled_from([0, 3600]),
    expired_keys=st.sampled_from(["gone", "shown"]),
    key_owner=st.sampled_from(["account", "id", "none"]),
    key_end=st.sampled_from(["shown", "null"]),
    key_read=st.sampled_from(["submission", "staging-in", "staging-out"]),
    dismiss=st.sampled_from(["supported", "404", "405", "501"]),
    list_lag=st.sampled_from([0.0, 120.0]),
    created_skew=st.sampled_from([-240.0, 0.0, 240.0]),
    logs=st.sampled_from(["full", "full", "late", "empty", "cut"]),
    log_shows_chain=st.sampled_from([True, True, False]),
    log_delay=st.sampled_from([30.0, 600.0]),
    list_limit=st.sampled_from([2, 100]),
    next_link=st.sampled_from(["always", "when-more"]),
)


class Campaign(RuleBasedStateMachine):
    """One project with a week of random faults."""

    def __init__(self) -> None:
        super().__init__()
        self.temporary = tempfile.TemporaryDirectory()
        self.excused = 0

    @initialize(
        behaviour=BEHAVIOURS, keys=st.integers(1, 3), jobs=st.integers(1, 5), fixed=st.booleans(), marked=st.booleans()
    )
    def begin(self, behaviour: Behaviour, keys: int, jobs: int, fixed: bool, marked: bool) -> None:
        self.world = World(Path(self.temporary.name), behaviour=behaviour)
        self.keys, self.jobs, self.fixed, self.marked, self.revision = keys, jobs, fixed, marked, 0
        # Without logs or marks a decision may be needed; nothing may run twice then either.
        self.may_ask = not marked or behaviour.logs in ("empty", "cut", "late") or not behaviour.log_shows_chain
        self.watch_deletes()

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.world.frontend.faults.clear()
                self.finish()
                # No job needs a key any more: what is sealed now must not stay.
                self.world.environ["SECRET"] = "r0tated"
                self.finish()
                self.everything_done_once()
        finally:
            self.temporary.cleanup()

    @property
    def manifest(self) -> str:
        return manifest(self.keys, self.jobs, revision=self.revision, fixed=self.fixed, marked=self.marked)

    def watch_deletes(self) -> None:
        service, deleted = self.world.frontend.service, self.world.frontend.service.keystore.delete

        def delete(user: Any, name: str, at: Any) -> None:
            assert name not in service.keys_in_use(), f"{name} was deleted while a job in flight uses it"
            deleted(user, name, at)

        service.keystore.delete = delete  # type: ignore[method-assign]

    @rule(step=st.integers(0, 60))
    def killed_run(self, step: int) -> None:
        """A run that is killed at its nth step."""
        count = 0

        async def kill(name: str) -> None:
            nonlocal count
            count += 1
            if count > step:
                raise Killed(name)

        with suppress(Killed, EocanvasApplyError):
            self.world.apply(self.manifest, WAIT, kill)

    @rule(
        kind=st.sampled_from(["drop-before", "drop-after", "truncate", "html", "status"]),
        path=st.sampled_from(PATHS),
        skip=st.integers(0, 3),
        method=st.sampled_from(["*", "POST", "GET"]),
    )
    def fault(self, kind: str, path: str, skip: int, method: str) -> None:
        self.world.frontend.faults.append(Fault(kind, method=method, path=path, skip=skip, status=503))  # type: ignore[arg-type]

    @rule(seconds=st.sampled_from([20.0, 150.0, 3000.0]))
    def late_launch(self, seconds: float) -> None:
        """The service acts on a launch after the connection was lost; more than `settle` later is excused."""
        self.world.frontend.faults.append(Fault("late", method="POST", path="*/execution", seconds=seconds))
        self.excused += seconds > SETTLE.total_seconds()

    @rule(minutes=st.sampled_from([1, 10, 600]))
    def frozen_run(self, minutes: int) -> None:
        """A run that stands still between its last check and the socket while another one does all the work."""
        frozen = False

        async def freeze(name: str) -> None:
            nonlocal frozen
            if not frozen and name.startswith("before POST") and name.endswith("/execution"):
                frozen = True
                self.excused += 1
                self.world.clock.advance(minutes * 60)
                with suppress(EocanvasApplyError):
                    await all_the_same(self.world.runner(self.manifest).apply(Requests(), A_WHILE, lambda plan: None))

        with suppress(EocanvasApplyError):
            self.world.apply(self.manifest, WAIT, freeze)

    @rule(hours=st.integers(1, 30))
    def time_passes(self, hours: int) -> None:
        self.world.clock.advance(hours * 3600)
        self.world.frontend.settle()

    @rule()
    def run(self) -> None:
        # A fault at the first read ends a run; the next one must continue.
        with suppress(EocanvasApplyError):
            self.world.apply(self.manifest, WAIT)

    @rule()
    def one_turn(self) -> None:
        with suppress(EocanvasApplyError):
            self.world.apply(self.manifest, timedelta(0))

    @precondition(lambda self: self.revision < 2)
    @rule()
    def change(self) -> None:
        self.revision += 1

    @rule(secret=st.sampled_from(["s3cr3t", "0ther"]))
    def rotate_secret(self, secret: str) -> None:
        self.world.environ["SECRET"] = secret

    def finish(self) -> None:
        for _ in range(12):
            result = self.world.apply(self.manifest, WAIT, requests=Requests(allowed=frozenset({"allow-deletes"})))
            if not result.endings - ({Ending.DECISION, Ending.UNFINISHED} if self.may_ask else set()):
                return
            self.world.clock.advance(3600)
        raise AssertionError(f"never ends: {result.endings} {result.results}")

    def everything_done_once(self) -> None:
        jobs = self.world.frontend.service.jobs.every()
        inputs = [job.execution.locations for job in jobs]
        surplus = len(inputs) - len(set(inputs))
        assert surplus <= self.excused, "a job was launched twice"
        plan = self.world.plan(self.manifest)
        asked = any(action.action is ActionKind.ASK for action in plan.actions)
        assert self.may_ask or not asked
        assert asked or not plan.changes_pending, plan.actions
        # A duplicate that still runs may read its key.
        used = any(action.reason is Reason.IN_USE for action in plan.actions)
        assert asked or used or self.sealed_secrets() <= {self.world.environ["SECRET"]}, "a rotated secret stays"
        # A duplicate is known by its mark; without one, by being asked about while it may be ours.
        assert self.may_ask or {job.id for job in jobs} == self.known_jobs(), "a job runs that is not recorded"

    def sealed_secrets(self) -> set[str]:
        """The secrets of this project's keys at the service."""
        shown = self.world.frontend.service.keystore.visible_to(DEFAULT_USER, self.world.clock())
        return {
            json.loads(key.plaintext)["secret_key"] for key in shown if key.name.startswith("sim-") and key.plaintext
        }

    def known_jobs(self) -> set[str]:
        recorded = self.world.run(self.world.runner(self.manifest).journal.refresh())
        return set(recorded.owner_of)


Campaign.TestCase.settings = settings(
    max_examples=int(os.environ.get("SIMULATION_EXAMPLES", "60")),
    stateful_step_count=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    # Always the same few examples by default; with SIMULATION_EXAMPLES new ones each time.
    derandomize="SIMULATION_EXAMPLES" not in os.environ,
)
TestCampaign = Campaign.TestCase
