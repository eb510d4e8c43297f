"""A plan as GitLab's Terraform report: how many things are created, changed and deleted, for the merge request."""

from __future__ import annotations

from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Plan

_A = ActionKind
_COUNTED = {
    "create": (_A.CREATE, _A.LAUNCH),
    "update": (_A.REPLACE, _A.RENEW, _A.RELAUNCH, _A.RETRY, _A.ADOPT, _A.FETCH),
    "delete": (_A.DELETE, _A.FORGET, _A.DISMISS),
}


def document(plan: Plan) -> dict[str, int]:
    """Return `{"create": 1, "update": 0, "delete": 0}`."""
    counts = plan.counts
    return {name: sum(counts[kind] for kind in kinds) for name, kinds in _COUNTED.items()}
