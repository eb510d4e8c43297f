"""Where everything stands, one row a key and one row a job, for people and for JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from eocanvas_apply.ledger.fold import IntentState, JobRecord, Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.plan import ActionKind, Plan, PlannedAction
from eocanvas_apply.planning.runs import counted_run


@dataclass(frozen=True, slots=True)
class KeyStatus:
    """One key: `status` is live, absent or existing; `expires` None is never or not known."""

    address: str
    status: str
    reason: str
    name: str | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job: `status` is the service's word, or not-launched, answer-open, refused; `failure` says why it failed.

    `note` is what the manifest says of it, such as why it is skipped.
    """

    address: str
    status: str
    reason: str
    job_id: str | None
    created: datetime | None
    finished: datetime | None
    stored: int
    listed: int
    failure: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Status:
    """The rows, and the plan they come from."""

    plan: Plan
    keys: tuple[KeyStatus, ...]
    jobs: tuple[JobStatus, ...]


def status(plan: Plan, recorded: Recorded, observed: Observed) -> Status:
    """Return where everything stands according to one plan."""
    keys = [_key(a, recorded, observed) for a in plan.actions if a.address.startswith("key.")]
    jobs = [_job(a, recorded.jobs.get(a.address)) for a in plan.actions if a.address.startswith("job.")]
    return Status(plan, tuple(keys), tuple(jobs))


def _key(action: PlannedAction, recorded: Recorded, observed: Observed) -> KeyStatus:
    address = Address.parse(action.address)
    record = recorded.keys.get(str(address.whole))
    number = address.generation
    generation = record.generations.get(number) if record and number else record.current if record else None
    if generation is None:
        existing = action.action is ActionKind.NONE and action.reason == "existing"
        return KeyStatus(action.address, "existing" if existing else "absent", action.reason, None, None)
    seen = observed.keys.get(generation.name)
    expires = seen.expires if seen else generation.created.expires if generation.created else None
    return KeyStatus(action.address, "live" if seen else "absent", action.reason, generation.name, expires)


def _job(action: PlannedAction, record: JobRecord | None) -> JobStatus:
    run = counted_run(record)
    if run is None:
        status = _without_run(record)
        return JobStatus(action.address, status, action.reason, None, None, None, 0, 0, note=action.note)
    return JobStatus(
        address=action.address,
        status=run.status,
        reason=action.reason,
        job_id=run.job_id,
        created=run.created,
        finished=run.finished,
        stored=len(run.stored),
        listed=len(run.results or ()),
        failure=f"{run.failure}: {run.failure_line}".removesuffix(": ") if run.failure else "",
        note=action.note,
    )


def _without_run(record: JobRecord | None) -> str:
    last = record.last_intent if record else None
    if last is None:
        return "not-launched"
    return {IntentState.OPEN: "answer-open", IntentState.REFUSED: "refused"}.get(last.state, "not-launched")
