"""How a run of apply or cancel ended, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.jobs.cancelling import Cancelled, Stop
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import row_of
from eocanvas_apply.render import diagnostics
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, one_line, shortened, stamp
from eocanvas_apply.render.plan_blocks import in_words, no_results_yet
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending, outcome_counts

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ApplyBody, OutcomeCounts, ResultJson

# As many as fit a screen; the JSON document names all.
_SHOWN = 20
_SHOWN_ALIKE, _SPARE = 3, 2


def body(result: ApplyResult) -> ApplyBody:
    """Return it as JSON, without what its command adds."""
    return {
        "plan_id": result.plan.plan_id,
        "results": [_document(each) for each in result.results],
        "summary": cast("OutcomeCounts", outcome_counts(result.results)),
    }


def _document(result: AddressResult) -> ResultJson:
    document: ResultJson = {
        "address": result.address,
        "action": result.action,
        "outcome": result.outcome.value,
        "error": diagnostics.as_json(result.error) if result.error else None,
    }
    if result.results_until:
        document["results_until"] = stamp(result.results_until) or ""
    return document


def text(result: ApplyResult, style: Style = PLAIN) -> str:
    """Return a line for each address that waits, failed or was not run, and a last line with the numbers."""
    lines = [
        *_lines(result.results, Outcome.WAITING, style.paint("waiting", "yellow")),
        *_lines(result.results, Outcome.FAILED, style.paint("failed", "red")),
        *_left(result),
    ]
    if result.left:
        lines.append(f"{counted(result.left, 'result')} not fetched: eocanvas-apply results --fetch")
    if Ending.DECISION in result.endings:
        lines.append("a decision is needed; see: eocanvas-apply plan, eocanvas-apply why ADDRESS")
    return "\n".join([*lines, _closing(result)]) + "\n"


def _lines(results: Sequence[AddressResult], outcome: Outcome, word: str) -> list[str]:
    return _folded((each.address, f"{word}{_held(each)}{_why(each)}") for each in results if each.outcome is outcome)


def _folded(lines_of: Iterable[tuple[str, str]]) -> list[str]:
    """Return a line for each address; of many with equal words the first few and the number of others."""
    alike: dict[str, list[str]] = {}
    for address, words in lines_of:
        alike.setdefault(words.replace(typed(address), "ADDRESS"), []).append(f"{address}: {words}")
    shown = [
        line
        for lines in alike.values()
        for line in shortened(lines, _SHOWN_ALIKE, str, "  and {} more like this", spare=_SPARE)
    ]
    return shortened(shown, _SHOWN, str, "... and {} more")


def _held(result: AddressResult) -> str:
    if result.results_until:
        return f": {no_results_yet(result.results_until)}"
    waits = result.waits
    return f" ({waits}): {row_of(result.address, ActionKind.NONE, waits).words}" if waits else ""


def _left(result: ApplyResult) -> list[str]:
    """Return why skipped addresses were not run; an earlier failure is not hidden."""
    planned = result.plan.by_address()
    skipped = [planned[r.address] for r in result.results if r.outcome is Outcome.SKIPPED and r.address in planned]
    still = [action for action in skipped if action.action is ActionKind.NONE]
    return _folded((a.address, f"{_not_run(a)}{in_words(a)}") for a in still)


def _not_run(action: PlannedAction) -> str:
    return "" if action.row.outcome is Outcome.FAILED else f"not run ({action.reason}): "


def _why(result: AddressResult) -> str:
    if result.error is None:
        return ""
    hint = f" ({one_line(result.error.hint)})" if result.error.hint else ""
    return f": {one_line(result.error.message)}{hint}"


def _closing(result: ApplyResult) -> str:
    counts = outcome_counts(result.results)
    numbers = ", ".join(f"{counts[outcome]} {outcome}" for outcome in Outcome if counts[outcome])
    return f"{counted(len(result.results), 'address', 'addresses')}: {numbers or 'nothing to do'}."


_WORDS = {
    Stop.DISMISSED: "job {job_id} dismissed",
    Stop.RUNS_ON: "job {job_id} cannot be stopped; it runs to its end",
    Stop.NOT_ANSWERED: "job {job_id}: no answer; the next apply asks again to stop it",
    Stop.NOT_FOUND: "no answer to its launch yet; its job is dismissed if it appears",
    Stop.ENDED: "job {job_id} had already ended",
}


def cancelled_json(found: Cancelled) -> dict[str, str | None]:
    """Return it as JSON; `job_id` is null while its launch has no answer."""
    return {"address": found.address, "job_id": found.job_id, "became": found.stop.value}


def cancelled_line(found: Cancelled) -> str:
    """Return it in words."""
    return f"{found.address}: {_WORDS[found.stop].format(job_id=found.job_id)}\n"


def cancelled_fault(found: Cancelled) -> Diagnostic | None:
    """Return the error for a job that the service does not stop, None for any other."""
    if found.stop is not Stop.RUNS_ON:
        return None
    what = f"the service does not stop job {found.job_id}"
    return error("cannot-dismiss", what, "it runs to its end, and is not launched again", address=found.address)


def html(result: ApplyResult) -> str:
    """Return how each address ended as a table for a notebook, what failed and what waits first."""
    order = [Outcome.FAILED, Outcome.WAITING, Outcome.SKIPPED, Outcome.DONE]
    ended = sorted(result.results, key=lambda each: order.index(each.outcome))
    rows = [(each.address, each.action, each.outcome, f"{_held(each)}{_why(each)}".strip(": ")) for each in ended]
    return html_table(_closing(result), ("address", "action", "outcome", "why"), rows)
