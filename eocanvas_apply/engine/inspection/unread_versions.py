"""The versions of programs in logs that no run has read for them, such as those of an earlier release or of others."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping

from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.ledger.events import JobObserved
from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.observing.inquiries import Inquiries
from eocanvas_apply.planning.logged_software import shows_versions, software_in
from eocanvas_apply.planning.state.runs import counted_run, definition
from eocanvas_apply.vocabulary import OgcStatus


async def read_versions(engine: Engine, addresses: Collection[str]) -> None:
    """Record the versions that the logs of these jobs show; each log is read once, also where it shows none.

    A log that cannot be read, or not within minutes, is left to the next time. Raises ServiceError, LedgerError.
    """
    unread = {
        run.job_id: (record, run, process) for record, run, process in _unread(await engine.recorded(), addresses)
    }

    async def read(job_id: str) -> Mapping[str, str] | None:
        log = await engine.observer.log(job_id)
        return await asyncio.to_thread(software_in, log, unread[job_id][2]) if log else None

    found = await Inquiries().each("the log", unread, read)
    facts = [_fact(*unread[job_id][:2], versions) for job_id, versions in found.items() if versions is not None]
    if facts:
        await engine.journal.record(*facts)


def _unread(recorded: Recorded, addresses: Collection[str]) -> Iterator[tuple[JobRecord, Run, str]]:
    for address in addresses:
        record = recorded.jobs[address]
        run = counted_run(record)
        intended = definition(record, run) if run else None
        if run is None or intended is None or run.software is not None or run.status != OgcStatus.SUCCESSFUL:
            continue
        if shows_versions(intended.process):
            yield record, run, intended.process


def _fact(record: JobRecord, run: Run, versions: Mapping[str, str]) -> JobObserved:
    return JobObserved(address=record.address, job_id=run.job_id, status=run.status, software=dict(versions))
