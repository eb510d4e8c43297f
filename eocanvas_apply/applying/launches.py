"""Launches: claimed, sent once, and recorded with the answer; a lost answer stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Literal

from eocanvas_apply.applying.document_store import keep_documents
from eocanvas_apply.applying.results.links import with_links
from eocanvas_apply.applying.sending import OnceSender, Request, Unsent
from eocanvas_apply.applying.session import BATCH, Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.errors import Refused
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.jobs.launching import key_uses, launch
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.schedule.windows import Windows, closed_until, creations, longest
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.service.wire import JobInfo
from eocanvas_apply.vocabulary import OgcStatus

# Refusals of the account's rights: every other launch of this run would be refused too.
_ACCESS = {401, 403, 404, 405}
Refusal = Literal["quota", "access", "request", "same-job"]
_Launch = Request[e.JobIntended, JobInfo]


class Launcher(OnceSender[_Launch, JobInfo]):
    """Carries out the launches of a plan."""

    sending = Happening.LAUNCHING

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._job_owners: dict[str, str] = {}
        self._quota_closed = False

    async def launch(self, decided_on: int, actions: Sequence[PlannedAction]) -> None:
        """Launch jobs in batches: one claim and one sync a batch, then its requests side by side."""
        tasks = [a.task for a in actions if isinstance(a.task, LaunchJob)]
        for start in range(0, len(tasks), BATCH):
            if self._session.launches_stopped or self._session.stopping.is_set():
                return
            if linked := await with_links(self._session, tasks[start : start + BATCH]):
                check = self._session.deadline()
                batch = [self._prepared(task) for task in linked]
                await asyncio.to_thread(keep_documents, self._session.folder, [task.job for task in linked])
                await self.send_once(decided_on, check, batch)

    def _prepared(self, task: LaunchJob) -> _Launch:
        session, job, intent = self._session, task.job, self._session.token()
        uses = key_uses(job, session.desired.keys, session.journal.recorded)
        mark = mark_for(intent, session.desired.project, job.address) if job.marked else None
        request = launch(job, uses, mark)
        session.intents[intent] = job.address
        decided = session.now()
        intended = e.JobIntended(
            address=job.address,
            intent=intent,
            process=job.process,
            fingerprint=job.fingerprint,
            components=dict(job.components),
            trace=request.trace,
            marked=job.marked,
            body_sha256=request.sha256,
            keys=uses,
            output=job.output,
            max_duration_s=int(job.max_duration.total_seconds()),
            process_version=task.process_version,
            orders=task.orders or None,
            region=_region(job),
            decided=decided,
            send_before=decided + session.desired.timing.send_within,
        )
        abandoned = e.JobAbandoned(address=job.address, intent=task.abandons) if task.abandons else None
        execute = partial(session.service.execute, request.process, request.content)
        return _Launch(
            intended=intended, send=lambda check: execute(check=check), addresses=[job.address], abandoned=abandoned
        )

    def _held_back(self, request: _Launch) -> bool:  # noqa: ARG002  # whichever it is
        return self._session.launches_stopped or self._quota_closed

    async def _unsent(self, request: _Launch, reason: Unsent) -> None:
        intended = request.intended
        fact = e.JobWithdrawn(address=intended.address, intent=intended.intent, reason=reason)
        await self._session.journal.record(fact)
        self._session.report_event(intended.address, Happening.WITHDRAWN, reason)

    async def _answered(self, request: _Launch, job: JobInfo) -> None:
        intended, session = request.intended, self._session
        # Before the first await: another task of this run may be answered with the same job. If another run has
        # found the job of this launch, that is not a duplicate.
        owner = session.journal.recorded.taken_by(job.job_id, intended.intent) or self._job_owners.get(job.job_id)
        if owner is not None:
            await self._same_job(request, job, owner)
            return
        self._job_owners[job.job_id] = intended.address
        await session.journal.record(
            e.JobSubmitted(
                address=intended.address,
                intent=intended.intent,
                job_id=job.job_id,
                status=job.status or OgcStatus.ACCEPTED.value,
                created=job.created,
            )
        )
        session.launched.add(intended.address)
        session.quota_refusals = 0
        session.succeeded(intended.address)
        session.report_event(intended.address, Happening.LAUNCHED, job.job_id)

    async def _same_job(self, request: _Launch, job: JobInfo, owner: str) -> None:
        diagnostic = _answered_before(request.intended, job, owner)
        await self._session.journal.record(_refusal(request, 200, "same-job", diagnostic.message, job.job_id))
        self._session.fail(request.intended.address, diagnostic)

    async def _refused(self, request: _Launch, fault: Refused) -> None:
        status, words = fault.status or 0, fault.diagnostics[0].message
        refusal: Refusal = "quota" if status == 429 else "access" if status in _ACCESS else "request"
        facts: list[e.AnyEvent] = [_refusal(request, status, refusal, words)]
        if refusal == "quota":
            facts.append(e.QuotaClosed(until=self._opens(fault)))
        await self._session.journal.record(*facts)
        if refusal == "quota":
            # Waiting is not an error.
            self._session.report_event(request.intended.address, Happening.REFUSED, words)
            return
        self._session.launches_stopped |= refusal == "access"
        self._session.fail(request.intended.address, fault.diagnostics[0])

    def _opens(self, fault: Refused) -> datetime:
        now, session = self._session.now(), self._session
        recorded, limits = session.journal.recorded, session.desired.limits
        windows = Windows(limits, creations(recorded.jobs, {}, now, longest(limits)))
        if not self._quota_closed:
            # Refusals of requests sent together count once.
            session.quota_refusals += 1
            self._quota_closed = True
        return closed_until(now, windows, fault.retry_after, session.quota_refusals)


def _refusal(request: _Launch, status: int, refusal: Refusal, words: str, job_id: str | None = None) -> e.JobRefused:
    address, intent = request.intended.address, request.intended.intent
    return e.JobRefused(address=address, intent=intent, status=status, refusal=refusal, message=words, job_id=job_id)


def _answered_before(intended: e.JobIntended, job: JobInfo, owner: str) -> Diagnostic:
    return error(
        "same-job",
        f"the service answered with job {job.job_id}, which already belongs to {owner}",
        f"eocanvas-apply resolve {typed(intended.address)} --adopt {job.job_id}, or change the definition",
        address=intended.address,
    )


def _region(job: DesiredJob) -> Region | None:
    box = job.region
    return Region(document=job.document.regions.rest, box=box) if job.document and box else None
