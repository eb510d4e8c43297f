"""How a run of apply or cancel ended, as text and as JSON."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast

from eocanvas_apply.diagnostics import Diagnostic, error, info
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import Outcome
from eocanvas_apply.planning.jobs.cancelling import Cancelled, Stop
from eocanvas_apply.planning.plan import instance_of
from eocanvas_apply.render import diagnostics
from eocanvas_apply.render.layout import PLAIN, Style, counted, html_table, one_line, shortened, size, stamp
from eocanvas_apply.render.plan_blocks import in_words, no_results_yet
from eocanvas_apply.render.status import remark_lines
from eocanvas_apply.report.progress import AddressResult, ApplyResult, Ending, outcome_counts
from eocanvas_apply.report.result_places import Place

if TYPE_CHECKING:
    from eocanvas_apply.render.json_shapes import ApplyBody, OutcomeCounts, ResultJson

T = TypeVar("T")
# As many as fit a screen; the JSON document names all.
_SHOWN = 20
_SHOWN_ALIKE, _SPARE = 3, 2
_JOB_FAILED = re.compile(r"\bjob \S+ failed \(([\w-]+)\)")


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
        "job_id": result.job_id,
        "status": result.status,
    }
    if result.results_until:
        document["results_until"] = stamp(result.results_until) or ""
    if result.remarks:
        document["remarks"] = [each.code for each in result.remarks]
    return document


def text(result: ApplyResult, style: Style = PLAIN, *, command: str = "apply") -> str:
    """Return what runs, where the results are, what waits, failed or was not run and why, and what goes on with it."""
    ended = _by_end(result)
    blocks = [
        _listed(f"Running{_seen(result)}", [(each.address, "", "") for each in ended["running"]], style),
        _listed("Waiting", _lines(ended["waiting"], _reason), style),
        _listed("Not run", _lines(ended["not run"], _reason), style),
        _listed("Not fetched", [(each.address, "", "") for each in ended["not fetched"]], style),
        _block("Results", result.places, _place, style),
        _block("Remarks", remark_lines((r.address, each) for r in ended["done"] for each in r.remarks), str, style),
        _listed("Failed", _lines(ended["failed"], _failed), style),
        _next(result),
    ]
    going_on = unfinished(result, command)
    last = f"{going_on.message}; {going_on.hint}\n" if going_on else ""
    return style.wrap("".join(f"{line}\n" for block in blocks for line in block) + _closing(ended) + "\n" + last)


def unfinished(result: ApplyResult, command: str = "apply") -> Diagnostic | None:
    """Return what still runs or waits and the command that goes on; None where no command would."""
    running = sum(each.runs for each in result.results)
    waiting = sum(each.goes_on for each in result.results) - running
    numbers = [f"{running} running at the service"] * bool(running) + [f"{waiting} waiting"] * bool(waiting)
    if Ending.INTERRUPTED in result.endings:
        return error("interrupted", ", ".join(["interrupted", *numbers]), f"eocanvas-apply {command} continues")
    if result.last_seen:
        numbers = [", ".join(["ended by an error", *numbers]) + _seen(result)]
    return info("unfinished", ", ".join(numbers), f"eocanvas-apply {command} continues") if numbers else None


def _seen(result: ApplyResult) -> str:
    return f" (as of {result.last_seen:%H:%M:%S} UTC)" if result.last_seen else ""


def _block(title: str, things: Sequence[T], line: Callable[[T], str], style: Style) -> list[str]:
    lines = shortened(things, _SHOWN, line, "... and {} more")
    return [style.paint(title, "bold"), *(f"  {each}" for each in lines)] if things else []


def _place(place: Place) -> str:
    known = f", {size(place.size)}" if place.size is not None else ""
    return f"{place.owner}: {counted(place.files, 'file')}{known} in {one_line(place.path)}"


def _listed(title: str, lines_of: Sequence[tuple[str, str, str]], style: Style) -> list[str]:
    """Return a line for each address, of many with equal words the first few, and with them what to do.

    What helps with all of them stands once, below.
    """
    several = len({address for address, *_ in lines_of}) > 1
    alike: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for each in lines_of:
        address, words, hint = each
        alike[_of_any(address, words), _of_any(address, hint)].append(each)
    common = {hint for _, hint in alike} if several else {hint for *_, hint in lines_of}
    once = len(common) == 1
    shown = [line for (_, hint), group in alike.items() for line in _alike(group, "" if once else hint)]
    return [*_block(title, shown, str, style), *(f"  next: {hint}" for hint in common if once and hint)]


def _of_any(address: str, words: str) -> str:
    """Return the words with ADDRESS in place of this one as it is typed."""
    if not words:
        return words
    # A hundred thousand may wait, and to read an address takes long: only where its name is in the words.
    name = instance_of(address) or address
    return words.replace(typed(address), "ADDRESS") if name in words or "'" in name else words


def _alike(group: Sequence[tuple[str, str, str]], common: str) -> list[str]:
    """Return the first addresses of those that ended alike, and right below them what to do."""
    hint = group[0][2] if len(group) == 1 else common
    shown = shortened(group, _SHOWN_ALIKE, "{0[0]}{0[1]}".format, "  and {} more like this", spare=_SPARE)
    # A hint belongs to the line before it: both are shown, or none.
    return [*shown[:-1], f"{shown[-1]}\n    next: {hint}"] if common and hint else shown


def _lines(ended: Sequence[AddressResult], words: Callable[[AddressResult], str]) -> list[tuple[str, str, str]]:
    """Return address, words and hint of each."""
    return [(each.address, words(each), one_line(each.error.hint, 400) if each.error else "") for each in ended]


def _failed(result: AddressResult) -> str:
    # The id of its job is in the JSON; without it, jobs that failed alike are one line.
    return _JOB_FAILED.sub(r"\1", _why(result))


def _next(result: ApplyResult) -> list[str]:
    fetch = f"{counted(result.left, 'result')} not fetched: eocanvas-apply results --fetch"
    decide = "a decision is needed; see: eocanvas-apply plan, eocanvas-apply why ADDRESS"
    return [*([fetch] if result.left else []), *([decide] if Ending.DECISION in result.endings else [])]


def _reason(result: AddressResult) -> str:
    """Return the fault, or why it waits or is not run."""
    if result.results_until:
        return f": {no_results_yet(result.results_until)}"
    if result.error or result.now is None:
        return _why(result)
    return f": {in_words(result.now)}"


def _why(result: AddressResult) -> str:
    return f": {one_line(result.error.message)}" if result.error else ""


def _closing(ended: Mapping[str, Sequence[AddressResult]]) -> str:
    """Return `1 key and 2 jobs: 1 done, 1 running, 1 failed.`; the numbers add up."""
    kinds = Counter(each.address.partition(".")[0] for alike in ended.values() for each in alike)
    things = " and ".join(counted(kinds[kind], kind) for kind in ("key", "job") if kinds[kind])
    numbers = ", ".join(f"{len(alike)} {word}" for word, alike in ended.items() if alike)
    return f"{things}: {numbers}." if things else "No keys and no jobs: nothing to do."


_ORDER = ("done", "running", "waiting", "failed", "not fetched", "not run")


def _by_end(result: ApplyResult) -> Mapping[str, list[AddressResult]]:
    """Return what ended in each way, by the word for it."""
    found: dict[str, list[AddressResult]] = {word: [] for word in _ORDER}
    for each in result.results:
        found[_ended(each)].append(each)
    return found


def _ended(result: AddressResult) -> str:
    if result.runs:
        return "running"
    if result.left:
        return "not fetched"
    return "not run" if result.outcome is Outcome.SKIPPED else result.outcome


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
    rows = [(each.address, each.action, "running" if each.runs else each.outcome, _cell(each)) for each in ended]
    return html_table(_closing(_by_end(result)), ("address", "action", "outcome", "why"), rows)


def _cell(result: AddressResult) -> str:
    if result.outcome is Outcome.DONE or result.runs:
        return ""
    hint = f" ({one_line(result.error.hint)})" if result.error and result.error.hint else ""
    return f"{_reason(result)}{hint}".removeprefix(": ")
