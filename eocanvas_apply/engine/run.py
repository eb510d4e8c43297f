"""One run: observe, plan, apply what can be done now and wait, until nothing is left."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import structs

from eocanvas_apply.applying.leftovers import remove_leftovers
from eocanvas_apply.applying.results.downloads import Downloads
from eocanvas_apply.errors import EocanvasApplyError, LedgerConflict, SafetyRefusal, ServiceError
from eocanvas_apply.ledger.events import JobObserved, Moved
from eocanvas_apply.planning.actions import LAUNCHES, ActionKind, Outcome
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.safety import not_planned
from eocanvas_apply.planning.state.sent_launches import launched_since
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.report.outcomes import endings, results, results_left, results_pending, standing
from eocanvas_apply.report.progress import ApplyResult, Ending, Happening, Progress, results_here, view
from eocanvas_apply.report.result_places import places
from eocanvas_apply.vocabulary import OgcStatus, has_ended

if TYPE_CHECKING:
    from eocanvas_apply.applying.session import Session
    from eocanvas_apply.engine.pace import Pace
    from eocanvas_apply.engine.surveyor import Survey, Surveyor
    from eocanvas_apply.planning.plan import Plan, PlannedAction, Requests
    from eocanvas_apply.planning.state.sent_launches import Intents
    from eocanvas_apply.report.progress import View

# A plan of this age is carried out as it stands: another observation would show the same.
_FRESH = timedelta(seconds=5)
# For so long a run waits for a job of which the service does not show readably how it stands.
_UNCLEAR = timedelta(hours=1)


@dataclass(slots=True)
class Run:
    """One run from its first plan to its result. `show` gets the state after each look at the service.

    `intents` are the last launches when what it carries out was planned, and `covers` tells of an action that a later
    look asks for whether it was allowed.
    """

    surveyor: Surveyor
    session: Session
    requests: Requests
    first: Plan
    pace: Pace
    intents: Intents
    covers: Callable[[PlannedAction], bool]
    show: Callable[[View], None] | None = None
    _downloads: Downloads = field(init=False)
    _last: Plan = field(init=False)
    _unlisted: set[str] = field(default_factory=set)
    _view: View | None = field(init=False, default=None)
    # The results that lay here when it began: what it shows is its own.
    _here_before: frozenset[str] = field(init=False, default=frozenset())
    # The jobs that this run saw fail; one that succeeds is listed with its results.
    _failed: set[str] = field(init=False, default_factory=set)
    # The jobs whose logs it found doubtful, which may be long after their results were stored.
    _remarked: set[str] = field(init=False, default_factory=set)
    # The jobs of which it recorded something new.
    _news: set[str] = field(init=False, default_factory=set)
    # Each address as it first stood, also those that arose on the way.
    _first_seen: dict[str, PlannedAction] = field(init=False)
    _run_again: frozenset[str] = field(init=False)
    # Since when the status of a job is unclear, by address.
    _unclear: dict[str, datetime] = field(default_factory=dict)
    _fault: EocanvasApplyError | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._downloads = Downloads(self.session)
        self._last, self._first_seen = self.first, self.first.by_address()
        self._run_again = self.first.run_again

    async def to_its_end(self) -> ApplyResult:
        """Go round until nothing is left, the time is over or the run is stopped."""
        if self.show:
            self._here_before = results_here(self.session.journal.recorded)
        try:
            await self._unless_broken_off(self._rounds())
            await self._unless_broken_off(self._close())
        finally:
            await self._downloads.abandon()
        await asyncio.to_thread(remove_leftovers, self.session.folder, self.session.journal.recorded)
        return self._result()

    async def _unless_broken_off(self, work: Awaitable[None]) -> None:
        """Do the work; keep the first fault that ends the run, for what was done by then has to be reported too."""
        try:
            await work
        except EocanvasApplyError as fault:
            self._fault = self._fault or fault

    async def _close(self) -> None:
        await self._downloads.close(self.pace.stop.grace_left())
        await self._downloads.list_changed(self._failed | self._remarked)

    @property
    def _stopping(self) -> bool:
        return self.session.stopping.is_set()

    async def _rounds(self) -> None:
        await self._downloads.open()
        known = await self._first_plan_holds()
        while not self._stopping:
            fault = None if known else await self._observe()
            known = False
            if fault and not self._hopeful:
                break
            if fault:
                await self._back_off(fault)
                continue
            ready = self._ready()
            if ready and not self._stopping and await self._apply(ready):
                continue
            if not await self._wait():
                break

    async def _first_plan_holds(self) -> bool:
        """Return whether the first plan may be carried out as it stands; a run that came between refuses the claims."""
        if self.session.now() - self.first.created > _FRESH:
            return False
        await self._put_on_record()
        self._show_view()
        return True

    async def _put_on_record(self) -> None:
        """Record what was observed and what moves; report the moves, and keep which jobs have new remarks."""
        for fact in await self.surveyor.put_on_record(self.requests):
            if isinstance(fact, Moved):
                self.session.report_event(fact.address, Happening.MOVED, fact.to)
            elif isinstance(fact, JobObserved):
                self._news.add(fact.address)
                self._remarked |= {fact.address} if fact.remarks else set()

    async def _observe(self) -> ServiceError | None:
        """Observe and plan; return the fault of a service that is silent, or answers unreadably."""
        try:
            survey = await self.pace.stop.unless(self.surveyor.survey(self._current_requests()))
        except ServiceError as fault:
            return fault
        if survey:
            await self._take(survey)
        self.pace.answered()
        return None

    async def _back_off(self, fault: ServiceError) -> None:
        pause = self.pace.back_off(fault)
        self.surveyor.service.outages.goes_on(fault.diagnostics[0], pause)
        self._show_pause(pause)
        await self.pace.sleep(pause)

    @property
    def _hopeful(self) -> bool:
        """Whether anything may come of waiting for the service: not where all that is left depends on what failed."""
        given_up, failures = self.session.given_up, self.session.failures
        ended = standing(self._last, {address: failures[address] for address in given_up})
        return Outcome.WAITING in ended.values()

    async def _take(self, survey: Survey) -> None:
        for fact in survey.changed:
            if not self._reported_as_dismissed(fact):
                failure, line, at = fact.failure, fact.failure_line, survey.observed.at
                event = Progress(at, fact.address, Happening.STATUS, fact.status, failure=failure, failure_line=line)
                self.session.report(event)
            if has_ended(fact.status) and fact.status != OgcStatus.SUCCESSFUL:
                self._failed.add(fact.address)
        await self._put_on_record()
        self._last, planned = survey.plan, survey.plan.by_address()
        self._first_seen |= {address: action for address, action in planned.items() if address not in self._first_seen}
        self.session.drop_solved(planned)
        self._report_unlisted()
        owners, now = self.session.journal.recorded.owner_of, self.pace.clock.now()
        unclear = {owners[job_id] for job_id in survey.observed.unclear if job_id in owners}
        self._unclear = {address: self._unclear.get(address, now) for address in unclear}
        self._show_view()

    def _reported_as_dismissed(self, fact: JobObserved) -> bool:
        """Return whether it only confirms that a job was dismissed, which was reported when it was done."""
        record = self.session.journal.recorded.jobs.get(fact.address)
        run = record.runs.get(fact.job_id) if record else None
        done = run is not None and run.dismissed is not None and run.dismissed.supported
        return done and fact.status == OgcStatus.DISMISSED

    def _report_unlisted(self) -> None:
        """Say once of each job that it lists no results, and until when they are looked for."""
        for action in self._last.actions:
            if action.lists_nothing and action.not_before and action.address not in self._unlisted:
                self._unlisted.add(action.address)
                self.session.report_event(action.address, Happening.UNLISTED, f"{action.not_before:%H:%M:%S} UTC")

    def _show_view(self) -> None:
        if self.show:
            self._view = view(self._last, self.session.journal.recorded, self._here_before)
            self.show(self._view)

    def _show_pause(self, pause: timedelta) -> None:
        if self.show and self._view:
            self.show(structs.replace(self._view, look_in=pause))

    def _current_requests(self) -> Requests:
        """Return what is asked for, with what this run has done of it."""
        session = self.session
        # What another run has launched meanwhile is done too.
        others = launched_since(self.intents, session.journal.recorded) - session.launched
        return structs.replace(
            self.requests,
            launches_stopped=session.launches_stopped,
            launched=others | session.launched,
            launches=session.launches + len(others),
            failed=session.given_up,
            dismissed=frozenset(session.dismissed),
        )

    def _ready(self) -> list[PlannedAction]:
        """Return what can be done now; what failed for good is not tried again in this run."""
        left = results_left(self._last, self.requests)
        now, agreed = self._last.created, self._agreed
        ready = (a for a in self._last.actions if a.ready(now) and agreed(a) and self.session.may_try(a.address))
        return [a for a in ready if a.address not in left and not self._downloads.under_way(a.address)]

    def _agreed(self, action: PlannedAction) -> bool:
        """Return whether the first plan showed it: a job may have been launched with another definition meanwhile.

        A launch in the place of one whose answer was lost was agreed to with that one.
        """
        changed = action.reason in (Reason.DEFINITION_CHANGED, Reason.INPUT_CHANGED)
        if isinstance(action.task, LaunchJob) and action.task.abandons is not None:
            return True
        return (not changed or action.address in self._run_again) and not self._goes_beyond(action)

    def _goes_beyond(self, action: PlannedAction) -> bool:
        """Return whether it is a launch that the plan does not allow which this run carries out."""
        return action.action in LAUNCHES and not self.covers(action)

    async def _apply(self, ready: list[PlannedAction]) -> bool:
        """Carry out what is ready; return whether anything came of it, so that the plan is not the last word."""
        from eocanvas_apply.applying.applier import Applier

        journal = self.session.journal
        before = journal.recorded.head
        work = Applier(self.session, self._downloads).carry_out(self._last.origin.ledger_head, ready)
        try:
            await self.pace.stop.unless(work, patient=True)
        except LedgerConflict:
            return True
        # What was cut off after a stop may have been about to put its answer on record.
        await journal.flush()
        return journal.recorded.head > before

    async def _wait(self) -> bool:
        """Wait until something may have moved; return whether it is worth another look."""
        pace, downloads = self.pace, self._downloads
        last = self._last
        due = (last.wake - last.created if last.wake else None, self._next_try())
        pause = pace.pause([wake for wake in due if wake is not None], moving=self._moving())
        if downloads.busy and (pace.one_turn or not pace.over):
            await downloads.wait(None if pace.one_turn else pause.total_seconds())
            return True
        if pace.over or not self._unfinished():
            return False
        self._show_pause(pause)
        await pace.sleep(pause)
        return True

    def _unfinished(self) -> bool:
        """Return whether waiting may help: something runs, is due later, or failed in a way that may pass."""
        # What waits for other jobs goes on with those, or not at all.
        given_up, after = self.session.given_up, (Reason.WAITS_FOR, Reason.HELD_CANARY)
        own = (a for a in self._last.actions if a.reason not in after and a.address not in given_up)
        due = any(a.not_before and not self._outlasts(a) for a in own)
        return due or self._next_try() is not None or self._moving()

    def _next_try(self) -> timedelta | None:
        """Return how long until a failed address is tried again; a try that is due needs a task in the plan."""
        return self.session.retries.next(a.address for a in self._last.actions if a.task)

    def _moving(self) -> bool:
        """Return whether the service may bring something about at any moment, so that polling tells when."""
        given_up_before = self.pace.clock.now() - _UNCLEAR
        unclear = {address for address, since in self._unclear.items() if since < given_up_before}
        closed = self.session.failures.keys() | results_left(self._last, self.requests) | unclear
        open_ones = (a for a in self._last.actions if a.address not in closed and not self._outlasts(a))
        return any(map(_moves, open_ones))

    def _outlasts(self, action: PlannedAction) -> bool:
        """Return whether results that are not listed are looked for longer than the run lasts, and not just since now.

        The run looks again one poll later, for a list may be late, and is not held up by them for the rest of its time.
        """
        until, now, timing = action.not_before, self._last.created, self.session.desired.timing
        if until is None or not action.lists_nothing or self.pace.reaches(until - now):
            return False
        return now - (until - timing.settle) >= timing.poll

    def _result(self) -> ApplyResult:
        """Return how it ended."""
        last, session, recorded = self._last, self.session, self.session.journal.recorded
        met = dataclasses.replace(self.first, actions=tuple(self._first_seen.values()))
        left = results_left(last, self.requests)
        ended = results(met, last, recorded, session.failures, left)
        found = endings(last, {each.outcome for each in ended}, launches_stopped=session.launches_stopped)
        if self._stopping:
            found |= {Ending.INTERRUPTED}
        beyond = [action for action in last.actions if action.task and self._goes_beyond(action)]
        if beyond:
            found |= {Ending.STALE}
            last = dataclasses.replace(last, diagnostics=(*last.diagnostics, *map(not_planned, beyond)))
        pending = sum(results_pending(recorded, address) for address in left)
        jobs = [each.address for each in ended if each.address.startswith("job.")]
        lie = places(jobs, recorded, last.desired)
        ends, news = last.forecast.ends, frozenset(self._news)
        if self._fault is None:
            return ApplyResult(self.first, ended, found, last.diagnostics, pending, lie, None, ends, news)
        diagnostics = (*last.diagnostics, *self._fault.diagnostics)
        found |= {Ending.REFUSED if isinstance(self._fault, SafetyRefusal) else Ending.ERROR}
        return ApplyResult(self.first, ended, found, diagnostics, pending, lie, last.created, ends, news)


def _moves(action: PlannedAction) -> bool:
    ordering = bool(action.awaits) and not action.depends_on
    # A key that goes when the jobs that use it have ended.
    going = action.reason is Reason.DRAINING or (action.action is ActionKind.DELETE and action.task is None)
    # What holds it may be jobs that others have launched: their ends are only seen at the service.
    held = action.reason is Reason.HELD_BUDGET and action.not_before is not None
    return action.action in (ActionKind.WATCH, ActionKind.FETCH) or ordering or going or held
