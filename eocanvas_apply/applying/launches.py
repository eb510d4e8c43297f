"""Launches: the claim first, then the request once, then what the service said; a lost answer stays open."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from eocanvas_apply.applying.document_store import keep_documents
from eocanvas_apply.applying.results.listing import with_links
from eocanvas_apply.applying.sending import Check, OnceSender, Unsent
from eocanvas_apply.applying.session import BATCH, Session
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.errors import Doubt, Refused
from eocanvas_apply.ledger import events as e
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.jobs.launching import Launch, key_uses, launch
from eocanvas_apply.planning.plan import PlannedAction
from eocanvas_apply.planning.schedule.windows import Windows, closed_until, creations, longest
from eocanvas_apply.planning.tasks import LaunchJob
from eocanvas_apply.report.progress import Happening
from eocanvas_apply.service.wire import JobInfo
from eocanvas_apply.vocabulary import OgcStatus

# Refusals of the account's rights: no other launch of this run would fare better.
_ACCESS = {401, 403, 404, 405}
Refusal = Literal["quota", "access", "request"]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """One launch: what is claimed and what is sent."""

    intended: e.JobIntended
    request: Launch
    abandons: str | None


class Launcher(OnceSender[_Prepared, JobInfo]):
    """Carries out the launches of a plan."""

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
            linked = await with_links(self._session, tasks[start : start + BATCH])
            if linked:
                await self._batch(decided_on, linked)

    async def _batch(self, decided_on: int, tasks: Sequence[LaunchJob]) -> None:
        check = self._session.deadline()
        batch = [self._prepared(task) for task in tasks]
        await asyncio.to_thread(keep_documents, self._session.folder, [task.job for task in tasks])
        await self.send_once(decided_on, check, batch)

    def _prepared(self, task: LaunchJob) -> _Prepared:
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
            orders=task.orders or None,
            decided=decided,
            send_before=decided + session.desired.timing.send_within,
        )
        return _Prepared(intended, request, task.abandons)

    def _claims(self, prepared: _Prepared) -> Iterator[e.AnyEvent]:
        if prepared.abandons:
            yield e.JobAbandoned(address=prepared.intended.address, intent=prepared.abandons)
        yield prepared.intended

    def _held_back(self, prepared: _Prepared) -> bool:  # noqa: ARG002  # whichever it is
        return self._session.launches_stopped or self._quota_closed

    def _begin(self, prepared: _Prepared) -> None:
        self._session.report_event(prepared.intended.address, Happening.LAUNCHING)

    async def _send(self, prepared: _Prepared, check: Check) -> JobInfo:
        return await self._session.service.execute(prepared.request.process, prepared.request.content, check=check)

    async def _unsent(self, prepared: _Prepared, reason: Unsent) -> None:
        intended = prepared.intended
        fact = e.JobWithdrawn(address=intended.address, intent=intended.intent, reason=reason)
        await self._session.journal.record(fact)
        self._session.report_event(intended.address, Happening.WITHDRAWN, reason)

    def _fail_unsent(self, prepared: _Prepared, found: Diagnostic) -> None:
        self._session.fail(prepared.intended.address, found, again=True)

    async def _in_doubt(self, prepared: _Prepared, fault: Doubt) -> None:  # noqa: ARG002  # the next plans look for it
        self._session.report_event(prepared.intended.address, Happening.ANSWER_LOST)

    async def _answered(self, prepared: _Prepared, answer: JobInfo) -> None:
        intended, session, job = prepared.intended, self._session, answer
        # Before the first await: another task of this run may be answered with the same job. Another run may have
        # found this very launch's job meanwhile, which is no duplicate.
        owner = session.journal.recorded.taken_by(job.job_id, intended.intent) or self._job_owners.get(job.job_id)
        if owner is not None:
            await self._same_job(intended, job, owner)
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

    async def _same_job(self, intended: e.JobIntended, job: JobInfo, owner: str) -> None:
        diagnostic = _answered_before(intended, job, owner)
        await self._session.journal.record(
            e.JobRefused(
                address=intended.address,
                intent=intended.intent,
                status=200,
                refusal="same-job",
                message=diagnostic.message,
                job_id=job.job_id,
            )
        )
        self._session.fail(intended.address, diagnostic)

    async def _refused(self, prepared: _Prepared, fault: Refused) -> None:
        intended, words = prepared.intended, fault.diagnostics[0].message
        status = fault.status or 0
        refusal: Refusal = "quota" if status == 429 else "access" if status in _ACCESS else "request"
        refused = e.JobRefused(
            address=intended.address, intent=intended.intent, status=status, refusal=refusal, message=words
        )
        closed = [e.QuotaClosed(until=self._opens(fault))] if refusal == "quota" else []
        await self._session.journal.record(refused, *closed)
        self._after_refusal(intended.address, refusal, fault)

    def _opens(self, fault: Refused) -> datetime:
        now, session = self._session.now(), self._session
        recorded, limits = session.journal.recorded, session.desired.limits
        windows = Windows(limits, creations(recorded.jobs, {}, now, longest(limits)))
        if not self._quota_closed:
            # Those that were under way together are one refusal, not a row of them.
            session.quota_refusals += 1
            self._quota_closed = True
        return closed_until(now, windows, fault.retry_after, session.quota_refusals)

    def _after_refusal(self, address: str, refusal: Refusal, fault: Refused) -> None:
        session = self._session
        if refusal == "quota":
            # Waiting is no error.
            session.report_event(address, Happening.REFUSED, fault.diagnostics[0].message)
            return
        session.launches_stopped = session.launches_stopped or refusal == "access"
        session.fail(address, fault.diagnostics[0])


def _answered_before(intended: e.JobIntended, job: JobInfo, owner: str) -> Diagnostic:
    return error(
        "same-job",
        f"the service answered with job {job.job_id}, which already belongs to {owner}",
        f"eocanvas-apply resolve {typed(intended.address)} --adopt {job.job_id}, or change the definition",
        address=intended.address,
    )
