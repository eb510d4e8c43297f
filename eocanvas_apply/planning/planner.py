"""The planner: (desired, requests, recorded, observed) in, one complete plan out. No I/O, no clock, no chance."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.actions import ActionKind
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.findings.renames import or_renamed, proposed_moves
from eocanvas_apply.planning.findings.warnings import warnings
from eocanvas_apply.planning.jobs.cancelling import cancellations
from eocanvas_apply.planning.jobs.following import followed
from eocanvas_apply.planning.jobs.holding import held
from eocanvas_apply.planning.jobs.job_planner import JobPlanner
from eocanvas_apply.planning.jobs.ordering import Ordering
from eocanvas_apply.planning.jobs.selecting import limited, selected, selected_keys
from eocanvas_apply.planning.keys.key_planner import KeyPlanner
from eocanvas_apply.planning.keys.needs import PlannedKeys, after_keys, needed_keys
from eocanvas_apply.planning.plan import Origin, Plan, PlannedAction, Requests
from eocanvas_apply.planning.protection import lifted_protection, protection
from eocanvas_apply.planning.safety import overruled, refusals
from eocanvas_apply.planning.schedule.outlook import forecast, renewals, wake
from eocanvas_apply.planning.schedule.pacing import expected, paced, running, windows_of
from eocanvas_apply.planning.schedule.windows import Windows
from eocanvas_apply.planning.state.lineage import as_launched
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.order_book import OrderBook
from eocanvas_apply.planning.state.reconciling import Evidence
from eocanvas_apply.planning.state.runs import occupancy


def plan(desired: Desired, requests: Requests, recorded: Recorded, observed: Observed) -> Plan:
    """Return what is to be done, for every address that is desired or recorded.

    `recorded` must hold the notes of this observation already; `observed.at` is the plan's now.
    """
    desired = as_launched(desired, recorded)
    evidence = Evidence.of(desired.project, desired.timing, recorded, observed)
    planner = _Planner(desired, requests, recorded, observed, evidence)
    if requests.cancel:
        return Plan(planner.origin(), observed.at, cancellations(requests, recorded, evidence))
    return planner.plan()


class _Planner(Struct, frozen=True):
    """The stages of a plan. Each takes the actions of the one before, and says of some that they must wait."""

    desired: Desired
    requests: Requests
    recorded: Recorded
    observed: Observed
    evidence: Evidence

    def origin(self) -> Origin:
        desired, recorded, observed = self.desired, self.recorded, self.observed
        ledger_id = recorded.opened.ledger_id if recorded.opened else None
        names = desired.project, observed.service, observed.account
        return Origin(*names, desired.manifest_digest, ledger_id, recorded.head, desired.environment)

    def plan(self) -> Plan:
        jobs, findings = self._jobs()
        keys = self._keys(jobs)
        desired, recorded, observed = self.desired, self.recorded, self.observed
        under_way = running(desired, recorded, observed, self.evidence)
        windows = windows_of(desired, recorded, observed, under_way)
        book = OrderBook.of(recorded, observed, desired.timing)
        launches = self._scheduled(after_keys(jobs, keys, desired), windows, book)
        ordering = Ordering(book, recorded.orders_closed_until, observed.at)
        actions = _in_order(keys.actions, ordering.with_orders(launches, desired.jobs))
        # Asked for first: what has only a new name is not lost.
        renamed = () if self.requests.destroy else tuple(proposed_moves(desired, recorded))
        lost = (
            *refusals(desired, self.requests, recorded, observed, actions),
            *protection(desired, recorded, self.requests, actions),
        )
        allowed = (
            *overruled(desired, self.requests, recorded, actions),
            *lifted_protection(desired, recorded, self.requests, actions),
        )
        renewed, now = renewals(desired, recorded, observed, launches), observed.at
        return Plan(
            origin=self.origin(),
            created=now,
            actions=actions,
            diagnostics=(*allowed, *renamed, *keys.faults, *findings, *warnings(desired, recorded, observed, jobs)),
            refusals=tuple(or_renamed(lost, renamed)),
            forecast=forecast(actions, keys.stalled, now, renewed),
            wake=wake(actions, renewed, now),
            windows=windows.states(now),
            ledger_opened_by=recorded.first_accepted,
            desired=desired,
        )

    def _jobs(self) -> tuple[Sequence[PlannedAction], tuple[Diagnostic, ...]]:
        """Each job by itself, then what follows others, then what the command line or a campaign holds back."""
        desired, recorded, observed = self.desired, self.recorded, self.observed
        single = JobPlanner(desired, self.requests, recorded, observed, self.evidence).actions()
        following, unclear = followed(single, desired, recorded, observed)
        jobs, holds = held(selected(following, self.requests), desired, recorded)
        return jobs, (*unclear, *holds)

    def _keys(self, jobs: Sequence[PlannedAction]) -> PlannedKeys:
        """The keys that these jobs need, and what becomes of the others."""
        needed = {} if self.requests.destroy else needed_keys(self.desired, jobs, self.requests)
        occupied = occupancy(self.recorded, self.evidence)
        planner = KeyPlanner(self.desired, self.requests, self.recorded, self.observed, needed, occupied)
        actions = selected_keys(planner.actions(), self.requests)
        return PlannedKeys(actions, tuple(planner.faults()), planner.account_busy, planner.uncompared)

    def _scheduled(self, jobs: Sequence[PlannedAction], windows: Windows, book: OrderBook) -> Sequence[PlannedAction]:
        """Each launch with the moment from which it may go, or may be expected to."""
        failed, desired_jobs, now = self.requests.failed, self.desired.jobs, self.observed.at

        def turn(action: PlannedAction) -> tuple[int, ...]:
            return action.address in failed, book.turn(desired_jobs[action.address])

        going = paced(limited(jobs, self.requests, turn), windows, now, turn)
        most = None if self.requests.limit is None else self.requests.limit - self.requests.launches
        return expected(going, self.desired, self.recorded, windows, now, most)


def _in_order(keys: Sequence[PlannedAction], jobs: Sequence[PlannedAction]) -> tuple[PlannedAction, ...]:
    """Keys before the jobs that name them, deletes last."""
    deletes = [a for a in keys if a.action is ActionKind.DELETE]
    return (*(a for a in keys if a.action is not ActionKind.DELETE), *jobs, *deletes)
