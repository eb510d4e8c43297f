"""When each launch of a plan may go: as fast as the windows of the quota allow, and no faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.plan import LAUNCHES, PlannedAction
from eocanvas_apply.planning.windows import Windows, creations, longest


def windows_of(desired: Desired, recorded: Recorded, observed: Observed) -> Windows:
    """Return what holds launches back now, other people's and earlier runs' jobs counted."""
    return Windows(
        limits=desired.limits,
        used=creations(recorded.jobs.values(), observed.listed, observed.at, longest(desired.limits)),
        closed_until=recorded.quota_closed_until,
    )


def paced(jobs: Sequence[PlannedAction], windows: Windows, now: datetime) -> list[PlannedAction]:
    """Return the actions, each launch with the moment from which it may go; the plan's order is the order of turns."""
    times = iter(windows.schedule(sum(_may_go(action) for action in jobs), now))
    return [_held(action, next(times), now) if _may_go(action) else action for action in jobs]


def _may_go(action: PlannedAction) -> bool:
    return action.action in LAUNCHES and action.task is not None


def _held(action: PlannedAction, time: datetime, now: datetime) -> PlannedAction:
    return replace(action, not_before=time if time > now else None)
