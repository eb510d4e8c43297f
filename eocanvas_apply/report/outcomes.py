"""How each address ended in a run, and why the run ended: from its first and last plan and what failed between."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from eocanvas_apply.diagnostics import Diagnostic, Severity, error, has_errors, warning
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.actions import ActionKind, Outcome, Phase
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.failures import HINTS
from eocanvas_apply.planning.findings.warnings import results_gone
from eocanvas_apply.planning.log_rules import Checks, rejecting, shown_remarks
from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.planning.tasks import FetchResults
from eocanvas_apply.vocabulary import OgcStatus

# A plan is rendered by this file too, and has not begun.
if TYPE_CHECKING:
    from eocanvas_apply.report.progress import AddressResult, Ending

# Asked of a hundred thousand: to look a member up takes Python 3.11 longer than to compare it.
_FETCH, _DONE, _FAILED, _SKIPPED = ActionKind.FETCH, Outcome.DONE, Outcome.FAILED, Outcome.SKIPPED


def standing(
    plan: Plan,
    failures: Mapping[str, Diagnostic] = MappingProxyType({}),
    begun: Mapping[str, PlannedAction] = MappingProxyType({}),
) -> dict[str, Outcome]:
    """Return how each address of a plan ends where an apply stops at it.

    `failures` are those of this run, `begun` the actions with which it began, where they are others.
    """
    faults = _faults(plan, failures)
    found = {a.address: a.row.outcome for a in plan.actions}
    faulty = (a for a in plan.actions if a.address in faults) if faults else ()
    found |= {a.address: _of_faulty(begun.get(a.address, a), a, failures) for a in faulty}
    _skip_dependants(plan.actions, found, faults)
    return found


def _faults(plan: Plan, failures: Mapping[str, Diagnostic]) -> Mapping[str, Diagnostic]:
    return {**failures, **{d.address: d for d in plan.diagnostics if d.address and d.severity is Severity.ERROR}}


def _of_faulty(planned: PlannedAction, now: PlannedAction, failures: Mapping[str, Diagnostic]) -> Outcome:
    # Where nothing was planned nothing failed, unless it was tried later, or had failed before.
    untried = planned.action is ActionKind.NONE and now.address not in failures
    return Outcome.SKIPPED if untried and now.row.outcome is not Outcome.FAILED else Outcome.FAILED


def _skip_dependants(
    actions: Iterable[PlannedAction], found: dict[str, Outcome], faults: Mapping[str, Diagnostic]
) -> None:
    """Mark as skipped what cannot start because something before it failed, or shall not run, and so on from there."""
    waiting = [a for a in actions if a.depends_on and found[a.address] is Outcome.WAITING]
    if not waiting:
        return
    ended = {address for address, outcome in found.items() if outcome is Outcome.FAILED} | faults.keys()
    ended |= {a.address for a in actions if a.reason in (Reason.SKIPPED, Reason.CANCELLED)}
    while blocked := [a for a in waiting if a.address not in ended and not ended.isdisjoint(a.depends_on)]:
        ended |= {a.address for a in blocked}
        found |= {a.address: Outcome.SKIPPED for a in blocked}


def blocked(plan: Plan) -> dict[str, str]:
    """Return the jobs that cannot start before something is corrected, each with what it needs and what is wrong."""
    ended, faults = standing(plan), _faults(plan, {})
    held = [a for a in plan.actions if a.phase is Phase.WAITING and ended[a.address] is Outcome.SKIPPED]
    return {a.address: _obstacle(a, ended, faults) for a in held if a.address.startswith("job.")}


def _obstacle(action: PlannedAction, ended: Mapping[str, Outcome], faults: Mapping[str, Diagnostic]) -> str:
    if before := next((each for each in action.depends_on if each in faults), None):
        return f"needs {before}: {faults[before].message}"
    found = _not_started(action, ended)
    return found.message if found else faults[action.address].message if action.address in faults else action.row.words


def results(
    first: Plan, last: Plan, recorded: Recorded, failures: Mapping[str, Diagnostic], left: Collection[str] = ()
) -> tuple[AddressResult, ...]:
    """Return how each address of the first plan ended, then those that arose later.

    `left` are those whose results were left at the service because the command line asked for that.
    """
    from eocanvas_apply.report.progress import AddressResult

    begun, now = first.by_address(), last.by_address()
    faults, ended = _faults(last, failures), standing(last, failures, begun)
    jobs = last.desired.jobs if last.desired else {}
    ended |= {address: Outcome.SKIPPED for address in left if ended.get(address) is Outcome.WAITING}
    ended |= dict.fromkeys(_fetched_last(last, recorded, jobs), Outcome.DONE)

    def result(address: str) -> AddressResult:
        action, fault = now.get(address), faults.get(address)
        outcome = ended.get(address, _FAILED if fault and not action else _DONE)
        if outcome is _FAILED and fault is None:
            fault = _ended_badly(address, action, recorded)
        if outcome is _SKIPPED and fault is None and action:
            fault = _not_started(action, ended)
        run = counted_run(recorded.jobs.get(address))
        job_id, status = (run.job_id, run.status) if run else (None, None)
        remarks = shown_remarks(run.remarks, _checks(jobs.get(address))) if run and run.remarks else ()
        planned = (begun.get(address) or now[address]).action
        return AddressResult(address, planned, outcome, fault, action, job_id, status, remarks)

    return tuple(map(result, dict.fromkeys([*begun, *now])))


def _checks(job: DesiredJob | None) -> Checks:
    return job.remark_checks if job else {}


def _fetched_last(last: Plan, recorded: Recorded, jobs: Mapping[str, DesiredJob]) -> Iterator[str]:
    """Yield the jobs whose results came when the plan was made already: the last downloads of a run."""
    for action in last.actions:
        record = recorded.jobs.get(action.address) if action.row.action is _FETCH else None
        run = record.finished if record else None
        if run and not rejecting(run.remarks or (), _checks(jobs.get(action.address))):
            yield action.address


def results_left(last: Plan, requests: Requests) -> frozenset[str]:
    """Return the addresses whose results are listed, and not fetched because the command line asked for that."""
    return frozenset(a.address for a in last.actions if requests.no_fetch and isinstance(a.task, FetchResults))


def results_pending(recorded: Recorded, address: str) -> int:
    """Return how many results of a job are listed and not stored."""
    run = counted_run(recorded.jobs.get(address))
    return len(run.pending) if run else 0


def _not_started(action: PlannedAction, ended: Mapping[str, Outcome]) -> Diagnostic | None:
    words = {Outcome.FAILED: "which failed", Outcome.SKIPPED: "which is not run"}
    before = next((each for each in action.depends_on if ended.get(each) in words), None)
    if before is None:
        return None
    return warning("not-started", f"needs {before}, {words[ended[before]]}", address=action.address)


def _ended_badly(address: str, now: PlannedAction | None, recorded: Recorded) -> Diagnostic:
    record = recorded.jobs.get(address)
    run = counted_run(record)
    hint = f"eocanvas-apply logs {typed(address)} shows why"
    if now and now.reason is Reason.NO_RESULT:
        return error("no-result", f"job {run.job_id if run else '?'} succeeded without a result", hint, address=address)
    if now and now.reason is Reason.RESULTS_GONE and run:
        return results_gone(address, run)
    if now and now.note and run and run.status == OgcStatus.SUCCESSFUL:
        return error("job-failed", f"job {run.job_id}: {now.note}", hint, address=address)
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


def endings(last: Plan, ended: Collection[Outcome], *, launches_stopped: bool = False) -> frozenset[Ending]:
    """Return why a run that ended with this plan and these outcomes ended as it did; nothing where all is done."""
    from eocanvas_apply.report.progress import Ending

    found = {
        Ending.ERROR: launches_stopped or has_errors(last.diagnostics),
        Ending.DECISION: last.counts[ActionKind.ASK] > 0,
        Ending.FAILED: Outcome.FAILED in ended,
        Ending.UNFINISHED: Outcome.WAITING in ended,
    }
    return frozenset(ending for ending, holds in found.items() if holds)
