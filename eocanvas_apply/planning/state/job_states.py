"""The state of a job in one word, as the ledger alone knows it: for tables of instances."""

from __future__ import annotations

from types import MappingProxyType

from eocanvas_apply.ledger.fold.job_records import IntentState, JobRecord, Run
from eocanvas_apply.planning.log_rules import Checks, rejecting
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.vocabulary import OgcStatus

_ENDED = {
    OgcStatus.FAILED.value: "failed",
    OgcStatus.DISMISSED.value: "cancelled",
    OgcStatus.SUCCESSFUL.value: "succeeded",
}


def job_state(record: JobRecord | None, skip: str | None = None, checks: Checks = MappingProxyType({})) -> str:
    """Return done, succeeded (results not fetched), failed, cancelled, running, waiting or skipped.

    `skip` is why the manifest leaves it out, None where it does not; `checks` may make a remark a failure.
    """
    if record and (finished := record.finished):
        return "failed" if rejecting(finished.remarks, checks) else "done"
    if skip is not None:
        return "skipped"
    if record is None or record.forgotten:
        return "waiting"
    last, run = record.last_intent, counted_run(record)
    if last and last.state is IntentState.REFUSED:
        return "failed"
    if last and last.state is IntentState.OPEN:
        return "running"
    if run and rejecting(run.remarks, checks):
        return "failed"
    return _ENDED.get(run.status, "running") if run else "waiting"


def remark_words(run: Run | None) -> str:
    """Return the codes of what the log of a job says of its results, for a cell of a table."""
    return " ".join(each.code for each in run.remarks or ()) if run else ""
