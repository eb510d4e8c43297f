"""When jobs that wait for other jobs may be expected to go: an estimate, for people and for the life of keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.running import usual_duration
from eocanvas_apply.planning.schedule.windows import Windows
from eocanvas_apply.planning.state.runs import counted_run

_A, _R = ActionKind, Reason


def expected(
    jobs: Sequence[PlannedAction], desired: Desired, recorded: Recorded, windows: Windows, now: datetime
) -> list[PlannedAction]:
    """Return the actions; those that wait for jobs on their way with the time at which they can probably go.

    What waits for a job that ended badly, or that nothing is done about, gets no time.
    """
    planned = {action.address: action for action in jobs}
    waiting = [a for a in desired.following if a in planned and planned[a].reason is _R.WAITS_FOR]
    if not waiting:
        return list(jobs)
    course = _Course(planned, recorded, now, usual_duration(recorded, now))
    ready = dict(course.ready(waiting))
    launches = sum(action.lies_ahead for action in jobs)
    slots = windows.schedule(launches + len(ready), now)[launches:]
    inline = sorted(ready, key=lambda address: (ready[address], address))
    times = {address: max(ready[address], slot) for address, slot in zip(inline, slots, strict=True)}
    return [replace(a, not_before=times[a.address]) if a.address in times else a for a in jobs]


@dataclass
class _Course:
    """When each job may be expected to end, as far as something is on its way."""

    planned: Mapping[str, PlannedAction]
    recorded: Recorded
    now: datetime
    duration: timedelta
    found: dict[str, datetime] = field(default_factory=dict)

    def ready(self, waiting: Sequence[str]) -> Iterator[tuple[str, datetime]]:
        """Yield those for whose sources an end can be told, with the latest of them; sources come first."""
        for address in waiting:
            ends = [self._end(source) for source in self.planned[address].depends_on]
            known = [end for end in ends if end]
            if known and len(known) == len(ends):
                self.found[address] = max(known)
                yield address, max(known)

    def _end(self, address: str) -> datetime | None:
        action = self.planned.get(address)
        if action is None:
            return None
        if address in self.found:
            return self.found[address] + self.duration
        if action.lies_ahead:
            return (action.not_before or self.now) + self.duration
        return self._end_of_run(action)

    def _end_of_run(self, action: PlannedAction) -> datetime | None:
        if action.action in (_A.FETCH, _A.ADOPT):
            return self.now
        if action.action is not _A.WATCH or action.reason is _R.STUCK:
            return None
        run = counted_run(self.recorded.jobs.get(action.address))
        return max(self.now, ((run.created if run else None) or self.now) + self.duration)
