"""What an observation adds to the record: facts, never decisions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import same
from eocanvas_apply.planning.failures import classify
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.planning.state.observed import Observed, ObservedJob
from eocanvas_apply.planning.state.order_book import order_notes
from eocanvas_apply.planning.state.reconciling import (
    Evidence,
    Verdict,
    agreeing_passes,
    late_intents,
    mark_of,
    pass_gap,
    settled_at,
)
from eocanvas_apply.planning.state.runs import (
    Runs,
    counted_definition,
    counted_run,
    status_of,
    unsettled_runs,
    vanished,
    was_cancelled,
)
from eocanvas_apply.vocabulary import OgcStatus

# An open intent, with the address of its job and what was intended.
Claim = tuple[str, Intent, e.JobIntended]
# What has been unreadable for an hour is not cured by waiting.
_UNREADABLE_LOG = timedelta(hours=1)


def notes(desired: Desired, recorded: Recorded, observed: Observed) -> list[e.AnyEvent]:
    """Return the facts that this observation adds to what is recorded."""
    desired = as_launched(desired, recorded)
    evidence = Evidence.of(desired.project, desired.timing, recorded, observed)
    runs, claims = unsettled_runs(recorded, observed.at, desired.timing), list(_open(recorded))
    return [
        *_key_ends(recorded, observed),
        *_keys_gone(desired, recorded, observed),
        *_statuses(recorded, observed),
        *_failures(desired, runs, observed),
        *_listings(recorded, observed),
        *_late_jobs(recorded, evidence),
        *_intent_passes(claims, evidence),
        *_abandoned(desired, claims, recorded, evidence),
        *_run_passes(desired, runs, observed),
        *order_notes(recorded, observed),
    ]


def _key_ends(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for record in recorded.keys.values():
        for generation in record.generations.values():
            created, seen = generation.created, observed.keys.get(generation.name)
            if generation.live and created and not created.end_known and seen:
                yield replace(created, created=seen.created, expires=seen.expires, end_known=seen.end_known)


def _keys_gone(desired: Desired, recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    """Note old or leaving generations that the service no longer shows: no need to delete them."""
    late = desired.timing.request_timeout + desired.timing.settle
    for record in recorded.keys.values():
        for generation in record.generations.values():
            left = generation.delete_reason or generation is not record.current
            leaving = left or record.address not in desired.keys
            intended = generation.intended
            absent = leaving and generation.live and generation.name not in observed.keys
            if absent and intended and observed.at > intended.send_before + late:
                yield e.KeyDeleted(address=record.address, generation=generation.number, name=generation.name)


def _statuses(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for record, run in recorded.runs():
        seen = observed.jobs.jobs.get(run.job_id)
        if seen and _is_newer(run, seen):
            yield e.JobObserved(
                address=record.address,
                job_id=run.job_id,
                status=seen.status,
                created=seen.created,
                started=seen.started,
                finished=seen.finished,
                looked=observed.jobs.begun,
                remarks=observed.remarks.get(run.job_id),
                software=_software(run, observed),
            )
        elif (remarks := observed.remarks.get(run.job_id)) is not None:
            found = _software(run, observed)
            yield e.JobObserved(
                address=record.address, job_id=run.job_id, status=run.status, remarks=remarks, software=found
            )


def _software(run: Run, observed: Observed) -> dict[str, str] | None:
    return dict(observed.software.get(run.job_id, ())) or None


def _failures(desired: Desired, runs: Runs, observed: Observed) -> Iterator[e.AnyEvent]:
    """Note why a job failed, once its log says so; one that stays empty or unreadable for long says nothing."""
    for record, run in runs:
        if run.failure or status_of(run, observed.jobs.jobs) != OgcStatus.FAILED:
            continue
        found = observed.failures.get(run.job_id)
        if found or _explained_by_silence(run, desired, observed):
            why = found or classify(())
            yield e.JobObserved(
                address=record.address,
                job_id=run.job_id,
                status=OgcStatus.FAILED.value,
                failure=why.failure_class,
                failure_line=why.line or None,
            )


def _explained_by_silence(run: Run, desired: Desired, observed: Observed) -> bool:
    """Tell whether the log of a failed job has been empty, or could not be read, for so long that it says nothing."""
    if run.job_id in observed.failures:
        ended = run.finished or run.created
        return ended is None or observed.at - ended > desired.timing.settle
    # Counted from the first look that saw the failure: the job may have ended long before.
    seen = run.last_seen if run.status == OgcStatus.FAILED else None
    return seen is not None and observed.at - seen > _UNREADABLE_LOG


def _is_newer(run: Run, seen: ObservedJob) -> bool:
    # Lists differ in how fresh they are: one that still says accepted is older than one that shows a run.
    changed = run.in_flight and seen.status not in (run.status, OgcStatus.ACCEPTED)
    return changed or (run.created is None and seen.created is not None) or bool(run.missing and run.in_flight)


def _listings(recorded: Recorded, observed: Observed) -> Iterator[e.AnyEvent]:
    for job_id, results in observed.results.items():
        address = recorded.owner_of[job_id]
        run = recorded.jobs[address].runs[job_id]
        if run.first_looked is None or (results or ()) != (run.results or ()):
            yield e.ResultsListed(address=address, job_id=job_id, results=results, looked=observed.at)


def _late_jobs(recorded: Recorded, evidence: Evidence) -> Iterator[e.AnyEvent]:
    """Note jobs of intents given up: a runner frozen before the socket, or a service that acted after all."""
    for intended in late_intents(recorded, evidence.observed.at) if evidence.marked else ():
        for job in evidence.marked.get(mark_of(intended, evidence.project), ()):
            yield e.Adopted(address=intended.address, job_id=job.job_id, reason="found", intent=intended.intent)


def _intent_passes(claims: Iterable[Claim], evidence: Evidence) -> Iterator[e.AnyEvent]:
    """Note that the list shows nothing of an open intent, once it must."""
    begun, timing = evidence.observed.jobs.begun, evidence.timing
    for address, intent, intended in claims:
        if evidence.observed.jobs.may_hide(intended.decided):
            continue
        enough = agreeing_passes(intent.passes, timing) or not _far_enough(intent.passes, begun, pass_gap(timing))
        if settled_at(intended, timing) <= begun and not enough and evidence.shows_nothing_of(intended):
            yield e.PassObserved(address=address, intent=intent.id, begun=begun)


def _abandoned(
    desired: Desired, claims: Iterable[Claim], recorded: Recorded, evidence: Evidence
) -> Iterator[e.AnyEvent]:
    """Note open intents that became nothing and that no launch will follow: the next one would say so itself."""
    for address, intent, _ in claims:
        over = _needs_no_launch(desired.jobs.get(address), recorded.jobs[address])
        if over and evidence.settle(intent).verdict is Verdict.NOT_LAUNCHED:
            yield e.JobAbandoned(address=address, intent=intent.id)


def _needs_no_launch(job: DesiredJob | None, record: JobRecord) -> bool:
    if job is None or job.skip is not None or was_cancelled(record, job.components):
        return True
    intended, run = counted_definition(record), counted_run(record)
    kept = job.keep and run is not None and run.status == OgcStatus.SUCCESSFUL and bool(run.results)
    return intended is not None and (kept or same(intended.components, job.components))


def _open(recorded: Recorded) -> Iterator[Claim]:
    for record, intent in recorded.intents():
        if intent.state is IntentState.OPEN and intent.intended:
            yield record.address, intent, intent.intended


def _run_passes(desired: Desired, runs: Runs, observed: Observed) -> Iterator[e.AnyEvent]:
    begun, timing = observed.jobs.begun, desired.timing
    if not observed.jobs.complete:
        return
    missing = ((record, run) for record, run in runs if run.in_flight and run.job_id in observed.gone)
    for record, run in missing:
        if run.job_id in observed.jobs.jobs:
            continue
        # A pass too soon after the first cannot show that the job is lost.
        waited = not run.missing or begun - min(run.missing) > timing.settle
        if waited and not vanished(run, timing) and _far_enough(run.missing, begun, pass_gap(timing)):
            yield e.PassObserved(address=record.address, job_id=run.job_id, begun=begun, by_id=True)


def _far_enough(earlier: Sequence[datetime], begun: datetime, gap: timedelta) -> bool:
    # One pass is noted as the first, a second one far enough behind it: a third would add nothing.
    return not earlier or begun - min(earlier) >= gap
