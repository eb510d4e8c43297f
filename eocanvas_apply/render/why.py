"""What is known of one address: action, reason, differences, history and next step, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render import history
from eocanvas_apply.render.layout import PLAIN, Style, moment, one_line, stamp
from eocanvas_apply.render.plan import change_json, change_lines, order_lines
from eocanvas_apply.render.reasons import advice, in_words, when
from eocanvas_apply.report.why import Explanation, Source

if TYPE_CHECKING:
    from eocanvas_apply.planning.state.observed import ObservedJob
    from eocanvas_apply.render.json_shapes import CandidateJson, SourceJson, WhyJson


_REFUSED = "the service refused to launch it"


def as_json(explanation: Explanation, document_diff: Sequence[str] = ()) -> WhyJson:
    """Return it as JSON; `document_diff` holds the lines in which the graph or chain differs."""
    action = explanation.action
    found: WhyJson = {
        "address": action.address,
        "action": action.action,
        "reason": action.reason,
        "changes": [change_json(change) for change in explanation.differences],
        "document_diff": list(document_diff),
        "depends_on": list(action.depends_on),
        "history": [history.line(each) for each in explanation.history],
        "candidates": [_candidate(job) for job in explanation.candidates],
        "sources": [_source(source) for source in explanation.sources],
    }
    if action.awaits:
        found["awaits"] = list(action.awaits)
    return found


def text(explanation: Explanation, style: Style = PLAIN, document_diff: Sequence[str] = ()) -> str:
    """Return action and reason, what differs, what it waits for, what happened so far, and the next step."""
    action = explanation.action
    lines = [f"{style.paint(action.address, 'bold')}: {_verdict(action, refused=explanation.refused)}"]
    lines += change_lines(explanation.differences, style, "  ")
    lines += [f"    {one_line(line)}" for line in document_diff]
    lines += [f"  input: a result of {_input(source)}" for source in explanation.sources]
    before = {source.action.address for source in explanation.sources}
    lines += [f"  after {address}" for address in action.depends_on if address not in before]
    lines += order_lines(action, "  ")
    lines += [f"  {when(action)}"] if action.not_before else []
    lines += (
        ["history:", *(f"  {one_line(history.line(each))}" for each in explanation.history)]
        if explanation.history
        else []
    )
    lines += (
        ["possible jobs:", *(_candidate_line(job) for job in explanation.candidates)] if explanation.candidates else []
    )
    return "\n".join([*lines, f"next: {_next(explanation)}"]) + "\n"


def _next(explanation: Explanation) -> str:
    action = explanation.action
    # Without candidates it is the result of another job that is ambiguous, not a launch.
    if action.reason is Reason.AMBIGUOUS and explanation.sources and not explanation.candidates:
        return "correct `match` in the manifest, so that it fits one of these results"
    return advice(action, refused=explanation.refused)


def _input(source: Source) -> str:
    there = f"; results: {', '.join(map(one_line, source.results))}" if source.results else ""
    return f"{source.action.address}, {_verdict(source.action, refused=source.refused)}{there}"


def _source(source: Source) -> SourceJson:
    action = source.action
    return {
        "address": action.address,
        "action": action.action,
        "reason": action.reason,
        "results": list(source.results),
    }


def _candidate(job: ObservedJob) -> CandidateJson:
    return {"job_id": job.job_id, "status": job.status, "created": stamp(job.created)}


def _candidate_line(job: ObservedJob) -> str:
    created = f", created {moment(job.created)}" if job.created else ""
    return f"  {one_line(job.job_id)}: {one_line(job.status)}{created}"


def _verdict(action: PlannedAction, *, refused: bool) -> str:
    what = "nothing to do" if action.action is ActionKind.NONE else str(action.action)
    words = _REFUSED if refused and action.reason is Reason.FAILED else in_words(action)
    return f"{what} ({action.reason}): {words}"
