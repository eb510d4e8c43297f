"""The big simulation: campaigns with random faults, two runners on one ledger, every behaviour of the service.

Hypothesis draws how the service behaves where the facts are unknown, and a seed. The seed decides the rest: where
runners are killed and restarted, which answers are lost or garbled, which jobs fail and how. Each example is a run of
its own in virtual time. `SIMULATION_EXAMPLES=500` makes more of them, and larger ones.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
from hypothesis import HealthCheck, Phase, currently_in_test_context, given, note, settings
from hypothesis import strategies as st

from eocanvas_apply.emulator.http.request_faults import Fault, FaultKind
from eocanvas_apply.emulator.model.behaviour import Behaviour, KeyHref, Quota
from eocanvas_apply.emulator.model.catalogue import DATASETS
from eocanvas_apply.emulator.model.job_failures import Failure, FailureKind, JobFaults, built_in
from eocanvas_apply.emulator.model.submissions import Execution
from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.desired.desired import Limit
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.windows import Windows
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.report.progress import ApplyResult, Ending
from eocanvas_apply.simulation.simulated_service import MemoryLedger
from eocanvas_apply.vocabulary import OgcStatus
from tests.simulation.world import Killed, World

EXAMPLES = int(os.environ.get("SIMULATION_EXAMPLES", "5"))
MOST_ROWS = 24 if EXAMPLES <= 5 else 150
LIMITS = (Limit(5, timedelta(hours=1)), Limit(40, timedelta(days=2)))
MAX_DURATION = timedelta(hours=1)
JOB_TIME = 300.0
# The delay by a kill, an outage or a lost answer: the pause until a runner starts again, and `settle`.
SLACK = timedelta(hours=8)
KINDS: tuple[FailureKind, ...] = ("staging-in", "staging-out", "killed", "unknown", "key", "graph", "input-config")
GARBLED: tuple[FaultKind, ...] = ("html", "truncate", "status", "drop-after", "drop-before", "unauthorized")
OLCI = DATASETS[0]
PRODUCTS = list(OLCI.products(date(2024, 1, 1), date(2024, 3, 1), ""))
NO_FETCH = Requests(no_fetch=True)
OVER = {Reason.DONE, Reason.FAILED, Reason.NO_RESULT, Reason.RESULTS_PENDING, Reason.WAITS_FOR}


def manifest(
    rows: int,
    *,
    declared: bool,
    products: bool,
    pipeline: bool,
    fixed: bool,
    life: int,
    marked: bool = True,
    at_key: bool = False,
) -> str:
    quota = "quota: [{jobs: 5, per: 1h}, {jobs: 40, per: 2d}]" if declared else ""
    given = (
        "{product: '${each.id}', dataset_id: '" + OLCI.id + "'}" if products else "{key: scenes, path: '/${each.id}'}"
    )
    names = [PRODUCTS[n].id if products else f"s{n}" for n in range(rows)]
    name, mark = "name: sim-fixed, " if fixed else "", "true" if marked else "false"
    after = (
        """
  after:
    for_each: {job: scenes}
    graph: graph.xml
    mark: MARKED
    inputs: {img1: {result: scenes, match: "*.nc"}}
"""
        if pipeline
        else ""
    ).replace("MARKED", mark)
    return f"""
version: 1
project: sim
{quota}
timing: {{poll: 1m, settle: 5m}}
keys:
  scenes: {{type: s3, {name}bucket: b, region: r, endpoint: "https://s3.example.org", expires_in: {life}h,
           access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}
jobs:
  scenes:
    for_each: {{list: [{", ".join(f"{{id: '{each}'}}" for each in names)}], id: "${{each.id}}"}}
    graph: graph.xml
    mark: {mark}
    max_duration: 1h
    inputs: {{img1: {given}}}
    accept_terms: [{", ".join(OLCI.terms)}]
    {"output: {key: scenes}" if at_key else ""}
{after}"""


class Failing(JobFaults):
    """Some jobs fail, each with a random class."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.calm = False

    def next_for(self, execution: Execution) -> Failure | None:
        if self.calm or self.chance.random() > 0.15:
            return None
        return built_in(self.chance.choice(KINDS))


def unfinished(plan: Plan, may_ask: bool) -> list[tuple[str, str, str]]:
    """The jobs that are not finished; with `may_ask` without those that wait for a person's decision."""
    jobs = (a for a in plan.actions if a.address.startswith("job.") and not (may_ask and a.action is ActionKind.ASK))
    return [(a.address, a.action, a.reason) for a in jobs if a.reason not in OVER]


def _same(ledger: Backend) -> Backend:
    return ledger


@dataclass
class FaultyRuns:
    """One campaign, two runners, and their faults until `calm`."""

    world: World
    text: str
    chance: random.Random
    fault_rate: float
    may_ask: bool = False
    # Each runner opens it for itself.
    ledger: Callable[[], Backend] = field(default_factory=lambda: partial(_same, MemoryLedger()))
    kills: int = 0
    calm: bool = False

    async def runner(self) -> None:
        """A runner that is killed now and then, and starts again until nothing is left."""
        while not self.calm:
            step = Step(self)
            engine = self.world.runner(self.text, step, self.ledger())
            wait = timedelta(hours=self.chance.choice([0, 1, 5, 50]))
            with suppress(EocanvasApplyError, Killed):
                await engine.apply(NO_FETCH, wait, lambda plan: None)
                if not unfinished((await engine.plan(NO_FETCH))[0], self.may_ask):
                    return
            await asyncio.sleep(self.chance.choice([60, 900, 3000]))

    async def both_runners(self) -> None:
        """Two of them, until both see nothing left to do or a month is over."""
        both = [asyncio.ensure_future(self.runner()) for _ in range(2)]
        await asyncio.wait(both, timeout=timedelta(days=30).total_seconds())
        self.calm = True
        await asyncio.gather(*both)

    async def ending(self) -> tuple[Plan, Recorded]:
        """One more run, undisturbed."""
        engine = self.world.runner(self.text, ledger=self.ledger())
        await engine.apply(NO_FETCH, timedelta(days=20), lambda plan: None)
        return (await engine.plan(NO_FETCH))[0], engine.journal.recorded

    async def once_more(self) -> ApplyResult:
        """Another run, which finds nothing to do."""
        return await self.world.runner(self.text, ledger=self.ledger()).apply(NO_FETCH, timedelta(), lambda plan: None)


@dataclass
class Step:
    """The faults of one run of one runner, step by step."""

    runs: FaultyRuns
    dead: bool = False

    async def __call__(self, name: str) -> None:
        runs, chance = self.runs, self.runs.chance.random()
        if runs.calm:
            return
        if self.dead or chance < runs.fault_rate / 10:
            runs.kills += not self.dead
            self.dead = True
            raise Killed(name)
        if name.endswith("append"):
            return
        if chance < runs.fault_rate:
            raise httpx.RemoteProtocolError("the connection was lost")
        if chance < 2 * runs.fault_rate:
            runs.world.frontend.faults.append(Fault(runs.chance.choice(GARBLED), status=503))


BEHAVIOURS = st.builds(
    Behaviour,
    live_name=st.sampled_from(["409", "400", "overwrite"]),
    name_free_after=st.sampled_from([0.0, 90.0]),
    expire_cap=st.sampled_from([0, 3 * 3600]),
    expired_keys=st.sampled_from(["gone", "shown"]),
    key_owner=st.sampled_from(["account", "id", "none"]),
    key_end=st.sampled_from(["shown", "shown", "null"]),
    key_read=st.sampled_from(["submission", "staging-in", "staging-out"]),
    dismiss=st.sampled_from(["supported", "404", "405", "501"]),
    list_lag=st.sampled_from([0.0, 120.0]),
    log_delay=st.sampled_from([30.0, 200.0]),
    logs=st.sampled_from(["full", "late"]),
    list_limit=st.sampled_from([3, 100]),
    next_link=st.sampled_from(["always", "when-more"]),
    quota_answer=st.sampled_from(["retry-after", "retry-date", "quota-reset", "bare", "html", "empty"]),
    order_time=st.sampled_from([2.0, 600.0]),
    terms_needed=st.sampled_from(["order", "search", "nothing"]),
    hda_denies=st.sampled_from(["401", "403"]),
    execution_status=st.sampled_from(["201", "200"]),
    result_href=st.sampled_from(["absolute", "relative"]),
    key_href=st.sampled_from(get_args(KeyHref)),
)


# A service whose logs and lists are incomplete, late or slightly wrong.
SECRETIVE = st.builds(
    Behaviour,
    created_skew=st.sampled_from([-240.0, 0.0, 240.0]),
    logs=st.sampled_from(["full", "late", "empty", "cut"]),
    log_shows_chain=st.booleans(),
    log_delay=st.sampled_from([30.0, 600.0]),
    list_lag=st.sampled_from([0.0, 120.0]),
    list_limit=st.sampled_from([3, 100]),
    equal_ids=st.booleans(),
    job_stamps=st.sampled_from(get_args(get_type_hints(Behaviour)["job_stamps"])),
    key_read=st.sampled_from(["submission", "staging-out"]),
    own_links=st.sampled_from(["read", "denied"]),
    link_life=st.sampled_from([0.0, 900.0]),
    order_life=st.sampled_from([3600.0, 86400.0]),
    search_paging=st.sampled_from(["total", "next"]),
    quota_answer=st.sampled_from(["bare", "retry-after"]),
)
simulated = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
    print_blob=True,
    # Always the same few examples by default; with SIMULATION_EXAMPLES new ones each time.
    derandomize="SIMULATION_EXAMPLES" not in os.environ,
)


@simulated
@given(
    behaviour=BEHAVIOURS,
    seed=st.integers(0, 2**32),
    rows=st.integers(4, MOST_ROWS),
    fault_rate=st.sampled_from([0.0, 0.005, 0.02]),
    declared=st.booleans(),
    products=st.booleans(),
    pipeline=st.booleans(),
    fixed=st.booleans(),
    at_key=st.booleans(),
    life=st.sampled_from([2, 5, 48]),
)
def test_a_campaign_with_random_faults(
    behaviour: Behaviour, seed: int, rows: int, fault_rate: float, declared: bool, products: bool, **rest: Any
) -> None:
    text = manifest(rows, declared=declared, products=products, **rest)
    begun, runs = with_random_faults(behaviour, text, seed, fault_rate)
    if declared:
        windows_hold(jobs_of(runs.world))
        the_end_is_the_optimum(runs.world, begun, runs)


@simulated
@given(
    behaviour=SECRETIVE,
    seed=st.integers(0, 2**32),
    rows=st.integers(4, MOST_ROWS),
    fault_rate=st.sampled_from([0.005, 0.02]),
    marked=st.booleans(),
    products=st.booleans(),
    pipeline=st.booleans(),
)
def test_a_campaign_at_a_service_with_incomplete_logs(
    behaviour: Behaviour, seed: int, rows: int, fault_rate: float, **rest: Any
) -> None:
    """Where the outcome of a launch cannot be known, a decision is asked for; nothing runs twice then either."""
    with_random_faults(behaviour, manifest(rows, declared=True, fixed=False, life=48, **rest), seed, fault_rate, True)


def with_random_faults(
    behaviour: Behaviour,
    text: str,
    seed: int,
    fault_rate: float,
    may_ask: bool = False,
    ledger: Callable[[], Backend] | None = None,
) -> tuple[datetime, FaultyRuns]:
    """Run a campaign to its end and check the outcome; return when it began, and what happened.

    Without a `ledger`, which each runner opens, it is kept in memory.
    """
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder), behaviour=behaviour, job_time=JOB_TIME, quotas=_quotas(), seed=seed)
        world.simulated.frontend.service.job_faults = world.simulated.frontend.service.jobs.faults = Failing(chance)
        runs = FaultyRuns(world, text, chance, fault_rate, may_ask)
        runs.ledger = ledger or runs.ledger
        watch(world)
        begun = world.clock()
        world.run(runs.both_runners())
        ended = world.clock()
        world.frontend.faults.clear()
        plan, recorded = world.run(runs.ending())
        if currently_in_test_context():
            note(f"seed {seed}: {len(jobs_of(world))} jobs, {runs.kills} kills, ended after {ended - begun}")
        nothing_is_lost_or_run_twice(world, plan, recorded, may_ask)
        outcomes_are_what_is_recorded(world.run(runs.once_more()), recorded, jobs_of(world))
    return begun, runs


def _quotas() -> tuple[Quota, ...]:
    return tuple(Quota(limit.jobs, limit.per.total_seconds()) for limit in LIMITS)


def jobs_of(world: World) -> list[Any]:
    return list(world.frontend.service.jobs.every())


def watch(world: World) -> None:
    """Check at the service that no key is deleted in use, and none is used that ends too early."""
    service = world.frontend.service
    delete, launch = service.keystore.delete, service.jobs.launch

    def deleted(user: Any, name: str, at: datetime) -> None:
        assert name not in service.keys_in_use(), f"{name} was deleted while a job in flight uses it"
        delete(user, name, at)

    def launched(user: Any, execution: Execution, at: datetime) -> Any:
        for key in service.keystore:
            if key.name in execution.keys and key.ends:
                need = min(MAX_DURATION, timedelta(seconds=key.expire) / 2)
                assert key.ends - at >= need - timedelta(minutes=1), f"{key.name} ends too early for a launch"
        return launch(user, execution, at)

    service.keystore.delete = deleted  # type: ignore[method-assign]
    service.jobs.launch = launched  # type: ignore[method-assign]


def nothing_is_lost_or_run_twice(world: World, plan: Plan, recorded: Recorded, may_ask: bool) -> None:
    jobs = jobs_of(world)
    asked = any(action.action is ActionKind.ASK for action in plan.actions)
    assert may_ask or not asked
    assert asked or {job.id for job in jobs} == set(recorded.owner_of), "a job runs that is not recorded"
    assert not unfinished(plan, may_ask)
    by_input: dict[tuple[str, ...], list[str]] = {}
    for job in jobs:
        by_input.setdefault((job.execution.process, *_asked_of(job, recorded)), []).append(job.status)
    twice = {asked: found for asked, found in by_input.items() if sum(status != "failed" for status in found) > 1}
    assert not twice, f"launched twice: {twice}"
    assert max(map(len, by_input.values()), default=0) <= 4


def outcomes_are_what_is_recorded(ended: ApplyResult, recorded: Recorded, jobs: list[Any]) -> None:
    found = {each.address: each for each in ended.results if each.address.startswith("job.")}
    runs = {address: counted_run(record) for address, record in recorded.jobs.items()}
    failed = {address for address, run in runs.items() if run and run.status == OgcStatus.FAILED}
    assert {address for address, each in found.items() if each.outcome is Outcome.FAILED} == failed
    assert (Ending.FAILED in ended.endings) == bool(failed)
    status = {job.id: job.status for job in jobs}
    assert all(each.status == status[each.job_id] for each in found.values() if each.job_id)


def _asked_of(job: Any, recorded: Recorded) -> tuple[str, ...]:
    """The path that it reads, where only one row reads that; else the address of its job, if known."""
    reads: tuple[str, ...] = tuple(job.execution.locations)
    paths = all(location.startswith("/") for location in reads)
    return reads if paths or job.id not in recorded.owner_of else (recorded.owner_of[job.id],)


def windows_hold(jobs: list[Any]) -> None:
    times = sorted(job.created for job in jobs)
    for limit in LIMITS:
        for first, last in zip(times, times[limit.jobs :], strict=False):
            assert last - first >= limit.per, f"{limit.jobs + 1} launches within {last - first}"


def the_end_is_the_optimum(world: World, begun: datetime, runs: FaultyRuns) -> None:
    jobs = jobs_of(world)
    best = Windows(LIMITS).schedule(len(jobs), begun)[-1]
    late = max(job.created for job in jobs) - best
    allowed = timedelta(hours=2) if not runs.fault_rate else SLACK + timedelta(hours=1) * runs.kills
    assert late <= allowed, f"the last launch was {late} behind the optimum, after {runs.kills} kills"
