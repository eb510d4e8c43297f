"""A plan as GitLab's Terraform report: how many things are created, changed and deleted, for the merge request."""

from __future__ import annotations

from collections import Counter

from eocanvas_apply.planning.actions import ACTIONS
from eocanvas_apply.planning.plan import Plan, PlannedAction

_COUNTED = ("create", "update", "delete")


def document(plan: Plan) -> dict[str, int]:
    """Return `{"create": 1, "update": 0, "delete": 0}`."""
    counts = Counter(map(_counted_as, plan.actions))
    return {name: counts[name] for name in _COUNTED}


def _counted_as(action: PlannedAction) -> str:
    """Return as what an action counts, also one that comes later in the run."""
    later = "update" if action.runs_again else "delete" if action.goes_later else ""
    return ACTIONS[action.action].counts_as or later
