"""When jobs may be launched: several sliding windows at once, a number of jobs that may run, and what a 429 closed.

A unit of a window is used when its job is created and comes back one period later. Which other windows the service
keeps is learned only from its refusals.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from msgspec import Struct

from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord
from eocanvas_apply.planning.desired.desired import MARGIN, Limit
from eocanvas_apply.planning.plan import WindowState
from eocanvas_apply.planning.state.observed import ObservedJob
from eocanvas_apply.vocabulary import is_under_way

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_FIRST_PROBE, _LONGEST_PROBE = timedelta(minutes=1), timedelta(minutes=15)
# No quota of the service is longer than a month; an answer that asks for more is not meant.
_LONGEST_CLOSURE = timedelta(days=31)


class Running(Struct, frozen=True):
    """At most `most` jobs at the same time; `created` of those in flight, `duration` (above 0) an estimate of one."""

    most: int
    duration: timedelta
    created: tuple[datetime, ...] = ()

    def __post_init__(self) -> None:
        if self.duration <= timedelta():
            raise ValueError("a job takes some time")

    @property
    def room(self) -> int:
        """How many more jobs may run now."""
        return max(0, self.most - len(self.created))

    def ends(self, at: datetime) -> list[datetime]:
        """Return when the jobs in flight may be expected to end; one that is overdue, any moment."""
        return [max(created + self.duration, at + MARGIN) for created in self.created]


class Windows(Struct, frozen=True):
    """What holds launches back; `used` are the creations that count, sorted. Without limits nothing does."""

    limits: tuple[Limit, ...] = ()
    used: tuple[datetime, ...] = ()
    running: Running | None = None
    closed_until: datetime | None = None

    def __post_init__(self) -> None:
        if any(later < earlier for earlier, later in zip(self.used, self.used[1:], strict=False)):
            raise ValueError("the creations that count must be sorted")

    def counted(self, limit: Limit, at: datetime) -> int:
        """Return how many units of one window are used at this moment."""
        return len(self.used) - bisect_right(self.used, at - limit.span)

    def schedule(self, launches: int, at: datetime, ready: Sequence[datetime] = ()) -> list[datetime]:
        """Return when each of so many launches may happen at the soonest, `at` or later, each of them counted.

        Behind them stand launches that cannot go before the moments in `ready`, sorted. No schedule can have its k-th
        launch earlier, for any k. Costs O(log n) for each moment at which launches go together, and window.
        """
        slots = list(self._slots(at))
        now = max(at, self.closed_until or at)
        times: list[datetime] = []
        for release, left in ((at, launches), *((moment, 1) for moment in ready)):
            now = max(now, release)
            while left:
                for slot in slots:
                    now = slot.opens(now)
                together = min([left, *(slot.free_at(now) for slot in slots)])
                for slot in slots:
                    slot.take(now, together)
                times += [now] * together
                left -= together
        return times

    def _slots(self, at: datetime) -> Iterator[_Slots]:
        for limit in self.limits:
            yield _Slots.of(limit.jobs, limit.span, [_after(each, limit.span) for each in self.used[-limit.jobs :]])
        if self.running:
            ends = sorted(self.running.ends(at))[-self.running.most :]
            yield _Slots.of(self.running.most, self.running.duration, ends)

    def states(self, at: datetime) -> tuple[WindowState, ...]:
        """Return how much of each window is used, and when the next unit comes back."""
        return tuple(self._state(limit, at) for limit in self.limits)

    def _state(self, limit: Limit, at: datetime) -> WindowState:
        used = self.counted(limit, at)
        next_free = _after(self.used[-used], limit.span) if used else None
        return WindowState(limit.jobs, limit.per, used, max(0, limit.jobs - used), next_free)


def _after(at: datetime, span: timedelta) -> datetime:
    """Return the moment so much later; the last of the calendar where it has no later one."""
    return at + span if at < _END_OF_TIME - span else _END_OF_TIME


class _Slots(Struct):
    """The slots that are `free`, and the moments at which others come back with their number, the earliest on top."""

    span: timedelta
    free: int
    heap: list[tuple[datetime, int]]

    @classmethod
    def of(cls, size: int, span: timedelta, taken: Sequence[datetime]) -> _Slots:
        """Return so many slots, of which some come back at these moments, sorted."""
        return cls(span, size - len(taken), [(back, 1) for back in taken])

    def opens(self, at: datetime) -> datetime:
        """Return when a slot is free, `at` or later."""
        return at if self.free else max(at, self.heap[0][0])

    def free_at(self, at: datetime) -> int:
        """Return how many slots are free at this moment, which is no earlier than that of the question before."""
        while self.heap and self.heap[0][0] <= at:
            self.free += heappop(self.heap)[1]
        return self.free

    def take(self, at: datetime, number: int) -> None:
        """Take so many slots."""
        self.free -= number
        # A forecast may lie behind the end of the calendar.
        heappush(self.heap, (_after(at, self.span), number))


def closed_until(at: datetime, windows: Windows, retry_after: float | None, refusals: int) -> datetime:
    """Return until when a 429 answered at `at` closes the launches.

    `retry_after` is what the answer asked for in seconds (Retry-After or X-Quota-Reset), `refusals` how many launches
    in a row were refused for quota, this one included. Without a word from the service it is until the oldest
    counted job leaves the shortest window, and where no job counts, a probe after 1, 2, 4 ... 15 min.
    """
    if retry_after is not None and retry_after > 0:
        return at + timedelta(seconds=min(retry_after, _LONGEST_CLOSURE.total_seconds()))
    shortest = min(windows.limits, key=lambda limit: limit.per, default=None)
    used = windows.counted(shortest, at) if shortest else 0
    if shortest and used:
        return windows.used[-used] + shortest.span
    return at + min(_FIRST_PROBE * (1 << min(max(refusals, 1) - 1, 10)), _LONGEST_PROBE)


def creations(
    records: Mapping[str, JobRecord], listed: Mapping[str, ObservedJob], at: datetime, longest: timedelta
) -> tuple[datetime, ...]:
    """Return, sorted, when each job was created that can still count in a window of length `longest`.

    Every job counts once, whether the service lists it or the ledger (`records`) knows it, and each unsettled intent
    as if it were sent at the last moment. A job without a stamp counts from now as long as it may be in flight.
    """
    known = {job.job_id: _created(job, at) for job in listed.values()}
    since = at - longest - MARGIN
    recorded = (time for record in records.values() for time in _recorded(record, known, at))
    return tuple(sorted(time for time in (*known.values(), *recorded) if time and time > since))


def _created(job: ObservedJob, at: datetime) -> datetime | None:
    unknown = at if is_under_way(job.status) else None
    return job.created or job.started or job.finished or unknown


def _recorded(record: JobRecord, known: Mapping[str, object], at: datetime) -> Iterator[datetime | None]:
    for run in record.runs.values():
        if known.get(run.job_id) is None:
            unknown = at if run.in_flight else None
            yield run.created or run.started or _sent(record, run.intent, at) or unknown
    yield from (_intended(intent, at) for intent in record.intents.values() if intent.state is IntentState.OPEN)


def _sent(job: JobRecord, intent: str | None, at: datetime) -> datetime | None:
    made = job.intents.get(intent or "")
    return _intended(made, at) if made and made.intended else None


def _intended(intent: Intent, at: datetime) -> datetime:
    return intent.intended.send_before if intent.intended else at


def longest(limits: Iterable[Limit]) -> timedelta:
    """Return the length of the longest window; nothing where there is none."""
    return max((limit.per for limit in limits), default=timedelta())


def per_day(times: Sequence[datetime]) -> dict[str, int]:
    """Return how many launches fall on each day (UTC), by its date, in order."""
    return {day.isoformat(): launches for day, launches in Counter(time.date() for time in times).items()}
