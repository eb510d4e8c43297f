"""Whether a plan that was accepted still holds: everything that would be done now stands in it, or follows from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import astuple

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.planning.actions import QUIET
from eocanvas_apply.planning.plan import Origin, Plan, PlannedAction

_HINT = "look at a new plan, and apply that"


def departures(accepted: Plan, now: Plan) -> tuple[Diagnostic, ...]:
    """Return why an accepted plan does not hold any more, nothing where it does.

    It may be given again until its actions are done. A plan that was made without a ledger holds for the one that it
    opened.
    """
    planned = accepted.by_address()
    new = [action for action in now.actions if not _covered(action, planned.get(action.address))]
    return (*_origin_faults(accepted.origin, now.origin), *map(_departure, new))


def _origin_faults(before: Origin, after: Origin) -> Iterator[Diagnostic]:
    if before.manifest_digest != after.manifest_digest:
        yield error("plan-stale", "the manifest, a file that it names, a variable or the lock changed", _HINT)
    if (before.project, before.service, before.account) != (after.project, after.service, after.account):
        place = f"{before.project} at {before.service} as {before.account}"
        yield error("plan-stale", f"the plan is for {place}", _HINT)
    if before.ledger_id not in (None, after.ledger_id):
        yield error("plan-stale", "the plan was made with another ledger", _HINT)


def _covered(action: PlannedAction, planned: PlannedAction | None) -> bool:
    if action.action in QUIET or action.row.consequence:
        return True
    return planned is not None and _content(planned) == _content(action)


def _content(action: PlannedAction) -> object:
    return action.action, [astuple(change) for change in action.changes]


def _departure(action: PlannedAction) -> Diagnostic:
    message = f"{action.address}: {action.action} ({action.reason}) is not in the plan"
    return error("plan-stale", message, _HINT, address=action.address)
