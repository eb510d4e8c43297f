"""What became of jobs that were to be cancelled, in words and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.planning.jobs.cancelling import Cancelled, Stop

if TYPE_CHECKING:
    from eocanvas_apply.render.documents import CancelledDocument

_WORDS = {
    Stop.DISMISSED: "job {job_id} is dismissed",
    Stop.RUNS_ON: "job {job_id} runs on, and is watched to its end",
    Stop.NOT_ANSWERED: "job {job_id}: the next apply asks the service again to stop it",
    Stop.NOT_FOUND: "its launch has no answer yet; a job that turns up is dismissed",
    Stop.ENDED: "job {job_id} had ended before",
}


def document(found: Cancelled) -> CancelledDocument:
    """Return it as JSON."""
    return {"address": found.address, "job_id": found.job_id, "became": found.stop.value}


def line(found: Cancelled) -> str:
    """Return it in words."""
    return f"{found.address}: {_WORDS[found.stop].format(job_id=found.job_id)}\n"


def fault(found: Cancelled) -> Diagnostic | None:
    """Return the error of one that goes on although it was to be stopped."""
    if found.stop is not Stop.RUNS_ON:
        return None
    what = f"the service does not stop job {found.job_id}"
    return error("cannot-dismiss", what, "it runs to its end, and is not launched again", address=found.address)
