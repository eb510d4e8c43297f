"""Jobs that a person takes out: `cancel` stops jobs in flight, `skip` and an earlier cancel prevent launches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from msgspec import Struct

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Outcome
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.reconciling import Evidence, Verdict
from eocanvas_apply.planning.state.runs import vanished, was_cancelled
from eocanvas_apply.planning.tasks import AdoptJob, CancelLaunch, DismissJob
from eocanvas_apply.vocabulary import OgcStatus

_A, _R = ActionKind, Reason


def cancellations(requests: Requests, recorded: Recorded, evidence: Evidence) -> tuple[PlannedAction, ...]:
    """Return what is done about the addresses to cancel, nothing about those of which nothing is in flight.

    The manifest has no say in it: what it no longer declares may still run.
    """
    records = (recorded.jobs[address] for address in sorted(requests.cancel) if address in recorded.jobs)
    return tuple(action for record in records if (action := _cancellation(record, requests, evidence)))


def _cancellation(record: JobRecord, requests: Requests, evidence: Evidence) -> PlannedAction | None:
    last = record.last_intent
    if last and last.intended and last.state is IntentState.OPEN:
        settlement = evidence.settle(last)
        if settlement.verdict is Verdict.FOUND and settlement.job_id:
            adoption = AdoptJob(settlement.job_id, "found", last.id)
            return PlannedAction.of(record.address, _A.ADOPT, _R.FOUND, task=adoption)
        if not last.cancelled:
            return PlannedAction.of(record.address, _A.DISMISS, _R.REQUESTED, task=CancelLaunch(last.id))
    for run in record.runs.values():
        if run.in_flight and not vanished(run, evidence.timing) and run.job_id not in requests.dismissed:
            return PlannedAction.of(record.address, _A.DISMISS, _R.REQUESTED, task=DismissJob(run.job_id))
    return None


class Stop(StrEnum):
    """What became of a request to stop a job."""

    DISMISSED = "dismissed"
    RUNS_ON = "runs-on"
    NOT_ANSWERED = "not-answered"
    NOT_FOUND = "not-found"
    ENDED = "ended"


class Cancelled(Struct, frozen=True):
    """One address that was to be cancelled; `job_id` is None as long as its launch has no answer."""

    address: str
    job_id: str | None
    stop: Stop


def cancelled(addresses: Iterable[str], recorded: Recorded) -> tuple[Cancelled, ...]:
    """Return what became of these addresses, a line for each job that was to be stopped."""
    records = (recorded.jobs[address] for address in addresses)
    return tuple(each for record in records for each in _cancelled(record))


def _cancelled(record: JobRecord) -> Iterator[Cancelled]:
    last = record.last_intent
    if last and last.cancelled and last.state is IntentState.OPEN:
        yield Cancelled(record.address, None, Stop.NOT_FOUND)
    for run in record.runs.values():
        if run.cancelled:
            yield Cancelled(record.address, run.job_id, _stop(run))


def _stop(run: Run) -> Stop:
    if run.dismissed is None:
        return Stop.NOT_ANSWERED if run.in_flight else Stop.ENDED
    if run.dismissed.supported or run.status == OgcStatus.DISMISSED:
        return Stop.DISMISSED
    return Stop.RUNS_ON if run.in_flight else Stop.ENDED


def exempted(planned: PlannedAction, job: DesiredJob, record: JobRecord | None, *, asked: bool) -> PlannedAction:
    """Return the action, or that there is none where the manifest says skip, or where the job was cancelled.

    Skipping stops nothing: what is in flight is watched to its end, and results that are there are fetched. What was
    cancelled runs again when it is `asked` for by name, or when its definition is another.
    """
    if job.skip is not None and (planned.action in LAUNCHES or planned.row.outcome is Outcome.FAILED):
        return PlannedAction.of(planned.address, ActionKind.NONE, Reason.SKIPPED, note=job.skip)
    # Destroying, and forgetting on request, end all that was decided before.
    known = record if record and record.forgotten in (None, "not-in-manifest") else None
    if planned.action in LAUNCHES and not asked and known and was_cancelled(known, job.components):
        return PlannedAction.of(planned.address, ActionKind.NONE, Reason.CANCELLED)
    return planned
