"""What is to be done with each job: one address, one action, one reason."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeGuard

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Severity
from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.actions import ActionKind, Outcome, State
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import Change, changes, same
from eocanvas_apply.planning.jobs.cancelling import exempted
from eocanvas_apply.planning.log_rules import rejecting, rejection
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.reasons import JOB_ROWS, Reason, Row
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.planning.state.reconciling import Evidence, Settlement, Verdict
from eocanvas_apply.planning.state.runs import (
    STUCK,
    age_of,
    counted_definition,
    counted_run,
    definition,
    failed_before,
    log_unread,
    results_gone,
    sorted_out,
    vanished,
)
from eocanvas_apply.planning.tasks import AdoptJob, DismissJob, FetchResults, ForgetJob, LaunchJob
from eocanvas_apply.vocabulary import OgcStatus, has_ended

_A, _R = ActionKind, Reason
Leaving = Literal["not-in-manifest", "destroyed", "requested"]
_NEW = JOB_ROWS[_A.LAUNCH, _R.NEW]
_RETRY_ASKED = JOB_ROWS[_A.RETRY, _R.REQUESTED]
_KEPT = JOB_ROWS[_A.NONE, _R.KEPT]


class JobPlanner(Struct, frozen=True):
    """Plans jobs one by one; each method is a pure function of what it holds."""

    desired: Desired
    requests: Requests
    recorded: Recorded
    observed: Observed
    evidence: Evidence

    def actions(self) -> list[PlannedAction]:
        """Return an action for every job that is desired or recorded."""
        # Most are in order already, which a set would undo.
        addresses = sorted(dict.fromkeys([*self.desired.jobs, *self.recorded.jobs]))
        return [action for address in addresses if (action := self._one(address))]

    def _one(self, address: str) -> PlannedAction | None:
        job, record = self.desired.jobs.get(address), self.recorded.jobs.get(address)
        if job and record and self._is_finished(job, record):
            return PlannedAction.of(address, _A.NONE, _R.DONE)
        planned = self._planned(address, job, record)
        # What is new was neither cancelled nor launched before.
        if planned is None or job is None or (record is None and job.skip is None):
            return planned
        found = exempted(planned, job, record, asked=self._relaunch_asked(job))
        again = self._again(found, job, record) if record else None
        return replace(found, runs_again=again) if again else found

    def _again(self, planned: PlannedAction, job: DesiredJob, record: JobRecord) -> Reason | None:
        """Return why a job that is under way, or may be, is run again when it has ended."""
        if planned.row.state is not State.RUNNING or job.skip is not None:
            return None
        if self._relaunch_asked(job):
            return _R.REQUESTED
        last = record.last_intent
        intended = last.intended if _is_open(last) else counted_definition(record)
        if intended is None or job.keep or same(intended.components, job.components):
            return None
        return _changed_reason(changes(intended.components, job.components))

    def _planned(self, address: str, job: DesiredJob | None, record: JobRecord | None) -> PlannedAction | None:
        if record and not record.forgotten and (reason := self._leaving(address)):
            return self._leave(record, reason)
        if self.requests.destroy or job is None:
            return None
        if record is None or not record.intents:
            return self._launch(job)
        last = record.last_intent
        # Forgotten or changed: as long as a launch may have become a job, no other follows it.
        return self._unsettled(job, record, last) if _is_open(last) else self._settled(job, record)

    def _is_finished(self, job: DesiredJob, record: JobRecord) -> bool:
        """A shortcut with the same result as the rest: most jobs of a long campaign are done."""
        run, asked = record.finished, self.requests
        if run is None or record.fingerprint != job.fingerprint:
            return False
        if rejecting(run.remarks, job.remark_checks):
            return False
        return not (asked.destroy or job.address in asked.forget or job.address in asked.relaunch)

    def _leaving(self, address: str) -> Leaving | None:
        if address in self.requests.forget:
            return "requested"
        if self.requests.destroy:
            return "destroyed"
        known = address in self.desired.jobs or Address.parse(address).name in self.desired.unasked
        return None if known else "not-in-manifest"

    def _leave(self, record: JobRecord, reason: Leaving) -> PlannedAction:
        last = record.last_intent
        of_campaign = reason == "not-in-manifest" and Address.parse(record.address).name in self.desired.campaigns
        # What is under way is settled first. A row that is gone was never launched then, or is not forgotten at all.
        later = None if of_campaign else Reason(reason)
        if _is_open(last) and reason != "requested":
            settlement = self.evidence.settle(last)
            if settlement.verdict in (Verdict.FOUND, Verdict.WAIT):
                return replace(self._open(record.address, last, settlement), goes_later=later)
        running = [r for r in record.runs.values() if r.in_flight and not r.dismissed and not self._vanished(r)]
        if reason == "destroyed" and running:
            return PlannedAction.of(record.address, _A.DISMISS, _R.DESTROYED, task=DismissJob(running[0].job_id))
        if reason != "requested" and running and running[0].cancelled:
            return replace(self._dismissal(record.address, running[0]), goes_later=later)
        if of_campaign and record.runs:
            # Its row is gone: were it forgotten, the row's return would launch it again.
            found = (_A.WATCH, _R.IN_FLIGHT) if running else (_A.NONE, _R.OUT_OF_WINDOW)
            return PlannedAction.of(record.address, *found)
        return PlannedAction.of(record.address, _A.FORGET, Reason(reason), task=ForgetJob(reason))

    def _settled(self, job: DesiredJob, record: JobRecord) -> PlannedAction:
        if not record.forgotten:
            return self._kept(job, record)
        run, intended = counted_run(record), counted_definition(record)
        # Destroyed and wanted again: what was stopped on the way has nothing to return to.
        if run is None or intended is None or run.status == OgcStatus.DISMISSED:
            return self._launch(job)
        if not same(intended.components, job.components):
            return self._launch(job)
        complete = bool(run.status == OgcStatus.SUCCESSFUL and run.results and not run.pending)
        task = AdoptJob(run.job_id, "returned")
        return PlannedAction.of(
            job.address, _A.ADOPT, _R.RETURNED, task=task, ended=not run.in_flight, complete=complete
        )

    def _kept(self, job: DesiredJob, record: JobRecord) -> PlannedAction:
        last = record.last_intent
        if last and last.state is IntentState.REFUSED and (held := self._refused(job, last)):
            return held
        run, duplicates = sorted_out(record, self.observed.jobs.jobs)
        for extra in duplicates:
            if extra.in_flight and not extra.dismissed and not self._vanished(extra):
                return PlannedAction.of(job.address, _A.DISMISS, _R.DUPLICATED, task=DismissJob(extra.job_id))
        return self._after(job, record, run) if run else self._launch(job)

    def _refused(self, job: DesiredJob, intent: Intent) -> PlannedAction | None:
        refusal = intent.refused.refusal if intent.refused else None
        if intent.intended is None or not same(intent.intended.components, job.components):
            return None
        if refusal == "same-job" and not intent.given_up:
            return PlannedAction.of(job.address, _A.ASK, _R.DUPLICATED)
        if refusal != "request":
            return None
        if self._retry_asked(job):
            return self._launch(job, _RETRY_ASKED)
        return PlannedAction.of(job.address, _A.NONE, _R.FAILED)

    def _unsettled(self, job: DesiredJob, record: JobRecord, intent: Intent) -> PlannedAction:
        settlement = self.evidence.settle(intent)
        doubtful = settlement.verdict is Verdict.AMBIGUOUS and job.launch_on_doubt
        if settlement.verdict is not Verdict.NOT_LAUNCHED and not doubtful:
            return self._open(job.address, intent, settlement)
        planned = self._settled(job, record)
        again = isinstance(planned.task, LaunchJob)
        return (
            replace(planned, task=LaunchJob(job, intent.id, process_version=self._version(job))) if again else planned
        )

    def _open(self, address: str, intent: Intent, settlement: Settlement) -> PlannedAction:
        if settlement.verdict is Verdict.FOUND and settlement.job_id:
            task = AdoptJob(settlement.job_id, "found", intent.id)
            seen = self.observed.jobs.jobs.get(settlement.job_id)
            return PlannedAction.of(address, _A.ADOPT, _R.FOUND, task=task, ended=bool(seen and has_ended(seen.status)))
        if settlement.verdict is Verdict.WAIT:
            return PlannedAction.of(address, _A.WATCH, _R.ANSWER_OPEN, not_before=settlement.wake)
        return PlannedAction.of(address, _A.ASK, _R.AMBIGUOUS)

    def _after(self, job: DesiredJob, record: JobRecord, run: Run) -> PlannedAction:
        if self._vanished(run):
            return self._launch(job, JOB_ROWS[_A.RELAUNCH, _R.VANISHED])
        if run.in_flight:
            if run.cancelled and not run.dismissed:
                return self._dismissal(job.address, run)
            stuck = age_of(run, self.observed.at) > STUCK
            return PlannedAction.of(job.address, _A.WATCH, _R.STUCK if stuck else _R.IN_FLIGHT)
        intended = definition(record, run)
        if intended and not same(intended.components, job.components):
            return self._changed(job, record, run, intended.components)
        if self._relaunch_asked(job):
            return self._launch(job, JOB_ROWS[_A.RELAUNCH, _R.REQUESTED])
        ended = self._failed(job, record, run) if run.status == OgcStatus.FAILED else self._ended(job, record, run)
        # A job without results, or that lost them, stands failed as well.
        retried = ended.row.outcome is Outcome.FAILED and self._retry_asked(job)
        return self._launch(job, _RETRY_ASKED) if retried else ended

    def _dismissal(self, address: str, run: Run) -> PlannedAction:
        """Ask the service once more to stop what was cancelled: an earlier apply did not get so far."""
        return PlannedAction.of(address, _A.DISMISS, _R.REQUESTED, task=DismissJob(run.job_id))

    def _relaunch_asked(self, job: DesiredJob) -> bool:
        return job.address in self.requests.relaunch and job.address not in self.requests.launched

    def _retry_asked(self, job: DesiredJob) -> bool:
        return self.requests.retry_failed and job.address not in self.requests.launched

    def _failed(self, job: DesiredJob, record: JobRecord, run: Run) -> PlannedAction:
        if run.cancelled:
            return PlannedAction.of(job.address, _A.NONE, _R.CANCELLED)
        if self._retry_asked(job):
            return self._launch(job, _RETRY_ASKED)
        if run.failure is None:
            # The log that says why may come late, and whether to try again depends on it.
            return PlannedAction.of(job.address, _A.WATCH, _R.IN_FLIGHT)
        if job.retries.after(failed_before(record, run)):
            return self._launch(job, JOB_ROWS[_A.RETRY, _R.FAILED])
        return PlannedAction.of(job.address, _A.NONE, _R.FAILED)

    def _changed(self, job: DesiredJob, record: JobRecord, run: Run, before: dict[str, object]) -> PlannedAction:
        """Run it again with its new definition, unless it has results and is to keep them."""
        if job.keep and run.status == OgcStatus.SUCCESSFUL and not self._relaunch_asked(job):
            ended = self._ended(job, record, run)
            if ended.reason not in (_R.NO_RESULT, _R.RESULTS_GONE, _R.FAILED):
                return replace(ended, row=_KEPT) if ended.reason is _R.DONE else ended
        return self._relaunch(job, before)

    def _relaunch(self, job: DesiredJob, before: dict[str, object]) -> PlannedAction:
        found = changes(before, job.components)
        return replace(self._launch(job, JOB_ROWS[_A.RELAUNCH, _changed_reason(found)]), changes=found)

    def _ended(self, job: DesiredJob, record: JobRecord, run: Run) -> PlannedAction:
        if run.status == OgcStatus.DISMISSED:
            return PlannedAction.of(job.address, _A.NONE, _R.CANCELLED)
        if rejected := rejecting(run.remarks, job.remark_checks):
            return PlannedAction.of(job.address, _A.NONE, _R.FAILED, note=rejection(rejected))
        if self._judged_later(job, record, run):
            return PlannedAction.of(job.address, _A.WATCH, _R.IN_FLIGHT)
        fetch = PlannedAction.of(job.address, _A.FETCH, _R.RESULTS_PENDING, task=FetchResults(run.job_id, job))
        if not run.results:
            return self._unlisted(fetch, run)
        if job.output_key or not run.pending:
            return PlannedAction.of(job.address, _A.NONE, _R.DONE)
        gone = results_gone(run, self.desired.timing)
        return PlannedAction.of(job.address, _A.NONE, _R.RESULTS_GONE) if gone else fetch

    def _judged_later(self, job: DesiredJob, record: JobRecord, run: Run) -> bool:
        """Tell whether the log that may make it a failure has not come yet."""
        if Severity.ERROR not in job.remark_checks.values():
            return False
        return log_unread(record, run, self.observed.jobs.jobs, self.observed.at, self.desired.timing)

    def _unlisted(self, fetch: PlannedAction, run: Run) -> PlannedAction:
        if run.job_id not in self.observed.results:
            # The listing could not be read: fetching asks again, and reports why.
            return fetch
        until = (run.first_looked or self.observed.at) + self.desired.timing.settle
        if self.observed.at > until:
            return PlannedAction.of(fetch.address, _A.NONE, _R.NO_RESULT)
        return replace(fetch, task=None, not_before=until)

    def _launch(self, job: DesiredJob, row: Row = _NEW) -> PlannedAction:
        closed = self.recorded.quota_closed_until
        opens = closed if closed and closed > self.observed.at else None
        # After a refusal of access the run launches nothing more; the next run tries again.
        task = None if self.requests.launches_stopped else LaunchJob(job, process_version=self._version(job))
        return PlannedAction(job.address, row, task=task, not_before=opens)

    def _version(self, job: DesiredJob) -> str | None:
        """Return the version of the job's process, None where the service shows none or was not asked."""
        return (self.observed.processes or {}).get(job.traits.process) or None

    def _vanished(self, run: Run) -> bool:
        return run.in_flight and vanished(run, self.desired.timing)


def _changed_reason(found: Sequence[Change]) -> Reason:
    only_inputs = all(change.path.startswith("inputs.") for change in found)
    return _R.INPUT_CHANGED if only_inputs else _R.DEFINITION_CHANGED


def _is_open(intent: Intent | None) -> TypeGuard[Intent]:
    return intent is not None and intent.state is IntentState.OPEN
