"""What is known of one address: action, reason, differences, history and next step, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.render.account import sealed_key
from eocanvas_apply.render.definitions import document_title, job_definition
from eocanvas_apply.render.differences import change_json, change_line, document_diff, painted, without_text
from eocanvas_apply.render.layout import PLAIN, Style, counted, moment, one_line, stamp
from eocanvas_apply.render.plan import advice
from eocanvas_apply.render.plan_blocks import in_words, order_lines, when
from eocanvas_apply.report.why import Explanation, Launched, Past, Source

if TYPE_CHECKING:
    from eocanvas_apply.planning.state.observed import ObservedJob

_REFUSED = "the service refused to launch it"


def as_json(explanation: Explanation, launched_text: str | None = None) -> dict[str, Any]:
    """Return it as JSON; `launched_text` is the graph or chain as it was launched, where that is kept here.

    `document_diff` holds the lines in which it differs from the manifest's.
    `history` is oldest first, `candidates` are the service's jobs that may be the one of a launch with a lost answer,
    `sources` the jobs whose results are its inputs, `awaits` the ids of products whose orders must be ready before,
    `sealed` what the service holds of a key, null for nothing.
    """
    action = explanation.action
    return {
        **_action_json(action),
        "changes": [change_json(change) for change in explanation.differences],
        "document_diff": _document_diff(explanation, launched_text),
        "depends_on": list(action.depends_on),
        "history": [history_line(each) for each in explanation.history],
        "candidates": [
            {"job_id": job.job_id, "status": job.status, "created": stamp(job.created)}
            for job in explanation.candidates
        ],
        "sources": [{**_action_json(each.action), "results": list(each.results)} for each in explanation.sources],
        **({"awaits": list(action.awaits)} if action.awaits else {}),
        **({"sealed": sealed_key.as_json(explanation.sealed)} if action.address.startswith("key.") else {}),
    }


def _action_json(action: PlannedAction) -> dict[str, str]:
    return {"address": action.address, "action": action.action, "reason": action.reason}


def text(explanation: Explanation, style: Style = PLAIN, launched_text: str | None = None) -> str:
    """Return action and reason, what differs, what it waits for, what happened so far, and the next step."""
    action = explanation.action
    lines = [f"{style.paint(action.address, 'bold')}: {_verdict(action, refused=explanation.refused)}"]
    lines += [f"  {line}" for line in _differences(explanation, style, launched_text)]
    lines += [f"  input: a result of {_input(source)}" for source in explanation.sources]
    before = {source.action.address for source in explanation.sources}
    lines += [f"  after {address}" for address in action.depends_on if address not in before]
    lines += order_lines(action, "  ")
    lines += [f"  {when(action)}"] if action.not_before and not action.lists_nothing else []
    lines += sealed_key.lines(explanation.sealed) if action.address.startswith("key.") else []
    past = [f"  {one_line(history_line(each))}" for each in explanation.history]
    lines += ["history:", *past] if past else []
    candidates = [_candidate_line(job) for job in explanation.candidates]
    lines += ["possible jobs:", *candidates] if candidates else []
    return "\n".join([*lines, f"next: {_next(explanation)}"]) + "\n"


def _differences(explanation: Explanation, style: Style, launched_text: str | None) -> Iterator[str]:
    for change in explanation.differences:
        if change.path != DOCUMENT:
            yield change_line(change, style)
            continue
        lines = _document_diff(explanation, launched_text)
        title = style.paint(document_title(job_definition(explanation.wanted)), "bold")
        yield f"{title}:" if lines else f"{title}: {without_text(change)}"
        yield from (f"  {line}" for line in painted(lines, style))


def _document_diff(explanation: Explanation, launched_text: str | None) -> list[str]:
    wanted = explanation.wanted
    if launched_text is None or wanted is None or wanted.document is None:
        return []
    return document_diff(launched_text, wanted.document_text)


def _next(explanation: Explanation) -> str:
    action = explanation.action
    # Without candidates it is the result of another job that is ambiguous, not a launch.
    if action.reason is Reason.AMBIGUOUS and explanation.sources and not explanation.candidates:
        return "correct `match` in the manifest, so that it fits one of these results"
    return advice(action, refused=explanation.refused)


def _input(source: Source) -> str:
    there = f"; results: {', '.join(map(one_line, source.results))}" if source.results else ""
    return f"{source.action.address}, {_verdict(source.action, refused=source.refused)}{there}"


def _candidate_line(job: ObservedJob) -> str:
    created = f", created {moment(job.created)}" if job.created else ""
    return f"  {one_line(job.job_id)}: {one_line(job.status)}{created}"


def _verdict(action: PlannedAction, *, refused: bool) -> str:
    words = _REFUSED if refused and action.reason is Reason.FAILED else in_words(action)
    # What only runs or waits needs no word for what is done with it.
    return words if action.action in (ActionKind.NONE, ActionKind.WATCH) else f"{action.action}: {words}"


def history_line(past: Past) -> str:
    """Return what became of a generation, an order or a launch; a text is why a job was forgotten."""
    if isinstance(past, Generation):
        return f"generation {past.number}: {past.name}: {_state(past)}"
    if isinstance(past, Order):
        return _of_order(past)
    return _of_launch(past) if isinstance(past, Launched) else f"forgotten ({past})"


def _of_order(order: Order) -> str:
    decided = f"{order.begun:%Y-%m-%d %H:%M:%S} UTC" if order.begun else "?"
    state = {None: "no answer yet, or lost", "ordered": "on its way"}.get(order.state, order.state)
    return f"order of {order.product_id} decided {decided}: {state} {order.message}".rstrip()


def _state(generation: Generation) -> str:
    if generation.deleted:
        return f"deleted ({generation.delete_reason})" if generation.delete_reason else "deleted"
    if generation.created:
        end = generation.created.expires
        return f"created, ends {end:%Y-%m-%d %H:%M:%S} UTC" if end else "created"
    if generation.abandoned:
        return f"abandoned ({generation.abandoned.reason}) {generation.abandoned.message}".strip()
    return "intended, answer open"


def _of_launch(launched: Launched) -> str:
    intent, run = launched.intent, launched.run
    decided = f"{intent.intended.decided:%Y-%m-%d %H:%M:%S} UTC" if intent.intended else "?"
    became = _of_run(run) if run else f"{intent.state} {intent.refused.message if intent.refused else ''}".strip()
    return f"launch {intent.id[:8]} decided {decided}: {became}"


def _of_run(run: Run) -> str:
    if run.failure:
        return f"job {run.job_id}: failed ({run.failure}) {run.failure_line}".rstrip()
    said = "".join(f"; {each.code}: {one_line(each.line)}" for each in run.remarks or ())
    here = f"job {run.job_id}: {run.status}, {whereabouts(run)}{said}"
    if run.lost and run.pending:
        return f"{here}, the others not at the service since {min(run.lost):%Y-%m-%d %H:%M:%S} UTC"
    return here


def whereabouts(run: Run) -> str:
    """Return `2 of 3 results downloaded`, or `1 result at the key` of what a storage of the user's own holds."""
    listed = run.results or ()
    at_key = sum(each.at_key for each in listed)
    fetched = len(listed) - at_key
    here = f"{len(run.stored)} of {counted(fetched, 'result')} downloaded"
    there = f"{counted(at_key, 'result')} at the key"
    if not at_key:
        return here
    return f"{here}, {there}" if fetched else there
