"""When each launch of a plan may go: as fast as the windows of the quota allow, and no faster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.jobs.selecting import Turn, in_turn
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.windows import Running, Windows, creations, longest
from eocanvas_apply.planning.state.observed import Observed


def windows_of(desired: Desired, recorded: Recorded, observed: Observed, running: Running | None) -> Windows:
    """Return what holds launches back now, other people's and earlier runs' jobs counted."""
    return Windows(
        limits=desired.limits,
        used=creations(recorded.jobs, observed.listed, observed.at, longest(desired.limits)),
        running=running,
        closed_until=recorded.quota_closed_until,
    )


def paced(jobs: Sequence[PlannedAction], windows: Windows, now: datetime, turn: Turn) -> list[PlannedAction]:
    """Return the actions, each launch with the moment from which it may go.

    `turn` tells which of them come first. Those for which too many jobs run are held back until others have ended, with
    an estimate of when that is.
    """
    launches = [action.address for action in in_turn(jobs, turn)]
    times = windows.schedule(len(launches), now)
    room = len(launches) if windows.running is None else windows.running.room
    turns = {
        address: _Turn(time, place >= room) for place, (address, time) in enumerate(zip(launches, times, strict=True))
    }
    return [_in_its_turn(action, turns, now) for action in jobs]


@dataclass(frozen=True, slots=True)
class _Turn:
    time: datetime
    behind_running: bool


def _in_its_turn(action: PlannedAction, turns: Mapping[str, _Turn], now: datetime) -> PlannedAction:
    turn = turns.get(action.address)
    if turn is None:
        return action
    if turn.behind_running:
        return action.held(Reason.HELD_BUDGET, not_before=turn.time)
    not_before = turn.time if turn.time > now else None
    return action if action.not_before == not_before else replace(action, not_before=not_before)
