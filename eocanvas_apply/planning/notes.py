"""What an observation adds to the record: facts, never decisions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold import IntentState, JobRecord, Recorded, Run
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.observed import Observed, ObservedJob
from eocanvas_apply.planning.reconciling import Fit, candidates, fit, late_intents, pass_gap, settled_at


def notes(desired: Desired, recorded: Recorded, observed: Observed) -> list[e.AnyEvent]:
    """Return the facts that this observation adds to what is recorded."""
    return [
        *_key_ends(recorded, observed),
        *_keys_gone(desired, recorded, observed),
        *_statuses(recorded, observed),
        *_listings(recorded, observed),
        *_late_jobs(desired, recorded, observed),
        *_intent_passes(desired, recorded, observed),
        *_run_passes(desired, recorded, observed),
    ]


def _key_ends(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for record in recorded.keys.values():
        for generation in record.generations.values():
            created, seen = generation.created, observed.keys.get(generation.name)
            if generation.live and created and not created.end_known and seen:
                yield created.model_copy(
                    update={"created": seen.created, "expires": seen.expires, "end_known": seen.end_known}
                )


def _keys_gone(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    """Note old or leaving generations that the service no longer shows: nobody needs to delete them."""
    late = desired.timing.request_timeout + desired.timing.settle
    for record in recorded.keys.values():
        for generation in record.generations.values():
            leaving = record.address not in desired.keys or generation is not record.current
            intended = generation.intended
            absent = leaving and generation.live and generation.name not in observed.keys
            if absent and intended and observed.at > intended.send_before + late:
                yield e.KeyDeleted(address=record.address, generation=generation.number, name=generation.name)


def _statuses(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for record, run in recorded.runs():
        seen = observed.jobs.jobs.get(run.job_id)
        if seen and _tells_more(run, seen):
            yield e.JobObserved(
                address=record.address,
                job_id=run.job_id,
                status=seen.status,
                created=seen.created,
                started=seen.started,
                finished=seen.finished,
                looked=observed.jobs.begun,
            )


def _tells_more(run: Run, seen: ObservedJob) -> bool:
    changed = run.in_flight and seen.status != run.status
    return changed or (run.created is None and seen.created is not None) or bool(run.missing and run.in_flight)


def _listings(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for job_id, results in observed.results.items():
        address = recorded.owner_of[job_id]
        run = recorded.jobs[address].runs[job_id]
        if results is not None or run.first_looked is None:
            yield e.ResultsListed(address=address, job_id=job_id, results=results, looked=observed.at)


def _late_jobs(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    """Note jobs of intents given up: a runner frozen before the socket, or a service that acted after all."""
    late = late_intents(recorded, observed.at)
    for job in candidates(late, recorded, observed.jobs.jobs.values()):
        owner = next((i for i in late if fit(i, desired.project, job, observed) is Fit.MARK), None)
        if owner:
            yield e.Adopted(address=owner.address, job_id=job.job_id, reason="found", intent=owner.intent)


def _intent_passes(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    if not observed.jobs.complete:
        return
    for record, intent in recorded.intents():
        if intent.state is not IntentState.OPEN or intent.intended is None:
            continue
        due = settled_at(intent.intended, desired.timing) <= observed.jobs.begun
        if due and _far_enough(intent.passes, observed.jobs.begun, desired):
            yield e.PassObserved(address=record.address, intent=intent.id, begun=observed.jobs.begun)


def _run_passes(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    if not observed.jobs.complete:
        return
    for record, run in _absent(recorded, observed):
        if _far_enough(run.missing[-1:], observed.jobs.begun, desired):
            yield e.PassObserved(address=record.address, job_id=run.job_id, begun=observed.jobs.begun, by_id=True)


def _absent(recorded: Recorded, observed: Observed) -> Iterator[tuple[JobRecord, Run]]:
    for record, run in recorded.runs():
        if run.in_flight and run.job_id in observed.gone and run.job_id not in observed.jobs.jobs:
            yield record, run


def _far_enough(earlier: list[datetime], begun: datetime, desired: Desired) -> bool:
    # One pass is noted as the first, a second one far enough behind it: a third would tell nothing new.
    return not earlier or begun - min(earlier) >= pass_gap(desired.timing)
