"""The engine: plan, apply and cancel, for one project at one service with one ledger."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import structs

from eocanvas_apply.applying.stopping import Stop
from eocanvas_apply.diagnostics import Severity, error, info
from eocanvas_apply.engine.surveyor import Surveyor
from eocanvas_apply.errors import LedgerConflict, ManifestError, SafetyRefusal, StoppedEarly
from eocanvas_apply.planning.actions import QUIET
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.protection import changes_of_protection
from eocanvas_apply.planning.safety import NewLedger, keys_without_ledger, new_ledger
from eocanvas_apply.planning.state.sent_launches import last_intents, launched_since

if TYPE_CHECKING:
    from eocanvas_apply.applying.session import Session
    from eocanvas_apply.campaign.lock import LockedQuery
    from eocanvas_apply.diagnostics import Diagnostic
    from eocanvas_apply.engine.permission import Permission
    from eocanvas_apply.engine.run import Run
    from eocanvas_apply.engine.surveyor import LookIntoStorages, Review
    from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork, RunsAtWork
    from eocanvas_apply.ledger.events import LedgerOpened
    from eocanvas_apply.ledger.fold.recorded import Recorded
    from eocanvas_apply.ledger.journal import Journal
    from eocanvas_apply.observing.observer import Observer
    from eocanvas_apply.planning.desired.desired import Desired
    from eocanvas_apply.planning.drift import DriftReport
    from eocanvas_apply.planning.plan import Plan
    from eocanvas_apply.planning.state.observed import Observed
    from eocanvas_apply.policy.policy_file import PolicyFile
    from eocanvas_apply.report.progress import ApplyResult, Progress, View
    from eocanvas_apply.report.status import Status
    from eocanvas_apply.service.clock import Clock
    from eocanvas_apply.service.eocanvas import EOCanvas


@dataclass(slots=True)
class Engine:
    """One project at one service with one ledger, for one run.

    `ledger_is_lost_after_run` says that the ledger would not outlive this machine (a local file on CI). `findings`
    are what manifest, rows and secrets give reason to say, `searches` what was found for rows, relative times apart;
    `review` gives the diagnostics of a plan their places in the manifest; `policy_refusals` are what the policy refuses
    of the manifest.
    `required_sealing_key` is the SHA-256 that the service's public key must have, where one is required.
    `parts` are digests of what the digest of the manifest is made of, by words for it.
    `report` gets each event of a run, `show` the state after each look at the service; `runs` knows the other runs;
    `ledger_file` is None for a ledger that is elsewhere, `ledger_beside` a local one of this project that is not used.
    """

    desired: Desired
    service: EOCanvas
    journal: Journal
    observer: Observer
    clock: Clock
    token: Callable[[], str]
    ledger_is_lost_after_run: bool = False
    idle: timedelta = timedelta(minutes=15)
    findings: tuple[Diagnostic, ...] = ()
    searches: tuple[LockedQuery, ...] = ()
    review: Review = tuple
    policy: PolicyFile | None = None
    policy_refusals: tuple[Diagnostic, ...] = ()
    report: Callable[[Progress], None] = lambda progress: None  # noqa: ARG005
    show: Callable[[View], None] | None = None
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    runs: RunsAtWork | None = None
    ledger_file: Path | None = None
    ledger_beside: Path | None = None
    required_sealing_key: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    _surveyor: Surveyor = field(init=False)

    def __post_init__(self) -> None:
        self._surveyor = Surveyor(self.desired, self.service, self.journal, self.observer, self.review)

    async def recorded(self) -> Recorded:
        """Return what is on record, under the addresses that the manifest has moved it to.

        Raises LedgerError where the ledger is unreadable or belongs to something else.
        """
        return await self._surveyor.recorded()

    @property
    def last_status(self) -> Status | None:
        """Where everything stood at the last look at the service, with what is on record now; None before the first."""
        from eocanvas_apply.report.status import status

        last = self._surveyor.last
        return status(last.plan, self.journal.recorded, last.observed) if last else None

    def require_policy(self) -> None:
        """Raise SafetyRefusal with what the policy refuses of the manifest and its rows."""
        if self.policy_refusals:
            raise SafetyRefusal(*self.policy_refusals)

    async def other_runs(self) -> tuple[Diagnostic, ...]:
        """Return what there is to say of other runs that are at work on this ledger; raises LedgerError."""
        return tuple(map(_beside, await self.runs.others(self.service.time.now()) if self.runs else ()))

    async def plan(self, requests: Requests) -> tuple[Plan, Observed]:
        """Return the plan and what it was made from; nothing is written anywhere.

        Raises ServiceError, CredentialsError and LedgerError.
        """
        plan, observed = await self._planned(requests)
        if plan.refusals and not self.journal.recorded.opened and (await self.recorded()).opened:
            # Another run opened the ledger after it was read: the keys that were seen are those of that run.
            plan, observed = await self._planned(requests)
        return plan.with_texts(self._launched_texts(plan.launched_digests)), observed

    def _launched_texts(self, digests: Collection[str]) -> Mapping[str, str]:
        if not digests:
            return {}
        from eocanvas_apply.applying.document_store import kept_texts

        return kept_texts(self.observer.boundary, digests)

    async def _planned(self, requests: Requests) -> tuple[Plan, Observed]:
        survey = await self._surveyor.survey(self._guarding(requests))
        limited = self._within_policy(survey.plan, requests)
        return self._guarded(limited, requests, survey.observed), survey.observed

    async def drift(self, look: LookIntoStorages) -> DriftReport:
        """Return where what is there now is not as recorded; nothing is written anywhere. Raises what `plan` does."""
        from eocanvas_apply.planning.drift import DriftReport

        self.require_policy()
        return DriftReport(*await self._surveyor.drift(Requests(), look))

    async def apply(
        self,
        requests: Requests,
        wait: timedelta | None,
        confirm: Callable[[Plan], None],
        permission: Permission | None = None,
    ) -> ApplyResult:
        """Make it so, if a `permission` allows it. `confirm` raises SafetyRefusal for a plan that is declined.

        Raises ManifestError before anything is sent where a secret of a needed key cannot be read.
        `wait` is how long to wait for jobs in all: None to their end, zero for one turn.
        """
        await self._surveyor.keep()
        requests = structs.replace(self._guarding(requests), applying=True)
        requests = self._remaining(permission, requests) if permission else requests
        first, observed = await self._first(requests)
        if absent := _absent(first, observed):
            raise ManifestError(*absent, *first.refusals)
        if first.refusals:
            renamed = (each for each in first.diagnostics if each.code == "looks-renamed")
            faults = tuple(each for each in first.diagnostics if each.severity is Severity.ERROR)
            raise SafetyRefusal(*first.refusals, *renamed, faults=faults)
        if permission:
            permission.check(first)
        if _needs_consent(first, requests):
            confirm(first)
            await self._accept(first.plan_id if permission is None else permission.plan_id, requests)
        elif permission and permission.plan_id and self._is_of_another_manifest():
            # With nothing to do now, it is what a schedule carries on with.
            await self._accept(permission.plan_id, requests)
        await self._protect(requests)
        async with self.runs.noted(self.token(), self.service.time.now) if self.runs else nullcontext():
            return await self._run(first, self._limited(requests), wait, permission).to_its_end()

    def _limited(self, requests: Requests) -> Requests:
        """Return the requests with what the policy leaves of them for one run."""
        if self.policy is None:
            return requests
        from eocanvas_apply.policy.plan_limits import within_run

        return within_run(self.policy, self.journal.recorded, requests)

    def _remaining(self, permission: Permission, requests: Requests) -> Requests:
        """Return the requests with what a permission allows, and without what was launched since its plan was made."""
        launched = launched_since(permission.intents or {}, self.journal.recorded)
        return structs.replace(permission.added_to(requests), launched=launched, launches=len(launched))

    async def cancel(self, addresses: frozenset[str], confirm: Callable[[Plan], None]) -> ApplyResult:
        """Stop what is in flight of these jobs, and nothing else; `confirm` raises for a plan that is declined.

        No plan is accepted by this: it does not follow from the manifest.
        """
        requests = Requests(cancel=addresses)
        first, _ = await self._first(requests)
        confirm(first)
        return await self._run(first, requests, timedelta()).to_its_end()

    async def _first(self, requests: Requests) -> tuple[Plan, Observed]:
        planned = await Stop(self.stopping).unless(self.plan(requests))
        if planned is None:
            raise StoppedEarly(error("interrupted", "interrupted before anything was changed"))
        return planned

    def session(self) -> Session:
        """Return what every part of applying works with, fresh for one piece of work."""
        from eocanvas_apply.applying.session import Session

        return Session(
            desired=self.desired,
            journal=self.journal,
            service=self.service,
            vault=self.observer.vault,
            clock=self.clock,
            token=self.token,
            boundary=self.observer.boundary,
            report=self.report,
            stopping=self.stopping,
            required_sealing_key=self.required_sealing_key,
        )

    def _run(
        self, first: Plan, requests: Requests, wait: timedelta | None, permission: Permission | None = None
    ) -> Run:
        from eocanvas_apply.engine.pace import Pace
        from eocanvas_apply.engine.run import Run

        pace = Pace(self.clock, wait, self.desired.timing.poll, Stop(self.stopping), self.idle)
        intents = permission.intents if permission else None
        if intents is None:
            intents = last_intents(requests, first, self.journal.recorded)
        covers = permission.covers if permission else lambda _: True
        return Run(self._surveyor, self.session(), requests, first, pace, intents, covers, self.show)

    def _guarding(self, requests: Requests) -> Requests:
        return structs.replace(requests, sealing_key=self.required_sealing_key)

    def _within_policy(self, made: Plan, requests: Requests) -> Plan:
        """Return the plan with what the policy refuses of it."""
        if self.policy is None:
            return made
        from eocanvas_apply.policy.plan_limits import plan_refusals

        found = plan_refusals(self.policy, made, self.journal.recorded, requests)
        return dataclasses.replace(made, refusals=(*made.refusals, *self.policy_refusals, *found))

    def _guarded(self, made: Plan, requests: Requests, observed: Observed) -> Plan:
        """Return the plan with what speaks against opening a ledger for it."""
        if self.journal.recorded.opened:
            return made
        if requests.destroy and (left := keys_without_ledger(self.desired, observed)):
            # Nothing is on record, so that nothing is deleted: whoever takes that for done is told.
            return dataclasses.replace(
                made, diagnostics=(*made.diagnostics, structs.replace(left, severity=Severity.WARNING))
            )
        if not made.changes_pending:
            return made
        lost = self.new_ledger_refusal(requests, observed)
        return dataclasses.replace(made, refusals=(*made.refusals, lost)) if lost else made

    def new_ledger_refusal(self, requests: Requests, observed: Observed, command: str = "apply") -> Diagnostic | None:
        """Return what speaks against opening a new ledger by a command, None where nothing does."""
        place = NewLedger(self.journal.url, self.ledger_beside, lost_after_run=self.ledger_is_lost_after_run)
        return new_ledger(self.desired, requests, observed, place, command)

    async def _protect(self, requests: Requests) -> None:
        """Record what the manifest protects, so that a later one cannot just leave it out."""
        recorded = self.journal.recorded
        if recorded.opened and (changes := [*changes_of_protection(self.desired, recorded, requests)]):
            await self.journal.record(*changes)

    def _is_of_another_manifest(self) -> bool:
        """Whether the plan that was accepted last is of another manifest than this one."""
        accepted = self.journal.recorded.accepted
        return accepted is not None and accepted.manifest_digest != self.desired.manifest_digest

    def opening(self) -> LedgerOpened | None:
        """Return the event that opens the ledger, None where it is open."""
        return None if self.journal.recorded.opened else self._surveyor.binding.event(self.token)

    async def _accept(self, plan_id: str | None, requests: Requests) -> None:
        while opening := self.opening():
            try:
                await self.journal.claim(self.journal.recorded.head, [opening])
            except LedgerConflict:
                # Another run opened it first; it must be bound to the same.
                await self.recorded()
        if plan_id is not None:
            # What was allowed for a part of the manifest is not allowed for the rest of it.
            from eocanvas_apply.ledger.events import PlanAccepted

            allowed, touched = (requests.allowed, requests.unprotected) if requests.only is None else ((), ())
            accepted = PlanAccepted(
                plan_id=plan_id,
                manifest_digest=self.desired.manifest_digest,
                destroys=requests.destroy,
                allowed=tuple(sorted(allowed)),
                unprotected=tuple(sorted(touched)),
            )
            await self.journal.record(accepted)


def _absent(first: Plan, observed: Observed) -> list[Diagnostic]:
    """Return the errors of a plan about secrets that cannot be read."""
    unread = {(fault.code, fault.message) for faults in observed.unreadable.values() for fault in faults}
    return [d for d in first.diagnostics if d.severity is Severity.ERROR and (d.code, d.message) in unread]


def _beside(run: RunAtWork) -> Diagnostic:
    since = f"{run.since:%Y-%m-%d %H:%M:%S} UTC"
    what = f"another run is at work on this ledger since {since} (process {run.process} on {run.host})"
    hint = (
        "a run beside it does what its own plan says, as far as the other has not begun it; "
        "nothing is launched twice; to have one only, end the other where it runs, with Ctrl-C"
    )
    if run.until:
        hint += f"; if it was killed it is shown until {run.until:%H:%M:%S} UTC"
    return info("run-at-work", what, hint)


def _needs_consent(first: Plan, requests: Requests) -> bool:
    """Return whether a plan changes or moves something, now or later, beside results that are left."""
    from eocanvas_apply.report.outcomes import results_left

    left = results_left(first, requests)
    changes = (a.runs_again or a.goes_later or (a.action not in QUIET and a.address not in left) for a in first.actions)
    return bool(first.moves) or any(changes)
