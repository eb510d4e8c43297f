"""Observing and planning: what is on record, what the service shows, and the plan that follows from both."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.binding import Binding, mismatches
from eocanvas_apply.ledger.events import JobObserved
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.moves import see_moves
from eocanvas_apply.planning.state.notes import notes

if TYPE_CHECKING:
    from eocanvas_apply.ledger.events import AnyEvent
    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.observing.observer import Observer
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.planning.drift import Drifted
    from eocanvas_apply.planning.plan import Plan, Requests
    from eocanvas_apply.planning.state.observed import Observed
    from eocanvas_apply.service.eocanvas import EOCanvas

# Gives a plan's diagnostics their places in the manifest, and the severities that it sets.
Review = Callable[[Iterable[Diagnostic]], tuple[Diagnostic, ...]]
# Returns how the results on record that lie in storages are not as they were.
LookIntoStorages = Callable[[Recorded], Awaitable["Sequence[Drifted]"]]


class Survey(Struct, frozen=True):
    """One observation: the plan, what it was made from, and the jobs whose status has changed since the last one."""

    plan: Plan
    observed: Observed
    changed: Sequence[JobObserved]


class Surveyor(Struct):
    """Observes and plans for one run; it records only facts, and only when asked to. `last` is what it saw last."""

    desired: Desired
    service: EOCanvas
    journal: Journal
    observer: Observer
    review: Review = tuple
    # Facts of a plan that was only shown: folded into the record, but not in the ledger before something is applied.
    _unrecorded: list[AnyEvent] = field(default_factory=list)
    last: Survey | None = None

    @property
    def binding(self) -> Binding:
        """What a ledger of this run is bound to."""
        desired, service = self.desired, self.service
        return Binding(desired.project, service.endpoints.base_url, service.account, desired.environment)

    async def recorded(self) -> Recorded:
        """Return what is on record, under the addresses that the manifest has moved it to.

        Raises LedgerError where the ledger is unreadable or belongs to something else.
        """
        recorded = await self._read()
        see_moves(self.desired, recorded, self.journal.ahead)
        return recorded

    async def keep(self) -> None:
        """Keep a snapshot of the ledger, where it saves the next run much. Raises what `recorded` does."""
        await self._read()
        # A snapshot holds what the ledger holds, and not what an earlier plan of this engine noted.
        if not self._unrecorded and not self.journal.ahead.moves:
            await self.journal.keep()

    async def _read(self) -> Recorded:
        recorded = await self.journal.refresh()
        if recorded.opened:
            faults = mismatches(recorded.opened, self.binding, self.journal.url)
            if faults:
                raise LedgerError(*faults)
        return recorded

    async def survey(self, requests: Requests) -> Survey:
        """Observe and plan; nothing is written anywhere. Raises ServiceError, CredentialsError and LedgerError."""
        recorded, observed = await self._look(requests)
        made, _, changed = self._planned(requests, recorded, observed)
        self.last = Survey(made, observed, changed)
        return self.last

    async def drift(self, requests: Requests, look: LookIntoStorages) -> tuple[Plan, tuple[Drifted, ...]]:
        """Observe, and return the plan and where what is there now is not as recorded. Raises what `survey` does."""
        from eocanvas_apply.planning.drift import drift, with_plan

        recorded, observed = await self._look(requests)
        found = drift(recorded, observed, await look(recorded))
        made, facts, _ = self._planned(requests, recorded, observed)
        return made, with_plan(found, made.actions, facts, recorded)

    async def _look(self, requests: Requests) -> tuple[Recorded, Observed]:
        recorded = await self.recorded()
        # The planner and its fifty modules take 60 ms to import: at the first look, while the service answers.
        imported = asyncio.create_task(asyncio.to_thread(_planner)) if self.last is None else None
        try:
            observed = await self.observer.observe(self.desired, recorded, requests.relaunch)
        finally:
            if imported:
                await imported
        self.service.outages.ends()
        return recorded, observed

    def _planned(
        self, requests: Requests, recorded: Recorded, observed: Observed
    ) -> tuple[Plan, Sequence[AnyEvent], Sequence[JobObserved]]:
        """Note what the observation adds to the record; return the plan, those facts, and the jobs that changed."""
        facts = notes(self.desired, recorded, observed)
        changed = _changed(facts, recorded)
        recorded.note(facts)
        self._unrecorded += facts
        made = _planner()(self.desired, requests, recorded, observed)
        moves = () if requests.cancel else self.journal.ahead.pairs
        return replace(made, diagnostics=self.review(made.diagnostics), moves=moves), facts, changed

    async def put_on_record(self, requests: Requests) -> Sequence[AnyEvent]:
        """Append the facts that the ledger does not have yet, and return them.

        Moves are recorded by what the manifest asks for, not where jobs are only stopped.
        """
        moves = () if requests.cancel else self.journal.ahead.moves
        facts, self._unrecorded = [*moves, *self._unrecorded], []
        if facts:
            await self.journal.record(*facts)
        return facts


def _planner() -> Callable[[Desired, Requests, Recorded, Observed], Plan]:
    from eocanvas_apply.planning.planner import plan

    return plan


def _changed(facts: Iterable[AnyEvent], recorded: Recorded) -> list[JobObserved]:
    # The status and why it failed are two facts of one job: the later one tells both.
    latest = {fact.job_id: fact for fact in facts if isinstance(fact, JobObserved)}
    return [fact for fact in latest.values() if fact.failure or _status_of(fact, recorded) != fact.status]


def _status_of(fact: JobObserved, recorded: Recorded) -> str | None:
    # A job may be found and observed in one look: then it is not on record yet.
    record = recorded.jobs.get(fact.address)
    run = record.runs.get(fact.job_id) if record else None
    return run.status if run else None
