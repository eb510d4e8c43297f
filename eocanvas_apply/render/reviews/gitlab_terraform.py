"""A plan as GitLab's Terraform report: how many things are created, changed and deleted, for the merge request."""

from __future__ import annotations

from eocanvas_apply.planning.actions import ACTIONS
from eocanvas_apply.planning.plan import Plan

_COUNTED = ("create", "update", "delete")


def document(plan: Plan) -> dict[str, int]:
    """Return `{"create": 1, "update": 0, "delete": 0}`."""
    counts = plan.counts
    return {
        name: sum(counts[kind] for kind, traits in ACTIONS.items() if traits.counts_as == name) for name in _COUNTED
    }
