"""What every part of applying works with: the ledger, the service, the secrets, time and chance, progress."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from eocanvas_apply.applying.notices import Notices, outage_reporter
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.planning.actions import Outcome
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.report.progress import Happening, Progress, Transfer
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.service.clock import Backoff, Clock
from eocanvas_apply.service.eocanvas import EOCanvas

# Requests under way at once: enough to hide the latency, few enough to be polite.
AT_ONCE = 16
# Claims in one append: one sync for many, and still few enough to be sent within half a minute when an answer takes two
# seconds. What is not sent in time is withdrawn, and goes with the next turn.
BATCH = 200


class TooLate(Exception):
    """The moment to send has passed; `reason` is the ledger's word for it."""

    def __init__(self, reason: Literal["stopped", "too-late"]) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Retries:
    """When what failed is tried again in the same run, by address: later each time, and for an hour at most."""

    clock: Clock
    _failing: dict[str, Backoff] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)

    def plan(self, address: str, asked_s: float | None) -> None:
        """Plan another try after a pause, and after `asked_s` seconds; none where it has failed for an hour."""
        pause = self._failing.setdefault(address, Backoff(self.clock)).failed(asked_s)
        if pause is not None:
            self._due[address] = self.clock.now() + pause

    def begin(self, address: str) -> None:
        """Note that the planned try is under way."""
        self._due.pop(address, None)

    def end(self, address: str) -> None:
        """Note that it succeeded, or that nothing is left to try."""
        self._due.pop(address, None)
        self._failing.pop(address, None)

    @property
    def addresses(self) -> tuple[str, ...]:
        """The addresses whose tries are still to come."""
        return tuple(self._due)

    def due(self, address: str) -> bool:
        """Return whether the planned try may begin."""
        return address in self._due and self._due[address] <= self.clock.now()

    def next(self, ready: Iterable[str] = ()) -> timedelta | None:
        """Return how long from now the next try is due, None where none is planned.

        A try whose time has come counts only where its address is `ready` for it.
        """
        now, ready = self.clock.now(), {*ready}
        return min((time - now for address, time in self._due.items() if time > now or address in ready), default=None)


@dataclass(slots=True)
class Session:
    """One run of applying. `failures` holds what went wrong by address; `stopping` is set by the first Ctrl-C.

    `launched` are the addresses that it launched, `intents` those of its claims to launch, by the claim's id;
    `dismissed` the ids of the jobs that it has asked the service to stop. `begun` is service time; `dataset_terms` are
    the licences of datasets as far as they were asked for.
    """

    desired: Desired
    journal: Journal
    service: EOCanvas
    vault: Vault
    clock: Clock
    token: Callable[[], str]
    boundary: Boundary
    report: Callable[[Progress], None]
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    required_sealing_key: str | None = None
    failures: dict[str, Diagnostic] = field(default_factory=dict)
    retries: Retries = field(init=False)
    notices: Notices = field(init=False)
    launches_stopped: bool = False
    launched: set[str] = field(default_factory=set)
    intents: dict[str, str] = field(default_factory=dict)
    dismissed: set[str] = field(default_factory=set)
    quota_refusals: int = 0
    order_refusals: int = 0
    dataset_terms: dict[str, list[str]] = field(default_factory=dict)
    accepted_terms: set[str] = field(default_factory=set)
    begun: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.retries = Retries(self.clock)
        self.notices = Notices(self.clock)
        self.begun = self.now()
        self.service.outages.listener = outage_reporter(self.report)

    @property
    def folder(self) -> Path:
        """The manifest's folder."""
        return self.boundary.folder

    def now(self) -> datetime:
        """Return service time."""
        return self.service.time.now()

    def report_event(
        self, address: str, happening: Happening, detail: str = "", *, transfer: Transfer | None = None
    ) -> None:
        """Report one event, or how far the results of an address are."""
        self.report(Progress(self.now(), address, happening, detail, transfer=transfer))

    def fail(self, address: str, diagnostic: Diagnostic, *, again: bool = False, wait: float | None = None) -> None:
        """Keep a failure of an address; `again` where a later try may succeed, after `wait` seconds at least.

        It is reported at once; the same one of the next tries only every few minutes.
        """
        self.failures[address] = diagnostic
        if again:
            self.retries.plan(address, wait)
        if self.notices.due(address, diagnostic.code):
            self.report_event(address, Happening.FAILED, diagnostic.message)

    def begin(self, address: str) -> None:
        """Forget how the last try of an address ended: it is tried again."""
        self.failures.pop(address, None)
        self.retries.begin(address)

    def succeeded(self, address: str) -> None:
        """Note that an address succeeded: a later failure of it would be another one."""
        self.failures.pop(address, None)
        self.retries.end(address)
        self.notices.over(address)

    def drop_solved(self, planned: Mapping[str, PlannedAction]) -> None:
        """Drop failures whose cause is gone before their next try: nothing is left to do there."""
        for address in self.retries.addresses:
            action = planned.get(address)
            # Results that are gone are no failure to try again.
            if action is None or action.row.outcome is Outcome.DONE or action.reason is Reason.RESULTS_GONE:
                self.succeeded(address)

    @property
    def launches(self) -> int:
        """How many jobs this run has launched, or may have."""
        jobs = self.journal.recorded.jobs
        found = (jobs[a].intents.get(intent) for intent, a in self.intents.items() if a in jobs)
        return sum(1 for intent in found if intent and intent.state in (IntentState.OPEN, IntentState.SUBMITTED))

    @property
    def given_up(self) -> frozenset[str]:
        """The addresses that this run does not try any more."""
        return frozenset(self.failures.keys() - {*self.retries.addresses})

    def may_try(self, address: str) -> bool:
        """Return whether it has not failed, or failed in a way that is worth another try by now."""
        return address not in self.failures or self.retries.due(address)

    async def claim(self, decided_on: int, events: Sequence[AnyEvent]) -> None:
        """Put on record what is about to be done; raises LedgerConflict when another run came between."""
        if self.stopping.is_set():
            raise TooLate("stopped")
        await self.journal.claim(decided_on, events)

    def deadline(self) -> Callable[[], None]:
        """Start the time within which a decision must be sent; the returned check raises TooLate when it is over.

        A laptop that slept stops the monotonic clock, a corrected clock moves the wall's: the larger counts.
        """
        wall, monotonic = self.clock.now(), self.clock.monotonic()

        def check() -> None:
            elapsed = max((self.clock.now() - wall).total_seconds(), self.clock.monotonic() - monotonic)
            if self.stopping.is_set():
                raise TooLate("stopped")
            if elapsed > self.desired.timing.send_within.total_seconds():
                raise TooLate("too-late")

        return check


async def at_once(jobs: Sequence[Callable[[], Awaitable[None]]], limit: int = AT_ONCE) -> None:
    """Run all, a few at a time, each to its end; then raise the first thing that went wrong, if any did."""
    gate = asyncio.Semaphore(limit)

    async def one(job: Callable[[], Awaitable[None]]) -> None:
        async with gate:
            await job()

    outcomes = await asyncio.gather(*(one(job) for job in jobs), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
