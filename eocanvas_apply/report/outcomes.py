"""How each address ended in a run, and why the run ended: from its first and last plan and what failed between."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, has_errors
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ActionKind, Outcome
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.planning.warnings import results_gone
from eocanvas_apply.report.progress import AddressResult, Ending


def results(
    first: Plan, last: Plan, recorded: Recorded, failures: Mapping[str, Diagnostic], left: Collection[str] = ()
) -> tuple[AddressResult, ...]:
    """Return how each address of the first plan ended, then those that arose later.

    `left` are those whose results were left at the service because the command line asked for that.
    """
    begun, now = first.by_address(), last.by_address()
    faults = dict(failures) | {d.address: d for d in last.diagnostics if d.address and d.severity is Severity.ERROR}
    ended = (
        _result(address, begun.get(address), now.get(address), recorded, failures, faults)
        for address in dict.fromkeys([*begun, *now])
    )
    return tuple(
        replace(each, outcome=Outcome.SKIPPED) if each.address in left and each.outcome is Outcome.WAITING else each
        for each in ended
    )


def results_left(last: Plan, requests: Requests) -> frozenset[str]:
    """Return the addresses whose results are listed, and not fetched because the command line asked for that."""
    return frozenset(a.address for a in last.actions if requests.no_fetch and isinstance(a.task, FetchResults))


def results_pending(recorded: Recorded, address: str) -> int:
    """Return how many results of a job are listed and not stored."""
    run = counted_run(recorded.jobs.get(address))
    return len(run.pending) if run else 0


def _result(
    address: str,
    begun: PlannedAction | None,
    now: PlannedAction | None,
    recorded: Recorded,
    failures: Mapping[str, Diagnostic],
    faults: Mapping[str, Diagnostic],
) -> AddressResult:
    planned = begun or now
    assert planned is not None  # noqa: S101  # the address comes from one of the two
    fault = faults.get(address)
    outcome = _outcome(begun, now, faults)
    if fault:
        # Where nothing was planned nothing failed, unless it was tried later.
        untried = planned.action is ActionKind.NONE and address not in failures
        outcome = Outcome.SKIPPED if untried else Outcome.FAILED
    if outcome is Outcome.FAILED and fault is None:
        fault = _ended_badly(address, now, recorded)
    held = now.reason if now and now.action is ActionKind.NONE and outcome is Outcome.WAITING else None
    return AddressResult(address, planned.action, outcome, fault, held)


def _outcome(begun: PlannedAction | None, now: PlannedAction | None, faults: Mapping[str, Diagnostic]) -> Outcome:
    if now is None:
        return Outcome.DONE
    if now.action is not ActionKind.NONE:
        return Outcome.SKIPPED if faults.keys() & {*now.depends_on} else Outcome.WAITING
    # What had failed before this run and was not tried again is no failure of it.
    untried = begun is not None and begun.action is ActionKind.NONE and begun.row.outcome is not Outcome.WAITING
    return Outcome.SKIPPED if now.row.outcome is Outcome.FAILED and untried else now.row.outcome


def _ended_badly(address: str, now: PlannedAction | None, recorded: Recorded) -> Diagnostic:
    record = recorded.jobs.get(address)
    run = counted_run(record)
    hint = f"eocanvas-apply logs {typed(address)} shows why"
    if now and now.reason is Reason.NO_RESULT:
        return error("no-result", f"job {run.job_id if run else '?'} succeeded without a result", hint, address=address)
    if now and now.reason is Reason.RESULTS_GONE and run:
        return results_gone(address, run)
    last = record.last_intent if record else None
    if last and last.refused and not last.job_id:
        hint = "the launch is not tried again until the definition changes"
        return error("launch-refused", last.refused.message, hint, address=address)
    return _job_failed(address, run) if run else error("job-failed", "its job failed", hint, address=address)


def _job_failed(address: str, run: Run) -> Diagnostic:
    failure = run.failure or "unknown"
    said = f": {run.failure_line}" if run.failure_line else ""
    hint = f"{HINTS[failure]}; eocanvas-apply logs {typed(address)} shows the whole log"
    return error("job-failed", f"job {run.job_id} failed ({failure}){said}", hint, address=address)


def endings(last: Plan, ended: tuple[AddressResult, ...], *, launches_stopped: bool) -> frozenset[Ending]:
    """Return why the run ended as it did; nothing where all is done."""
    outcomes = {result.outcome for result in ended}
    found = {
        Ending.ERROR: launches_stopped or has_errors(last.diagnostics),
        Ending.DECISION: any(a.action is ActionKind.ASK for a in last.actions),
        Ending.FAILED: Outcome.FAILED in outcomes,
        Ending.UNFINISHED: Outcome.WAITING in outcomes,
    }
    return frozenset(ending for ending, holds in found.items() if holds)
