"""Why an address stands where it does: its action, what differs, and what became of every intent and generation."""

from __future__ import annotations

from dataclasses import dataclass

from eocanvas_apply.ledger.fold import Generation, Intent, IntentState, JobRecord, KeyRecord, Recorded, Run
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.change import Change
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.fingerprint import changes
from eocanvas_apply.planning.observed import Observed, ObservedJob
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.reconciling import Evidence
from eocanvas_apply.planning.runs import counted_definition, refused


@dataclass(frozen=True, slots=True)
class Explanation:
    """What there is to say about one address; `history` is oldest first, and so are the jobs in `candidates`.

    A candidate is a job of the service that may have come of a launch whose answer was lost; `refused` tells that the
    service refused the last launch, so that there is no job behind it.
    """

    action: PlannedAction
    differences: tuple[Change, ...]
    history: tuple[str, ...]
    candidates: tuple[ObservedJob, ...] = ()
    refused: bool = False


def explain(address: str, plan: Plan, desired: Desired, recorded: Recorded, observed: Observed) -> Explanation | None:
    """Return the explanation, None for an address that the plan does not hold."""
    action = plan.by_address().get(address)
    if action is None:
        return None
    if address.startswith("key."):
        record = recorded.keys.get(str(Address.parse(address).whole))
        return Explanation(action, action.changes, tuple(_of_keys(record)) if record else ())
    job = recorded.jobs.get(address)
    if job is None:
        return Explanation(action, (), ())
    suspects = _candidates(job, Evidence.of(desired.project, desired.timing, recorded, observed))
    return Explanation(action, _differences(address, desired, job), tuple(_of_job(job)), suspects, refused(job))


def _candidates(record: JobRecord, evidence: Evidence) -> tuple[ObservedJob, ...]:
    last = record.last_intent
    if last is None or last.intended is None or last.state is not IntentState.OPEN:
        return ()
    return tuple(evidence.suspects(last.intended))


def _differences(address: str, desired: Desired, record: JobRecord | None) -> tuple[Change, ...]:
    wanted = desired.jobs.get(address)
    intended = counted_definition(record)
    return changes(intended.components, wanted.components) if wanted and intended else ()


def _of_keys(record: KeyRecord) -> list[str]:
    return [f"generation {g.number}: {g.name}: {_state(g)}" for g in record.generations.values()]


def _state(generation: Generation) -> str:
    if generation.deleted:
        return "deleted"
    if generation.created:
        end = generation.created.expires
        return f"created, ends {end:%Y-%m-%d %H:%M:%S} UTC" if end else "created"
    if generation.abandoned:
        return f"abandoned ({generation.abandoned.reason}) {generation.abandoned.message}".strip()
    return "intended, answer open"


def _of_job(record: JobRecord) -> list[str]:
    lines = [_of_intent(record, intent) for intent in record.intents.values()]
    return lines + ([f"forgotten ({record.forgotten})"] if record.forgotten else [])


def _of_intent(record: JobRecord, intent: Intent) -> str:
    run = record.run_of(intent)
    decided = f"{intent.intended.decided:%Y-%m-%d %H:%M:%S} UTC" if intent.intended else "?"
    became = _of_run(run) if run else f"{intent.state} {intent.refused.message if intent.refused else ''}".strip()
    return f"launch {intent.id[:8]} decided {decided}: {became}"


def _of_run(run: Run) -> str:
    if run.failure:
        return f"job {run.job_id}: failed ({run.failure}) {run.failure_line}".rstrip()
    return f"job {run.job_id}: {run.status}, {len(run.stored)} of {len(run.results or ())} results here"
