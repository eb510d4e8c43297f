"""How a run stands at one moment, for a picture that is drawn while it goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.plan import Plan, PlannedAction, campaign_of
from eocanvas_apply.planning.schedule.outlook import launch_times
from eocanvas_apply.planning.schedule.windows import WindowState
from eocanvas_apply.report.phases import Tally, tallies


@dataclass(frozen=True, slots=True)
class KeyEnd:
    """A key that lives, and when it ends."""

    address: str
    ends: datetime


@dataclass(frozen=True, slots=True)
class View:
    """How many jobs of each campaign stand where, when the next launch can go, how long the keys live.

    `at` is service time. `stored` are the bytes of results here, by campaign (None: single jobs), but for the
    addresses in `fetching`, whose results are on their way.
    """

    at: datetime
    tallies: tuple[Tally, ...]
    stored: Mapping[str | None, int]
    fetching: frozenset[str]
    keys: tuple[KeyEnd, ...]
    windows: tuple[WindowState, ...]
    waiting: int
    next_launch: datetime | None
    last_launch: datetime | None


def view(plan: Plan, recorded: Recorded) -> View:
    """Return how a run stands by its last plan."""
    fetching = frozenset(a.address for a in plan.actions if a.action is ActionKind.FETCH)
    due = launch_times(plan.actions)
    return View(
        at=plan.created,
        tallies=tuple(tallies(plan.actions)),
        stored=_stored(recorded, fetching),
        fetching=fetching,
        keys=tuple(_ends(plan.actions, recorded)),
        windows=plan.windows,
        waiting=plan.forecast.waiting,
        next_launch=due[0] if due else None,
        last_launch=plan.forecast.ends,
    )


def _stored(recorded: Recorded, fetching: frozenset[str]) -> Mapping[str | None, int]:
    found: dict[str | None, int] = {}
    for address, record in recorded.jobs.items():
        if address not in fetching and (size := _bytes(record)):
            campaign = campaign_of(address)
            found[campaign] = found.get(campaign, 0) + size
    return found


def _bytes(record: JobRecord) -> int:
    # Only those of the youngest run are in the job's folder.
    youngest = next((run for run in reversed(record.runs.values()) if run.stored), None)
    run = record.finished or youngest
    return sum(stored.size for stored in run.stored.values()) if run else 0


def _ends(actions: Iterable[PlannedAction], recorded: Recorded) -> Iterator[KeyEnd]:
    for action in actions:
        record = recorded.keys.get(action.address)
        current = record.current if record else None
        if current and current.created and current.created.expires:
            yield KeyEnd(action.address, current.created.expires)
