"""Why an address stands where it does, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason
from eocanvas_apply.planning.why import Explanation
from eocanvas_apply.render import changes
from eocanvas_apply.render.reasons import WORDS
from eocanvas_apply.render.stamps import moment, stamp
from eocanvas_apply.render.style import PLAIN, Style, one_line

if TYPE_CHECKING:
    from eocanvas_apply.planning.observed import ObservedJob
    from eocanvas_apply.render.documents import CandidateDocument, WhyDocument

_ADVICE = {
    Reason.AMBIGUOUS: "decide: eocanvas-apply resolve {address} --adopt JOB-ID, or --launch",
    Reason.DUPLICATED: "decide: eocanvas-apply resolve {address} --adopt JOB-ID, or --launch",
    Reason.FAILED: "see: eocanvas-apply logs {address}; it runs again with --retry-failed or another definition",
    Reason.NO_RESULT: "see: eocanvas-apply logs {address}",
    Reason.ANSWER_OPEN: "wait, or decide: eocanvas-apply resolve {address} --adopt JOB-ID, or --launch",
}


def document(explanation: Explanation, document_diff: Sequence[str] = ()) -> WhyDocument:
    """Return it as JSON; `document_diff` holds the lines in which the graph or chain differs."""
    action = explanation.action
    return {
        "address": action.address,
        "action": action.action,
        "reason": action.reason,
        "changes": [changes.document(change) for change in explanation.differences],
        "document_diff": list(document_diff),
        "depends_on": list(action.depends_on),
        "history": list(explanation.history),
        "candidates": [_candidate(job) for job in explanation.candidates],
    }


def text(explanation: Explanation, style: Style = PLAIN, document_diff: Sequence[str] = ()) -> str:
    """Return action and reason, what differs, what it waits for, what happened so far, and what to do."""
    action = explanation.action
    lines = [f"{style.paint(action.address, 'bold')}: {_verdict(action)}"]
    lines += changes.lines(explanation.differences, style, "  ")
    lines += [f"    {one_line(line)}" for line in document_diff]
    lines += [f"  after {address}" for address in action.depends_on]
    lines += [f"  not before {moment(action.not_before)}"] if action.not_before else []
    lines += ["history:", *(f"  {one_line(each)}" for each in explanation.history)] if explanation.history else []
    lines += (
        ["jobs that may be it:", *(_suspect(job) for job in explanation.candidates)] if explanation.candidates else []
    )
    advice = _ADVICE.get(action.reason)
    lines += [advice.format(address=action.address)] if advice else []
    return "\n".join(lines) + "\n"


def _candidate(job: ObservedJob) -> CandidateDocument:
    return {"job_id": job.job_id, "status": job.status, "created": stamp(job.created)}


def _suspect(job: ObservedJob) -> str:
    created = f", created {moment(job.created)}" if job.created else ""
    return f"  {one_line(job.job_id)}: {one_line(job.status)}{created}"


def _verdict(action: PlannedAction) -> str:
    what = "nothing to do" if action.action is ActionKind.NONE else str(action.action)
    return f"{what} ({action.reason}): {WORDS[action.reason]}"
