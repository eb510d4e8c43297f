"""What is not run although the manifest declares it: the instances that a person has taken out."""

from __future__ import annotations

from eocanvas_apply.planning.desired import DesiredJob
from eocanvas_apply.planning.plan import LAUNCHES, ActionKind, PlannedAction, Reason

# Ends that somebody has to look at, unless it was said that the job does not matter.
_ENDED_BADLY = frozenset({Reason.FAILED, Reason.NO_RESULT})


def exempted(planned: PlannedAction, job: DesiredJob) -> PlannedAction:
    """Return the action, or that there is none where the manifest says skip.

    Skipping stops nothing: what is in flight is watched to its end, and results that are there are fetched.
    """
    if job.skip is not None and (planned.action in LAUNCHES or _ended_badly(planned)):
        return PlannedAction(planned.address, ActionKind.NONE, Reason.SKIPPED, note=job.skip)
    return planned


def _ended_badly(planned: PlannedAction) -> bool:
    return planned.action is ActionKind.NONE and planned.reason in _ENDED_BADLY
