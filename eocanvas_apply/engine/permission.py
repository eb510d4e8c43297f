"""What allows an apply without a question: a plan that was reviewed, or the one that was accepted last."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import PlanStale
from eocanvas_apply.planning.safety import NEW_PLAN, coverage, departures

if TYPE_CHECKING:
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
    from eocanvas_apply.planning.state.sent_launches import Intents


class Permission(Struct, frozen=True):
    """`check` raises PlanStale for a first plan that it does not allow; `plan_id` goes on record as accepted.

    Without `plan_id` nothing new is accepted. `allowed` and `unprotected` are what was given when it was accepted.
    `covers` tells of an action of a later plan of the same run whether it is allowed; `intents` are the last launches
    when the plan was made, None where that is now.
    """

    check: Callable[[Plan], None]
    plan_id: str | None = None
    allowed: frozenset[str] = frozenset()
    unprotected: frozenset[str] = frozenset()
    covers: Callable[[PlannedAction], bool] = lambda _: True
    intents: Intents | None = None

    def added_to(self, requests: Requests) -> Requests:
        """Return the requests with what holds for all that follows from the manifest.

        Jobs that this run asks to run again do not: they need flags of their own.
        """
        if requests.relaunch:
            return requests
        return replace(
            requests, allowed=requests.allowed | self.allowed, unprotected=requests.unprotected | self.unprotected
        )


def of_plan(plan: Plan, intents: Intents) -> Permission:
    """Return the permission that a plan of this process is; `intents` are the last launches when it was made."""

    def check(first: Plan) -> None:
        if faults := departures(plan, first):
            raise PlanStale(*faults)

    return Permission(check, plan.plan_id, covers=coverage(plan), intents=intents)


def of_last_accepted(recorded: Recorded) -> Permission:
    """Return the permission to go on with the manifest that was accepted last."""

    def check(first: Plan) -> None:
        if fault := _not_accepted(first, recorded):
            raise PlanStale(fault)

    if (accepted := recorded.accepted) is None:
        return Permission(check)
    return Permission(check, None, frozenset(accepted.allowed), frozenset(accepted.unprotected))


def _not_accepted(first: Plan, recorded: Recorded) -> Diagnostic | None:
    accepted = recorded.accepted
    hint = "apply it once, or `plan --out FILE` and `apply FILE`; then --continue goes on with it"
    if accepted is None:
        return error("nothing-accepted", "no plan of this ledger was accepted yet, so there is none to continue", hint)
    if accepted.destroys:
        what = "what was accepted last on this ledger is to destroy it, so there is no plan to continue"
        return error("nothing-accepted", what, hint)
    if accepted.manifest_digest != first.origin.manifest_digest:
        what = "the manifest, a file that it names, a variable or the lock is another than the one accepted last"
        return error("plan-stale", what, NEW_PLAN)
    return None
