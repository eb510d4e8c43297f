"""Reads what many jobs of the account show, a few at a time: their logs, which may be long, and their results."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from eocanvas_apply.documents.trace import LoggedRequest, request_in
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.observing.inquiries import Inquiries
from eocanvas_apply.observing.observer import listing
from eocanvas_apply.planning.adoption.imported_job import SeenJob
from eocanvas_apply.planning.failures import Failure
from eocanvas_apply.planning.state.observed import ObservedJob
from eocanvas_apply.service.wire import ResultInfo
from eocanvas_apply.vocabulary import OgcStatus

# Logs that are read between two lines of progress.
_PART = 40
Heard = Callable[[int, int], None]


class SeenLog(Struct, frozen=True):
    """What a log shows: the request, and why the job failed, as far as it says."""

    request: LoggedRequest
    failure: Failure | None


class JobReading(Struct, frozen=True):
    """Reads jobs; `heard` gets how many logs are read, of how many."""

    engine: Engine
    heard: Heard

    async def logs(self, jobs: Sequence[ObservedJob]) -> Mapping[str, SeenLog]:
        """Return the log of each job by its id; one that is empty or cannot be read is left out."""
        inquiries, found = self._inquiries(), dict[str, SeenLog]()
        for start in range(0, len(jobs), _PART):
            part = [job.job_id for job in jobs[start : start + _PART]]
            read = await inquiries.each("the log", part, self._log)
            found |= {job_id: log for job_id, log in read.items() if log}
            self.heard(start + len(part), len(jobs))
        return found

    async def seen(self, jobs: Sequence[ObservedJob], logs: Mapping[str, SeenLog]) -> list[SeenJob]:
        """Return the jobs with what their logs show, and with the results of those that succeeded."""
        results = await self._results([job.job_id for job in jobs if job.status == OgcStatus.SUCCESSFUL])
        return [_seen(job, logs.get(job.job_id), results) for job in jobs]

    async def _log(self, job_id: str) -> SeenLog | None:
        log = await self.engine.observer.log(job_id)
        if not log:
            return None
        return SeenLog(await asyncio.to_thread(request_in, log), self.engine.observer.failure_in(log))

    async def _results(self, ids: Sequence[str]) -> Mapping[str, tuple[ResultInfo, ...] | None]:
        inquiries, found = self._inquiries(), dict[str, tuple[ResultInfo, ...] | None]()
        for start in range(0, len(ids), _PART):
            part = ids[start : start + _PART]
            found |= await inquiries.each("the list of results", part, self.engine.service.results)
        return found

    def _inquiries(self) -> Inquiries:
        return Inquiries(4 * self.engine.desired.timing.request_timeout)


def _seen(job: ObservedJob, log: SeenLog | None, results: Mapping[str, tuple[ResultInfo, ...] | None]) -> SeenJob:
    failed = job.status == OgcStatus.FAILED
    listed = () if failed else listing(results.get(job.job_id), at_key=False)
    return SeenJob(job, log.request if log else None, listed, log.failure if log and failed else None)
