"""Why an address stands where it does, in words and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.planning.plan import ActionKind, PlannedAction, Reason
from eocanvas_apply.planning.why import Explanation
from eocanvas_apply.render import changes
from eocanvas_apply.render.advice import advice
from eocanvas_apply.render.reasons import in_words
from eocanvas_apply.render.stamps import moment, stamp
from eocanvas_apply.render.style import PLAIN, Style, one_line

if TYPE_CHECKING:
    from eocanvas_apply.planning.observed import ObservedJob
    from eocanvas_apply.render.documents import CandidateDocument, WhyDocument


_REFUSED = "the service refused to launch it"


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
    """Return action and reason, what differs, what it waits for, what happened so far, and the next step."""
    action = explanation.action
    lines = [f"{style.paint(action.address, 'bold')}: {_verdict(action, refused=explanation.refused)}"]
    lines += changes.lines(explanation.differences, style, "  ")
    lines += [f"    {one_line(line)}" for line in document_diff]
    lines += [f"  after {address}" for address in action.depends_on]
    lines += [f"  not before {moment(action.not_before)}"] if action.not_before else []
    lines += ["history:", *(f"  {one_line(each)}" for each in explanation.history)] if explanation.history else []
    lines += (
        ["jobs that may be it:", *(_suspect(job) for job in explanation.candidates)] if explanation.candidates else []
    )
    step = advice(action.action, action.reason, action.address, refused=explanation.refused)
    return "\n".join([*lines, f"next: {step}"]) + "\n"


def _candidate(job: ObservedJob) -> CandidateDocument:
    return {"job_id": job.job_id, "status": job.status, "created": stamp(job.created)}


def _suspect(job: ObservedJob) -> str:
    created = f", created {moment(job.created)}" if job.created else ""
    return f"  {one_line(job.job_id)}: {one_line(job.status)}{created}"


def _verdict(action: PlannedAction, *, refused: bool) -> str:
    what = "nothing to do" if action.action is ActionKind.NONE else str(action.action)
    words = _REFUSED if refused and action.reason is Reason.FAILED else in_words(action)
    return f"{what} ({action.reason}): {words}"
