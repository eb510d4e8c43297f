"""How many jobs run at the same time, whoever launched them, and how long one may be expected to take."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from statistics import median

from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.schedule.windows import Running
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.reconciling import Evidence, Verdict
from eocanvas_apply.planning.state.runs import STUCK, in_flight
from eocanvas_apply.vocabulary import is_under_way

_USUAL = timedelta(minutes=4)
_SHORTEST = timedelta(seconds=1)
# So many jobs of the last month tell how long one takes; to read a long ledger for it would take too long.
_LATELY, _ENOUGH = timedelta(days=30), 200


def running(desired: Desired, recorded: Recorded, observed: Observed, evidence: Evidence) -> Running | None:
    """Return how many may run and what runs now, None without `max_running`.

    The limit is one of the account: jobs that others launched count, and so does a launch whose answer is open. What
    is under way for more than a day is lost, and holds nobody back.
    """
    if desired.max_running is None:
        return None
    begun = (*_ours(recorded, observed, evidence), *_others(recorded, observed), *_open(recorded, evidence))
    young = tuple(sorted(time for time in begun if observed.at - time <= STUCK))
    return Running(desired.max_running, usual_duration(recorded, observed.at), young)


def usual_duration(recorded: Recorded, now: datetime) -> timedelta:
    """Return the median time from creation to end of this project's last jobs, 4 min as long as none has ended."""
    return median_duration(recorded, now) or _USUAL


def median_duration(recorded: Recorded, now: datetime) -> timedelta | None:
    """Return the median time from creation to end of this project's last jobs, None as long as none has ended."""
    since = now - _LATELY
    spans = (r.finished - r.created for _, r in recorded.runs() if r.finished and r.created and r.created > since)
    times = [span.total_seconds() for span in islice(spans, _ENOUGH)]
    return max(_SHORTEST, timedelta(seconds=median(times))) if times else None


def _ours(recorded: Recorded, observed: Observed, evidence: Evidence) -> Iterator[datetime]:
    for _, run in in_flight(recorded, evidence.timing, observed.at):
        yield run.created or observed.at


def _others(recorded: Recorded, observed: Observed) -> Iterator[datetime]:
    for job in observed.jobs.jobs.values():
        if job.job_id not in recorded.owner_of and is_under_way(job.status):
            yield job.created or observed.at


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
