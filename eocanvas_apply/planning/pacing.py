"""When each launch of a plan may go: as fast as the windows of the quota allow, and no faster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.desired import Desired
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.plan import LAUNCHES, PlannedAction
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.planning.windows import Windows, creations, longest


def windows_of(desired: Desired, recorded: Recorded, observed: Observed) -> Windows:
    """Return what holds launches back now, other people's and earlier runs' jobs counted."""
    return Windows(
        limits=desired.limits,
        used=creations(recorded.jobs, observed.listed, observed.at, longest(desired.limits)),
        closed_until=recorded.quota_closed_until,
    )


def paced(jobs: Sequence[PlannedAction], windows: Windows, now: datetime) -> list[PlannedAction]:
    """Return the actions, each launch with the moment from which it may go.

    The plan's order is the order of turns, but what waits for a key comes behind what does not: a key that cannot be
    made must not hold a place in the quota. What follows other jobs goes first: nobody knows how long the results that
    it is given are kept.
    """
    launches = sorted((action for action in jobs if _may_go(action)), key=_turn)
    times = windows.schedule(len(launches), now)
    turns = {action.address: time for action, time in zip(launches, times, strict=True)}
    return [_held(action, turns[action.address], now) if action.address in turns else action for action in jobs]


def _may_go(action: PlannedAction) -> bool:
    return action.action in LAUNCHES and action.task is not None


def _turn(action: PlannedAction) -> tuple[bool, int]:
    stage = action.task.job.stage if isinstance(action.task, LaunchJob) else 0
    return bool(action.depends_on), -stage


def _held(action: PlannedAction, time: datetime, now: datetime) -> PlannedAction:
    return replace(action, not_before=time if time > now else None)
