"""A manifest run in virtual time, undisturbed and under each disturbance: when it ends, and what it costs."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from random import Random

import httpx
from msgspec.structs import replace

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_failures import Failure, JobFaults, built_in
from eocanvas_apply.emulator.model.submissions import Execution
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger.fold.key_records import KeyRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind, Phase
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.schedule.pacing import median_duration, windows_of
from eocanvas_apply.planning.schedule.windows import per_day
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.report.rehearsal import Course, Disturbance, Rehearsal
from eocanvas_apply.simulation.initial_state import InitialState
from eocanvas_apply.simulation.simulated_service import MemoryLedger, Step, undisturbed
from eocanvas_apply.simulation.virtual_time import LoopClock
from eocanvas_apply.vocabulary import ALLOWANCES, OgcStatus

# The median of the jobs that people have published.
USUAL_JOB_TIME = timedelta(seconds=224)
# A run that ends because the service does not answer is started again, as a user would.
_AGAIN_AFTER = timedelta(minutes=15)
_MOST_RUNS = 1000
_SEED = 7
_FOR_EVER = timedelta(days=3650)
_OUTAGE = timedelta(hours=6)


def rehearse(desired: Desired, requests: Requests, recorded: Recorded, observed: Observed) -> Rehearsal:
    """Simulate a project from its present state on: nothing is asked of the real service, nothing is written.

    `recorded` and `observed` are those of a plan. A job takes as long as this project's own did (the median), else
    224 s, and fails only where a disturbance says so.
    """
    measured = median_duration(recorded, observed.at)
    initial = InitialState(desired, recorded, observed, measured or USUAL_JOB_TIME)
    asked = replace(requests, allowed=frozenset(ALLOWANCES), no_fetch=True)
    plain = _Rehearsed(initial, asked, Disturbance.NONE)
    undisturbed_course = plain.course()
    middle = plain.middle()
    kinds = list(Disturbance)[1:] if middle else []
    disturbed = [_Rehearsed(initial, asked, kind, middle).course() for kind in kinds]
    return Rehearsal(
        begun=observed.at,
        job_time=initial.job_time,
        measured=measured is not None,
        earliest=_earliest(initial, undisturbed_course.launches),
        courses=(undisturbed_course, *disturbed),
    )


class _Rehearsed:
    """One run from start to end. `middle` is when the service goes out, for the disturbance where it does."""

    def __init__(
        self, initial: InitialState, requests: Requests, disturbance: Disturbance, middle: datetime | None = None
    ) -> None:
        self._initial, self._requests, self._disturbance = initial, requests, disturbance
        faults = FailInStaging(3) if disturbance is Disturbance.JOBS_FAIL else None
        self.simulated = initial.simulated_service(_SEED, faults)
        self._step: Step = undisturbed
        if disturbance is Disturbance.ANSWERS_LOST:
            self._step = AnswersLost(10, Random(_SEED))  # noqa: S311 - which answer is lost is no secret
        if disturbance is Disturbance.SERVICE_OUT and middle:
            self._step = ServiceOut(self.simulated.clock, middle)

    def course(self) -> Course:
        """Run it and return the outcome."""
        with tempfile.TemporaryDirectory() as folder, _without_log():
            recorded, last = self.simulated.run(self._runs(Path(folder)))
        made = self._made()
        jobs = [a for a in last.actions if a.address.startswith("job.")]
        return Course(
            disturbance=self._disturbance,
            ends=last.created,
            launches=len(made),
            second_jobs=_second(made, recorded),
            failed=sum(a.row.phase is Phase.FAILED for a in jobs),
            undecided=sum(a.action is ActionKind.ASK for a in jobs),
            per_day=per_day([job.created for job in made]),
            renewed=_renewed(self._initial.recorded, recorded),
        )

    def middle(self) -> datetime | None:
        """Return when half of the launches had been made, None where nothing was launched."""
        made = self._made()
        return made[len(made) // 2].created if made else None

    def _made(self) -> Sequence[Job]:
        return [job for job in self.simulated.frontend.service.jobs.every() if job.id not in self._initial.known]

    async def _runs(self, folder: Path) -> tuple[Recorded, Plan]:
        """Apply until nothing is left; return what is on record then, and what a plan says of it."""
        initial, clock = self._initial, LoopClock(self.simulated.clock)
        ledger, recorded = MemoryLedger(initial.recorded.head), initial.record()
        for _ in range(_MOST_RUNS):
            runner = self.simulated.runner(initial.manifest(), ledger, initial.vault(), Boundary(folder), self._step)
            runner.journal.recorded, runner.idle = recorded, _FOR_EVER
            try:
                await runner.apply(self._requests, None, _approve)
                return recorded, (await runner.plan(Requests()))[0]
            except ServiceError:
                await clock.sleep(_AGAIN_AFTER.total_seconds())
        raise RuntimeError("a simulated campaign never ends")


@dataclass(slots=True)
class AnswersLost:
    """A step of the transport: the answer to one request in so many is lost after the service has acted on it."""

    one_in: int
    random: Random

    async def __call__(self, step: str) -> None:
        """Raise what httpx raises for a connection that breaks."""
        if step.startswith("after ") and not self.random.randrange(self.one_in):
            raise httpx.RemoteProtocolError("the connection was lost")


@dataclass(frozen=True, slots=True)
class ServiceOut:
    """A step of the transport: no answers between two times."""

    now: Callable[[], datetime]
    begins: datetime
    lasts: timedelta = _OUTAGE

    async def __call__(self, step: str) -> None:
        """Raise what httpx raises when the connection is refused."""
        if step.startswith("before ") and self.begins <= self.now() < self.begins + self.lasts:
            raise httpx.ConnectError("connection refused")


class FailInStaging(JobFaults):
    """One job in so many fails in staging the first time that it runs, and not again."""

    def __init__(self, one_in: int) -> None:
        super().__init__()
        self._one_in = one_in
        self._met: set[object] = set()

    def next_for(self, execution: Execution) -> Failure | None:
        """Return the failure that awaits this launch."""
        known = _same_job(execution)
        if known in self._met:
            return None
        self._met.add(known)
        return None if len(self._met) % self._one_in else built_in("staging-in")


def _same_job(execution: Execution) -> object:
    # The graph bears the mark of its launch, and keys are renewed meanwhile; where its inputs lie stays the same.
    return execution.locations or tuple(sorted(execution.texts.items()))


def _approve(plan: Plan) -> None:
    """Say yes."""


def _earliest(initial: InitialState, launches: int) -> datetime:
    observed = initial.observed
    if not launches:
        return observed.at
    windows = windows_of(initial.desired, initial.recorded, observed, None)
    return windows.schedule(launches, observed.at)[-1] + initial.job_time


def _second(made: Sequence[Job], recorded: Recorded) -> int:
    """Count the duplicate jobs: those beyond the first of an address that follow no failure."""
    owners = Counter(recorded.owner_of.get(job.id) for job in made)
    unknown = owners.pop(None, 0)
    failed = Counter(recorded.owner_of.get(job.id) for job in made if job.status == OgcStatus.FAILED.value)
    return unknown + sum(max(0, count - failed[address] - 1) for address, count in owners.items())


def _renewed(before: Recorded, after: Recorded) -> dict[str, int]:
    """Return how often each key was renewed, by address: its creations without the first."""
    times = {
        address: _lives(record) - max(_lives(before.keys.get(address)), 1) for address, record in after.keys.items()
    }
    return {address: count for address, count in sorted(times.items()) if count > 0}


def _lives(record: KeyRecord | None) -> int:
    return sum(1 for generation in record.generations.values() if generation.created) if record else 0


@contextmanager
def _without_log() -> Iterator[None]:
    """Keep the simulated requests out of the log, which shows what is asked of the real service."""
    log = logging.getLogger("eocanvas_apply.service")
    before, log.disabled = log.disabled, True
    try:
        yield
    finally:
        log.disabled = before
