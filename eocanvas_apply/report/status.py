"""Where everything stands, one row a key and one row a job, for people and for JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.actions import ActionKind, Phase
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.report.phases import Tally, tallies


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key: `status` is live, absent or existing; `expires` None is never or not known."""

    action: PlannedAction
    status: str
    name: str | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job. What its record says is looked up when it is asked for: of 100,000 finished ones few are shown."""

    action: PlannedAction
    recorded: Recorded = field(repr=False)

    @property
    def address(self) -> str:
        """Its address."""
        return self.action.address

    @property
    def phase(self) -> Phase:
        """Where it stands, in the word that people count by."""
        return self.action.row.phase

    @property
    def run(self) -> Run | None:
        """Its run that counts."""
        return counted_run(self.recorded.jobs.get(self.address))

    @property
    def status(self) -> str:
        """The service's word, or not-launched, answer-open, refused."""
        run = self.run
        return run.status if run else _without_run(self.recorded.jobs.get(self.address))

    @property
    def failure(self) -> str:
        """Why its job failed, beginning with the class, or what the service answered where it was `refused`."""
        run = self.run
        if run is None:
            return _refusal(self.recorded.jobs.get(self.address))
        return f"{run.failure}: {run.failure_line}".removesuffix(": ") if run.failure else ""

    @property
    def refused(self) -> bool:
        """Whether the service took no job, so that there is no log."""
        return self.status == "refused"

    @property
    def since(self) -> datetime | None:
        """When its job was created, as far as known."""
        run = self.run
        return (run.started or run.created) if run else None


@dataclass(frozen=True, slots=True)
class Status:
    """The rows, and the plan they come from."""

    plan: Plan
    keys: tuple[KeyStatus, ...]
    jobs: tuple[JobStatus, ...]

    @property
    def tallies(self) -> list[Tally]:
        """How many jobs of each campaign stand where."""
        return tallies(self.plan.actions)

    @property
    def settled(self) -> bool:
        """Whether no job runs or waits any more."""
        return not any(job.phase in (Phase.RUNNING, Phase.WAITING) for job in self.jobs)


def status(plan: Plan, recorded: Recorded, observed: Observed) -> Status:
    """Return where everything stands according to one plan."""
    keys = [_key(a, recorded, observed) for a in plan.actions if a.address.startswith("key.")]
    jobs = [JobStatus(a, recorded) for a in plan.actions if a.address.startswith("job.")]
    return Status(plan, tuple(keys), tuple(jobs))


def _key(action: PlannedAction, recorded: Recorded, observed: Observed) -> KeyStatus:
    address = Address.parse(action.address)
    record = recorded.keys.get(str(address.whole))
    number = address.generation
    generation = record.generations.get(number) if record and number else record.current if record else None
    if generation is None:
        existing = action.action is ActionKind.NONE and action.reason == "existing"
        return KeyStatus(action, "existing" if existing else "absent", None, None)
    seen = observed.keys.get(generation.name)
    expires = seen.expires if seen else generation.created.expires if generation.created else None
    return KeyStatus(action, "live" if seen else "absent", generation.name, expires)


def _without_run(record: JobRecord | None) -> str:
    last = record.last_intent if record else None
    if last is None:
        return "not-launched"
    return {IntentState.OPEN: "answer-open", IntentState.REFUSED: "refused"}.get(last.state, "not-launched")


def _refusal(record: JobRecord | None) -> str:
    last = record.last_intent if record else None
    refused = last.refused if last and last.state is IntentState.REFUSED else None
    return refused.message if refused else ""
