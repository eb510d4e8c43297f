"""Which run of a job counts, and which ones are duplicate."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.manifest import Timing
from eocanvas_apply.planning.desired.fingerprint import same
from eocanvas_apply.planning.log_rules import has_rules
from eocanvas_apply.planning.state.observed import ObservedJob
from eocanvas_apply.planning.state.reconciling import Evidence, agreeing_passes
from eocanvas_apply.vocabulary import FailureClass, OgcStatus

STUCK = timedelta(hours=24)
Use = tuple[str, int | None]
Runs = Sequence[tuple[JobRecord, Run]]


def sorted_out(record: JobRecord, shown: Mapping[str, ObservedJob] | None = None) -> tuple[Run | None, list[Run]]:
    """Return the run that counts and its duplicates, which only a late intent can have made.

    The older of two runs of one definition counts; a late run of an earlier definition is always a duplicate. `shown`
    has the age of runs where the ledger does not have it yet.
    """
    if len(record.intents) == len(record.runs) == 1:
        # As of nearly all jobs, of which there may be many: nothing is to be sorted.
        (intent,), (run,) = record.intents.values(), record.runs.values()
        return (run if intent.state is IntentState.SUBMITTED and run.intent == intent.id else None), []
    submitted = [i for i in record.intents.values() if i.state is IntentState.SUBMITTED]
    if not submitted:
        return None, []
    last = submitted[-1]
    late = [i for i in submitted[:-1] if i.given_up]
    equal = [last, *(i for i in late if _same_definition(i, last))]
    runs = sorted(_runs(record, equal), key=lambda run: _age(run, shown or {}))
    duplicates = runs[1:] + _runs(record, [i for i in late if i not in equal])
    return (runs[0] if runs else None), duplicates


def counted_run(record: JobRecord | None) -> Run | None:
    """Return the run that counts, None where there is none."""
    return sorted_out(record)[0] if record else None


def counted_definition(record: JobRecord | None) -> JobIntended | None:
    """Return the definition of the run that counts, None where it is unknown."""
    run = counted_run(record)
    return definition(record, run) if record and run else None


def definition(record: JobRecord, run: Run) -> JobIntended | None:
    """Return the definition that a run was launched with."""
    intent = record.intents.get(run.intent or "")
    return intent.intended if intent else None


def has_output_key(record: JobRecord, run: Run) -> bool:
    """Tell whether a run was launched to write its results to the storage of a key."""
    intended = definition(record, run)
    return intended is not None and intended.output.startswith("key.")


def refused(record: JobRecord) -> bool:
    """Tell whether the service refused the last launch, so that there is no job behind it."""
    last = record.last_intent
    return last is not None and last.state is IntentState.REFUSED


def failed_before(record: JobRecord, run: Run) -> list[FailureClass]:
    """Return the classes of the failed runs of one definition, this one last: how often it was tried already."""
    intended = definition(record, run)
    tried = [other for other in record.runs.values() if other.status == OgcStatus.FAILED and other.failure]
    launched = ((other, definition(record, other)) for other in tried)
    equal = [other for other, its in launched if intended and its and same(its.components, intended.components)]
    return [other.failure for other in equal or [run] if other.failure]


def status_of(run: Run, shown: Mapping[str, ObservedJob]) -> str:
    """Return the status that a run has by now: what the service shows of one in flight, else what is on record."""
    seen = shown.get(run.job_id)
    return seen.status if seen and run.in_flight else run.status


def log_unread(record: JobRecord, run: Run, shown: Mapping[str, ObservedJob], at: datetime, timing: Timing) -> bool:
    """Tell whether the log of a successful run is still to be read for what makes its result doubtful.

    A log may come late: it is asked for until `settle` has passed since the success was seen first, and then no more.
    """
    if run.remarks is not None or status_of(run, shown) != OgcStatus.SUCCESSFUL:
        return False
    intended = definition(record, run)
    return has_rules(intended.process if intended else None) and (run.in_flight or _has_just_ended(run, at, timing))


def _has_just_ended(run: Run, at: datetime, timing: Timing) -> bool:
    return run.last_seen is not None and at - run.last_seen <= timing.settle


def unsettled_runs(recorded: Recorded, at: datetime, timing: Timing) -> Runs:
    """Return the runs of which a look at the service may say something new, of many that have ended few.

    The others succeeded, and their results are listed and their logs read, or not to be had any more.
    """
    return [
        (record, run)
        for record, run in recorded.runs()
        if run.status != OgcStatus.SUCCESSFUL
        or not run.results
        or (run.remarks is None and _has_just_ended(run, at, timing))
    ]


def age_of(run: Run, now: datetime) -> timedelta:
    """Return how long ago a run was created; nothing where it is unknown."""
    return now - run.created if run.created else timedelta()


def vanished(run: Run, timing: Timing) -> bool:
    """Tell whether the service no longer knows this run: absent from two passes, and by its own address, for long."""
    if run.stored or run.results or not run.missing:
        return False
    return agreeing_passes(run.missing, timing) and max(run.missing) - min(run.missing) > timing.settle


def results_gone(run: Run, timing: Timing) -> bool:
    """Tell whether the service has had for long no more what it listed, and not all of it lies here."""
    return bool(run.pending) and lost_for_good(run, timing)


def lost_for_good(run: Run, timing: Timing) -> bool:
    """Tell whether the service has had for long no more what it listed."""
    return bool(run.lost) and max(run.lost) - min(run.lost) > timing.settle


def in_flight(recorded: Recorded, timing: Timing, now: datetime) -> Iterator[tuple[JobRecord, Run]]:
    """Yield the runs the service may still be working on; a forgotten one for a day at most."""
    for record, run in recorded.runs():
        lost = vanished(run, timing) or (record.forgotten and age_of(run, now) > STUCK)
        if run.in_flight and not lost:
            yield record, run


class Occupancy(Struct, frozen=True):
    """Which keys, as (address, generation), jobs in flight or perhaps in flight name.

    `recent` leaves out the jobs that have been in flight for more than a day, and `working` is whether any is left.
    """

    in_use: frozenset[Use]
    recent: frozenset[Use]
    working: bool


def occupancy(recorded: Recorded, evidence: Evidence) -> Occupancy:
    """Return what the jobs in flight, and the intents that may have become one, keep occupied."""
    now = evidence.observed.at
    running = [(definition(record, run), age_of(run, now)) for record, run in in_flight(recorded, evidence.timing, now)]
    running += [(intended, now - intended.decided) for intended in _maybe_in_flight(recorded, evidence)]
    young = [intended for intended, age in running if age < STUCK]
    return Occupancy(_uses(intended for intended, _ in running), _uses(young), bool(young))


def _maybe_in_flight(recorded: Recorded, evidence: Evidence) -> Iterator[JobIntended]:
    for record, intent in recorded.intents():
        if intent.intended and intent.state is IntentState.OPEN and evidence.may_run(intent):
            left_alone = record.forgotten and evidence.observed.at - intent.intended.decided > STUCK
            yield from () if left_alone else (intent.intended,)


def _uses(definitions: Iterable[JobIntended | None]) -> frozenset[Use]:
    return frozenset((use.address, use.generation) for each in definitions if each for use in each.keys)


def _same_definition(one: Intent, other: Intent) -> bool:
    if one.intended is None or other.intended is None:
        return one.intended is other.intended
    return same(one.intended.components, other.intended.components)


def _runs(record: JobRecord, intents: list[Intent]) -> list[Run]:
    # A request that the service carried out twice has a second run beside the one that its intent names.
    ids = {intent.id for intent in intents}
    return [run for run in record.runs.values() if run.intent in ids]


def _age(run: Run, shown: Mapping[str, ObservedJob]) -> tuple[bool, datetime | None, str]:
    seen = shown.get(run.job_id)
    created = run.created or (seen.created if seen else None)
    return created is None, created, run.job_id


def was_cancelled(record: JobRecord, components: Mapping[str, Any]) -> bool:
    """Tell whether the last launch of a job was cancelled, and that of this very definition."""
    last = record.last_intent
    if last is None or last.intended is None:
        return False
    run = record.run_of(last)
    return (last.cancelled or (run is not None and run.cancelled)) and same(last.intended.components, components)
