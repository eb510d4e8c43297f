"""What the service lists of a job's results now: links age, and results are kept for a while only."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from eocanvas_apply.applying.session import Session
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.service.wire import ResultInfo

GONE = 410


async def listed(session: Session, job_id: str) -> Sequence[ResultInfo] | None:
    """Return the results with their links, which may be signed and age; None where the service has them no more."""
    try:
        return await session.service.results(job_id)
    except ServiceError as fault:
        if fault.status != GONE:
            raise
        return None


async def note(session: Session, address: str, run: Run, *, gone: bool, there: bool) -> None:
    """Put on record that results are gone, the first time and once it has lasted, or that they are there again."""
    looked, settle = session.now(), session.desired.timing.settle
    fact = partial(e.ResultsListed, address=address, job_id=run.job_id, looked=looked)
    if gone and (not run.lost or looked - min(run.lost) > settle):
        await session.journal.record(fact(gone=True))
    elif run.lost and there and not gone:
        await session.journal.record(fact(results=run.results))
