"""The planner: (desired, requests, recorded, observed) in, one complete plan out. No I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from dataclasses import replace
from datetime import datetime
from functools import partial

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.cancelling import cancellations
from eocanvas_apply.planning.desired import EODATA, Desired, key_address
from eocanvas_apply.planning.expected import expected
from eocanvas_apply.planning.holding import held
from eocanvas_apply.planning.jobs import JobPlanner
from eocanvas_apply.planning.keys import KeyPlanner
from eocanvas_apply.planning.needs import needed_keys
from eocanvas_apply.planning.observed import Observed
from eocanvas_apply.planning.orders import OrderBook, ordered_from, with_orders
from eocanvas_apply.planning.outlook import renewals
from eocanvas_apply.planning.pacing import paced, windows_of
from eocanvas_apply.planning.pipelines import as_launched, followed
from eocanvas_apply.planning.plan import (
    LAUNCHES,
    ActionKind,
    Forecast,
    Origin,
    Plan,
    PlannedAction,
    Reason,
    Renewal,
    Requests,
)
from eocanvas_apply.planning.reconciling import Evidence
from eocanvas_apply.planning.running import running
from eocanvas_apply.planning.runs import occupancy
from eocanvas_apply.planning.safety import refusals
from eocanvas_apply.planning.selecting import limited, selected, selected_keys
from eocanvas_apply.planning.warnings import lost_results, warnings

_USABLE = {Reason.UNCHANGED, Reason.EXISTING}
# A key of which a plan says so may stay as it is for as long as it likes.
_STALLED = {Reason.CANNOT_TELL, Reason.DRAINING}


def plan(desired: Desired, requests: Requests, recorded: Recorded, observed: Observed, origin: Origin) -> Plan:
    """Return what is to be done, for every address that is desired or recorded.

    `recorded` must hold the notes of this observation already; `observed.at` is the plan's now.
    """
    desired = as_launched(desired, recorded)
    evidence = Evidence.of(desired.project, desired.timing, recorded, observed)
    if requests.cancel:
        return Plan(origin, observed.at, cancellations(requests, recorded, evidence))
    planned = JobPlanner(desired, requests, recorded, observed, evidence).actions()
    following, unclear = followed(planned, desired, recorded, observed)
    jobs, holds = held(selected(following, requests), desired, recorded)
    needed = {} if requests.destroy else needed_keys(desired, jobs, requests.only)
    occupied = occupancy(recorded, evidence)
    planner = KeyPlanner(desired, requests, recorded, observed, needed, occupied)
    keys = selected_keys(planner.actions(), requests)
    faults = planner.faults()
    windows = windows_of(desired, recorded, observed, running(desired, recorded, observed, evidence))
    book = OrderBook.of(recorded, observed, desired.timing)
    turn = partial(_turn, desired, requests, book)
    turns = limited(_after_keys(desired, jobs, _unusable(keys, faults)), requests, turn)
    launchable = expected(paced(turns, windows, observed.at, turn), desired, recorded, windows, observed.at)
    ordered = with_orders(launchable, desired.jobs, book, recorded.orders_closed_until, observed.at)
    actions = _in_order(keys, ordered)
    renewed = renewals(desired, recorded, observed, launchable)
    stalled = {a.address for a in keys if a.reason in _STALLED} | {f.address for f in faults if f.address}
    return Plan(
        origin=origin,
        created=observed.at,
        actions=actions,
        diagnostics=(
            *(*faults, *unclear, *holds),
            *(*warnings(desired, recorded, observed), *lost_results(recorded, jobs)),
        ),
        refusals=refusals(desired, requests, recorded, actions),
        forecast=_forecast(actions, stalled, observed.at, renewed),
        wake=_wake(actions, renewed, observed.at),
        windows=windows.states(observed.at, sum(a.lies_ahead for a in launchable)),
    )


def _turn(desired: Desired, requests: Requests, book: OrderBook, action: PlannedAction) -> tuple[int, ...]:
    return action.address in requests.failed, book.turn(desired.jobs[action.address])


def _unusable(keys: Iterable[PlannedAction], faults: Iterable[Diagnostic]) -> frozenset[str]:
    usable = {a.address for a in keys if a.action is ActionKind.NONE and a.reason in _USABLE and a.task is None}
    waiting = {a.address for a in keys} - usable
    return frozenset(waiting | {f.address for f in faults if f.address})


def _after_keys(desired: Desired, jobs: list[PlannedAction], unusable: frozenset[str]) -> list[PlannedAction]:
    waits = {action.address: _waits_for(desired, action, unusable) for action in jobs if action.action in LAUNCHES}
    return [replace(action, depends_on=keys) if (keys := waits.get(action.address)) else action for action in jobs]


def _waits_for(desired: Desired, action: PlannedAction, unusable: frozenset[str]) -> tuple[str, ...]:
    named = desired.jobs[action.address].keys
    return tuple(address for address in named if address != key_address(EODATA) and address in unusable)


def _in_order(keys: list[PlannedAction], jobs: list[PlannedAction]) -> tuple[PlannedAction, ...]:
    """Keys before the jobs that name them, deletes last."""
    deletes = [a for a in keys if a.action is ActionKind.DELETE]
    return (*(a for a in keys if a.action is not ActionKind.DELETE), *jobs, *deletes)


def _forecast(
    actions: Iterable[PlannedAction], stalled: Set[str], now: datetime, renewed: tuple[Renewal, ...]
) -> Forecast:
    launches = [a for a in actions if a.action in LAUNCHES or a.lies_ahead]
    # A launch behind a key that this very run creates, or an order, goes now as well.
    held = [a for a in launches if not (a.task or a.awaits) or _is_due_after(a, now) or stalled & {*a.depends_on}]
    ends = max((a.not_before for a in held if a.not_before), default=None)
    return Forecast(launches_now=len(launches) - len(held), waiting=len(held), ends=ends, renewals=renewed)


def _is_due_after(action: PlannedAction, now: datetime) -> bool:
    return action.not_before is not None and action.not_before > now


def _wake(actions: Iterable[PlannedAction], renewed: Iterable[Renewal], now: datetime) -> datetime | None:
    # When a job ends is an estimate: looking at it now and then tells sooner.
    due = [a for a in actions if a.not_before and not a.is_expected]
    known = [time for a in due for time in (a.not_before, ordered_from(a)) if time]
    return min((time for time in [*known, *(renewal.first for renewal in renewed)] if time > now), default=None)


def summary(actions: Iterable[PlannedAction]) -> Mapping[str, int]:
    """Return how many addresses each action has, zeros too."""
    counts = {str(kind): 0 for kind in ActionKind}
    for action in actions:
        counts[action.action] += 1
    return counts
