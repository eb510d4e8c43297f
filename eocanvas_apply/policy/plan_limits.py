"""What a policy refuses of a plan: its launches, its deletes, its account."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.policy.patterns import matches, words
from eocanvas_apply.policy.policy_file import PolicyFile

_LAUNCHES = (ActionKind.LAUNCH, ActionKind.RELAUNCH, ActionKind.RETRY)
_SENT = (IntentState.OPEN, IntentState.SUBMITTED)


def plan_refusals(policy: PolicyFile, plan: Plan, recorded: Recorded, requests: Requests) -> Iterator[Diagnostic]:
    """Yield an error for each rule that an apply of the plan would break."""
    rules, account = policy.rules, plan.origin.account
    launches = sum(action.action in _LAUNCHES or bool(action.runs_again) for action in plan.actions)
    if requests.limit is not None:
        launches = min(launches, requests.limit)
    if rules.launches_per_run is not None and launches > rules.launches_per_run:
        fewer = f"; `--limit {rules.launches_per_run}` launches fewer" if rules.launches_per_run else ""
        what = f"launches of this run: {launches}{fewer}"
        yield policy.refusal("launches_per_run", what, f"at most {rules.launches_per_run} in a run")
    launched = _launched(recorded)
    if rules.launches_in_all is not None and launches and launched + launches > rules.launches_in_all:
        what = f"launches so far: {launched}, launches of this run: {launches}"
        yield policy.refusal("launches_in_all", what, f"at most {rules.launches_in_all} in all")
    deletes = sum(map(_deletes, plan.actions))
    if rules.deletes_per_run is not None and deletes > rules.deletes_per_run:
        what = f"keys that this run deletes or replaces: {deletes}"
        yield policy.refusal("deletes_per_run", what, f"at most {rules.deletes_per_run} in a run")
    if rules.accounts is not None and account and not matches(account, rules.accounts):
        yield policy.refusal("accounts", f"the account {account} is not allowed", words(rules.accounts))


def _deletes(action: PlannedAction) -> bool:
    """Return whether a run deletes a key: now, or as soon as no job uses it any more."""
    later = action.action is ActionKind.NONE and action.reason in (Reason.IN_USE, Reason.DRAINING)
    return later or action.action in (ActionKind.DELETE, ActionKind.REPLACE)


def within_run(policy: PolicyFile, recorded: Recorded, requests: Requests) -> Requests:
    """Return requests under which a run never launches more than the policy allows, retries included."""
    rules = policy.rules
    left = None if rules.launches_in_all is None else max(0, rules.launches_in_all - _launched(recorded))
    limits = [most for most in (requests.limit, rules.launches_per_run, left) if most is not None]
    return replace(requests, limit=min(limits)) if limits else requests


def _launched(recorded: Recorded) -> int:
    return sum(i.state in _SENT for record in recorded.jobs.values() for i in record.intents.values())
