"""What is not run although the manifest declares it: the instances that a person has taken out."""

from __future__ import annotations

from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, State
from eocanvas_apply.planning.desired.desired import DesiredJob
from eocanvas_apply.planning.jobs.cancelling import was_cancelled
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason


def exempted(planned: PlannedAction, job: DesiredJob, record: JobRecord | None, *, asked: bool) -> PlannedAction:
    """Return the action, or that there is none where the manifest says skip, or where the job was cancelled.

    Skipping stops nothing: what is in flight is watched to its end, and results that are there are fetched. What was
    cancelled runs again when it is `asked` for by name, or when its definition is another.
    """
    if job.skip is not None and (planned.action in LAUNCHES or planned.row.state is State.FAILED):
        return PlannedAction(planned.address, ActionKind.NONE, Reason.SKIPPED, note=job.skip)
    if planned.action in LAUNCHES and not asked and record and _stays_cancelled(record, job):
        return PlannedAction(planned.address, ActionKind.NONE, Reason.CANCELLED)
    return planned


def _stays_cancelled(record: JobRecord, job: DesiredJob) -> bool:
    # Destroying, and forgetting on request, make an end of all that was decided before.
    return record.forgotten in (None, "not-in-manifest") and was_cancelled(record, job.components)
