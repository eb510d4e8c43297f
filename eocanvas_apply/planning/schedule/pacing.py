"""When each launch of a plan may go: the quota, the jobs that run now, and estimates for jobs that wait for others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain, islice

from msgspec import Struct, field

from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.jobs.holding import canaries_under_way
from eocanvas_apply.planning.jobs.selecting import Turn, in_turn
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.schedule.windows import Running, Windows, creations, longest
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.reconciling import Evidence, Verdict
from eocanvas_apply.planning.state.runs import STUCK, counted_run, in_flight
from eocanvas_apply.vocabulary import is_under_way

_A, _R = ActionKind, Reason
_USUAL = timedelta(minutes=4)
_SHORTEST = timedelta(seconds=1)
# So many jobs of the last month suffice for an estimate; to read a whole long ledger would take too long.
_RECENT, _ENOUGH = timedelta(days=30), 200


def running(desired: Desired, recorded: Recorded, observed: Observed, evidence: Evidence) -> Running | None:
    """Return how many may run and what runs now, None without `max_running`.

    The limit is one of the account: jobs that others launched count, and so does a launch whose answer is open. What
    has been running for more than a day is lost, and holds nothing back.
    """
    if desired.max_running is None:
        return None
    own = (run.created for _, run in in_flight(recorded, evidence.timing, observed.at))
    listed = (job for job in observed.jobs.jobs.values() if job.job_id not in recorded.owner_of)
    others = (job.created for job in listed if is_under_way(job.status))
    begun = (*(created or observed.at for created in chain(own, others)), *_open(recorded, evidence))
    young = tuple(sorted(time for time in begun if observed.at - time <= STUCK))
    return Running(desired.max_running, usual_duration(recorded, observed.at), young)


def usual_duration(recorded: Recorded, now: datetime) -> timedelta:
    """Return the median time from creation to end of this project's last jobs, 4 min as long as none has ended."""
    return median_duration(recorded, now) or _USUAL


def median_duration(recorded: Recorded, now: datetime) -> timedelta | None:
    """Return the median time from creation to end of this project's last jobs, None as long as none has ended."""
    since = now - _RECENT
    spans = (r.finished - r.created for _, r in recorded.runs() if r.finished and r.created and r.created > since)
    times = [span.total_seconds() for span in islice(spans, _ENOUGH)]
    if not times:
        return None
    from statistics import median

    return max(_SHORTEST, timedelta(seconds=median(times)))


def _open(recorded: Recorded, evidence: Evidence) -> Iterator[datetime]:
    listed: set[str] = set()
    for _, intent in recorded.intents():
        if intent.intended and intent.state is IntentState.OPEN and evidence.settle(intent).verdict is Verdict.WAIT:
            # A job that may be it is in the list, and counts there; it cannot be that of two launches.
            jobs = (job.job_id for job in evidence.suspects(intent.intended))
            if job_id := next((job_id for job_id in jobs if job_id not in listed), None):
                listed.add(job_id)
            else:
                yield intent.intended.decided


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

    `turn` orders them. Those for which too many jobs run are held back until others have ended, with
    an estimate of when that is.
    """
    launches = in_turn(jobs, turn)
    times = windows.schedule(len(launches), now)
    room = len(launches) if windows.running is None else windows.running.room
    going, waiting = zip(launches[:room], times[:room], strict=True), zip(launches[room:], times[room:], strict=True)
    placed = {action.address: action.due(time if time > now else None) for action, time in going}
    placed |= {action.address: action.held(Reason.HELD_BUDGET, not_before=time) for action, time in waiting}
    return [placed.get(action.address, action) for action in jobs]


def expected(
    jobs: Sequence[PlannedAction],
    desired: Desired,
    recorded: Recorded,
    windows: Windows,
    now: datetime,
    most: int | None = None,
) -> list[PlannedAction]:
    """Return the actions; those that wait for jobs that run or will run with an estimate of when they can go.

    What waits for a job that ended badly, or that nothing is done about, gets no time, nor does what is beyond the
    `most` launches of this run.
    """
    if not desired.following and not desired.holdings:
        return list(jobs)
    course = _Ends({action.address: action for action in jobs}, recorded, now, usual_duration(recorded, now))
    ready = course.ready(desired)
    if not ready:
        return list(jobs)
    launches = sum(action.lies_ahead for action in jobs)
    inline = sorted(ready, key=lambda address: (ready[address], address))
    inline = inline if most is None else inline[: max(0, most - launches)]
    slots = windows.schedule(launches, now, [ready[address] for address in inline])[launches:]
    times = dict(zip(inline, slots, strict=True))
    return [a.due(times[a.address]) if a.address in times else a for a in jobs]


class _Ends(Struct):
    """When each job may be expected to end, as far as it runs or is going to."""

    planned: Mapping[str, PlannedAction]
    recorded: Recorded
    now: datetime
    duration: timedelta
    found: dict[str, datetime] = field(default_factory=dict)

    def ready(self, desired: Desired) -> Mapping[str, datetime]:
        """Return when each job that waits for others can go, as far as their ends are known."""
        for rest, first in canaries_under_way(self.planned, desired):
            self._wait(rest, first)
        # In this order each comes after those that it waits for.
        for address in desired.following:
            if (action := self.planned.get(address)) and action.reason is _R.WAITS_FOR:
                self._wait([address], action.depends_on)
        return self.found

    def _wait(self, waiting: Iterable[str], sources: Sequence[str]) -> None:
        ends = [self._end(source) for source in sources]
        known = [end for end in ends if end]
        if known and len(known) == len(ends):
            self.found |= dict.fromkeys(waiting, max(known))

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
