"""Where everything stood when the ledger was last written, from the ledger alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Origin, Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.observed import Observed, ObservedKey, Pass
from eocanvas_apply.planning.state.runs import STUCK, age_of, counted_run
from eocanvas_apply.vocabulary import OgcStatus

_A, _R = ActionKind, Reason
_ENDED: dict[str, Reason] = {OgcStatus.FAILED: _R.FAILED, OgcStatus.DISMISSED: _R.CANCELLED}


def remembered(recorded: Recorded, now: datetime) -> tuple[Plan, Observed]:
    """Return what is on record as a plan that changes nothing, and the service as it was last seen.

    What the manifest asks for beyond the record is not in it, nor is the quota.
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
    keys = [PlannedAction(r.address, _A.NONE, _R.UNCHANGED) for r in recorded.keys.values() if r.current]
    jobs = [job for record in recorded.jobs.values() if (job := _job(record, now))]
    shown = {key.name: key for key in _keys(recorded)}
    seen = Observed(at=now, account=origin.account, keys=shown, jobs=Pass(now, complete=False, jobs={}))
    return Plan(origin, now, (*keys, *jobs)), seen


def _keys(recorded: Recorded) -> Iterator[ObservedKey]:
    for record in recorded.keys.values():
        for generation in record.generations.values():
            made, meant = generation.created, generation.intended
            if made and generation.live:
                yield ObservedKey(
                    name=generation.name,
                    storage=meant.storage if meant else "",
                    public=meant.public if meant else False,
                    description=meant.description if meant else "",
                    created=made.created,
                    expires=made.expires,
                    end_known=made.end_known,
                )


def _job(record: JobRecord, now: datetime) -> PlannedAction | None:
    if record.finished:
        return PlannedAction(record.address, _A.NONE, _R.DONE)
    if record.forgotten:
        return None
    last, run = record.last_intent, counted_run(record)
    if last and last.state is IntentState.OPEN:
        return PlannedAction(record.address, _A.WATCH, _R.ANSWER_OPEN)
    if last and last.refused and last.state is IntentState.REFUSED:
        return _refused(record.address, last.refused.refusal)
    return _of_run(record.address, run, now) if run else PlannedAction(record.address, _A.LAUNCH, _R.NEW)


def _refused(address: str, refusal: str) -> PlannedAction:
    if refusal == "same-job":
        return PlannedAction(address, _A.ASK, _R.DUPLICATED)
    if refusal == "request":
        return PlannedAction(address, _A.NONE, _R.FAILED)
    return PlannedAction(address, _A.LAUNCH, _R.NEW)


def _of_run(address: str, run: Run, now: datetime) -> PlannedAction:
    if run.in_flight:
        return PlannedAction(address, _A.WATCH, _R.STUCK if age_of(run, now) > STUCK else _R.IN_FLIGHT)
    if ended := _ENDED.get(run.status):
        return PlannedAction(address, _A.NONE, ended)
    if run.pending or not run.results:
        return PlannedAction(address, _A.FETCH, _R.RESULTS_PENDING)
    return PlannedAction(address, _A.NONE, _R.DONE)
