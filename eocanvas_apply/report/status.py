"""The status of every key and job, counts by phase, and the status that the ledger alone gives."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

from msgspec import Struct

from eocanvas_apply.ledger.event_values import Remark
from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Phase
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.log_rules import Checks, ChecksOfJobs, checks_of, rejecting, rejection
from eocanvas_apply.planning.plan import Origin, Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import Observed, ObservedKey, Pass
from eocanvas_apply.planning.state.runs import STUCK, age_of, counted_run
from eocanvas_apply.vocabulary import OgcStatus


class Tally(Struct, frozen=True):
    """How many jobs of one campaign, or of all that are none, stand where; `campaign` is its address, else None."""

    campaign: str | None
    counts: Mapping[Phase, int]

    @property
    def total(self) -> int:
        """How many jobs there are."""
        return sum(self.counts.values())


def tallies(actions: Iterable[PlannedAction]) -> list[Tally]:
    """Return a tally of each campaign in the order of the plan, single jobs last."""
    found: dict[str | None, dict[Phase, int]] = {}
    for action in actions:
        if action.address.startswith("job."):
            if action.campaign not in found:
                found[action.campaign] = dict.fromkeys(Phase, 0)
            found[action.campaign][action.phase] += 1
    return [Tally(name, found[name]) for name in sorted(found, key=lambda name: (name is None, name))]


def together(found: Iterable[Tally]) -> Tally:
    """Return the tally of all."""
    every = list(found)
    return Tally(None, {phase: sum(each.counts[phase] for each in every) for phase in Phase})


class KeyStatus(Struct, frozen=True):
    """One key: `status` is live or absent, or existing: there, but not ours; `expires` None is never or not known."""

    action: PlannedAction
    status: str
    name: str | None
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class JobStatus:
    """One job. What its record says is looked up when it is asked for: of 100,000 finished ones few are shown."""

    action: PlannedAction
    recorded: Recorded = field(repr=False)
    checks: Checks = field(default_factory=dict, repr=False)

    @property
    def address(self) -> str:
        """Its address."""
        return self.action.address

    @property
    def phase(self) -> Phase:
        """Where it stands, in the word that people count by."""
        return self.action.phase

    @property
    def run(self) -> Run | None:
        """Its run that counts, none where it was given up and a new one is to be launched."""
        record = self.recorded.jobs.get(self.address)
        new = record is not None and record.forgotten and self.action.action in LAUNCHES
        return None if new else counted_run(record)

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
    def remarks(self) -> tuple[Remark, ...]:
        """What the log of its successful job says of the results, also where `checks:` lowers it to info."""
        run = self.run
        return (run.remarks or ()) if run else ()

    @property
    def refused(self) -> bool:
        """Whether the service took no job, so that there is no log."""
        return self.status == "refused"

    @property
    def since(self) -> datetime | None:
        """When its job was created, as far as known."""
        run = self.run
        return (run.started or run.created) if run else None


class Status(Struct, frozen=True):
    """The rows, and the plan they come from; `offline` where it is what the ledger alone says."""

    plan: Plan
    keys: tuple[KeyStatus, ...]
    jobs: tuple[JobStatus, ...]
    offline: bool = False

    @property
    def settled(self) -> bool:
        """Whether no job runs or waits any more."""
        return not any(job.phase in (Phase.RUNNING, Phase.WAITING) for job in self.jobs)

    @property
    def by_phase(self) -> Mapping[Phase, list[JobStatus]]:
        """The jobs of each phase, in their order."""
        found: dict[Phase, list[JobStatus]] = {phase: [] for phase in Phase}
        for job in self.jobs:
            found[job.phase].append(job)
        return found


def status(plan: Plan, recorded: Recorded, observed: Observed, of_jobs: ChecksOfJobs = MappingProxyType({})) -> Status:
    """Return where everything stands according to one plan; `of_jobs` are the checks where it has no manifest."""
    given = plan.desired.keys if plan.desired else {}
    keys = [_key(a, given.get(a.address), recorded, observed) for a in plan.actions if a.address.startswith("key.")]
    desired = plan.desired.jobs if plan.desired else {}
    jobs = [
        JobStatus(
            a, recorded, desired[a.address].remark_checks if a.address in desired else checks_of(a.address, of_jobs)
        )
        for a in plan.actions
        if a.address.startswith("job.")
    ]
    return Status(plan, tuple(keys), tuple(jobs))


def _key(action: PlannedAction, given: DesiredKey | None, recorded: Recorded, observed: Observed) -> KeyStatus:
    if action.reason is Reason.EXISTING and given:
        there = observed.keys.get(given.fixed_name or "")
        return KeyStatus(action, "existing" if there else "absent", given.fixed_name, there.expires if there else None)
    address = Address.parse(action.address)
    record = recorded.keys.get(str(address.whole))
    number = address.generation
    generation = record.generations.get(number) if record and number else record.current if record else None
    if generation is None:
        return KeyStatus(action, "absent", None, None)
    seen = observed.keys.get(generation.name)
    expires = seen.expires if seen else generation.created.expires if generation.created else None
    return KeyStatus(action, "live" if seen else "absent", generation.name, expires)


def _without_run(record: JobRecord | None) -> str:
    last = record.last_intent if record else None
    words = {IntentState.OPEN: "answer-open", IntentState.REFUSED: "refused"}
    return words.get(last.state, "not-launched") if last else "not-launched"


def _refusal(record: JobRecord | None) -> str:
    last = record.last_intent if record else None
    return last.refused.message if last and last.refused and last.state is IntentState.REFUSED else ""


_A, _R = ActionKind, Reason
_ENDED: dict[str, Reason] = {OgcStatus.FAILED: _R.FAILED, OgcStatus.DISMISSED: _R.CANCELLED}


def remembered(
    recorded: Recorded, now: datetime, of_jobs: ChecksOfJobs = MappingProxyType({})
) -> tuple[Plan, Observed]:
    """Return what is on record as a plan that changes nothing, and the service as it was last seen.

    What the manifest asks for beyond the record is not in it, nor is the quota; of the manifest only the checks count.
    """
    opened = recorded.opened
    origin = Origin(
        project=opened.project if opened else "",
        service=opened.service if opened else "",
        account=opened.account if opened else "",
        manifest_digest=recorded.accepted.manifest_digest if recorded.accepted else "",
        ledger_id=opened.ledger_id if opened else None,
        ledger_head=recorded.head,
    )
    shown = {key.name: key for key in _keys(recorded)}
    seen = Observed(at=now, account=origin.account, keys=shown, jobs=Pass(now, complete=False, jobs={}))
    return Plan(origin, now, tuple(recorded_actions(recorded, now, of_jobs))), seen


def recorded_actions(
    recorded: Recorded, now: datetime, of_jobs: ChecksOfJobs = MappingProxyType({}), known: Container[str] = ()
) -> Iterator[PlannedAction]:
    """Yield how the keys and jobs on record stand by that alone; nothing for addresses that are `known` already."""
    for key in recorded.keys.values():
        if key.current and key.address not in known:
            yield PlannedAction.of(key.address, _A.NONE, _R.UNCHANGED)
    for record in recorded.jobs.values():
        if record.address not in known and (job := _job(record, now, of_jobs)):
            yield job


def _keys(recorded: Recorded) -> Iterator[ObservedKey]:
    for record in recorded.keys.values():
        for generation in record.generations.values():
            made = generation.created
            if made and generation.live:
                # Nothing else of it is shown.
                yield ObservedKey(generation.name, "", public=False, description="", created=None, expires=made.expires)


def _job(record: JobRecord, now: datetime, of_jobs: ChecksOfJobs) -> PlannedAction | None:
    if record.forgotten:
        return None
    last, run = record.last_intent, counted_run(record)
    if last and last.state is IntentState.OPEN:
        return PlannedAction.of(record.address, _A.WATCH, _R.ANSWER_OPEN)
    if last and last.refused and last.state is IntentState.REFUSED:
        return _refused(record.address, last.refused.refusal)
    return _of_run(record.address, run, now, of_jobs) if run else PlannedAction.of(record.address, _A.LAUNCH, _R.NEW)


def _refused(address: str, refusal: str) -> PlannedAction:
    if refusal == "same-job":
        return PlannedAction.of(address, _A.ASK, _R.DUPLICATED)
    rejected = refusal == "request"
    return PlannedAction.of(address, _A.NONE, _R.FAILED) if rejected else PlannedAction.of(address, _A.LAUNCH, _R.NEW)


def _of_run(address: str, run: Run, now: datetime, of_jobs: ChecksOfJobs) -> PlannedAction:
    if run.in_flight:
        return PlannedAction.of(address, _A.WATCH, _R.STUCK if age_of(run, now) > STUCK else _R.IN_FLIGHT)
    if ended := _ENDED.get(run.status):
        return PlannedAction.of(address, _A.NONE, ended)
    if run.remarks and (rejected := rejecting(run.remarks, checks_of(address, of_jobs))):
        return PlannedAction.of(address, _A.NONE, _R.FAILED, note=rejection(rejected))
    if run.pending or not run.results:
        return PlannedAction.of(address, _A.FETCH, _R.RESULTS_PENDING)
    return PlannedAction.of(address, _A.NONE, _R.DONE)
