"""Excerpts of the logs of failed jobs, for a report: the lines around the one that says why, without secrets."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.report.status import JobStatus
from eocanvas_apply.secrets.scrubbing import SCRUBBER, JobLogScrubber
from eocanvas_apply.service.eocanvas import EOCanvas

# Each is a request; who has more failures than these reads the first ones.
MOST_LOGS = 50
_AT_ONCE = 8
_BEFORE, _AFTER, _LONGEST = 12, 8, 400


async def excerpts(service: EOCanvas, jobs: Iterable[JobStatus]) -> Mapping[str, tuple[str, ...]]:
    """Return lines of the logs of the first failed jobs by address; a log that cannot be read is left out."""
    failed = [
        (job.address, job.run.job_id, job.run.failure_line) for job in jobs if job.phase is Phase.FAILED and job.run
    ]
    turn = asyncio.Semaphore(_AT_ONCE)

    async def of(job_id: str, line: str) -> tuple[str, ...]:
        async with turn:
            try:
                entries = await service.logs(job_id)
            except EocanvasApplyError:
                return ()
        scrubbed = JobLogScrubber(SCRUBBER, service.account).scrub([(e.timestamp, e.message) for e in entries or ()])
        return excerpt([line for _, message in scrubbed for line in message.splitlines()], line)

    chosen = failed[:MOST_LOGS]
    found = await asyncio.gather(*(of(job_id, line) for _, job_id, line in chosen))
    return {address: lines for (address, _, _), lines in zip(chosen, found, strict=True) if lines}


def excerpt(lines: Sequence[str], failure: str) -> tuple[str, ...]:
    """Return the lines around the one that holds `failure`, or the last ones where none does."""
    at = next((n for n, line in enumerate(lines) if failure and failure[:80] in line), len(lines) - 1)
    return tuple(line[:_LONGEST] for line in lines[max(at - _BEFORE, 0) : at + _AFTER + 1])
