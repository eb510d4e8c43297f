"""What the service shows of its processes: versions, and the inputs that it describes. No launch needs either."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Mapping
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.errors import CredentialsError, ServiceError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.service.eocanvas import EOCanvas

# The service has three processes.
_AT_ONCE = 8
_FAULTS = (ServiceError, CredentialsError)


class ShownProcesses(Struct):
    """The processes as far as they were read: their list until it is known, each description once a run.

    `versions` are by id, None while they are not known; `described` are the inputs of a process by id and name.
    """

    service: EOCanvas
    versions: Mapping[str, str] | None = None
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    async def read(self, desired: Desired, recorded: Recorded, again: Container[str] = ()) -> None:
        """Read the list where a job may be launched, and the descriptions of what gets raw inputs.

        `again` are the addresses of jobs that are asked to be launched once more.
        What cannot be read stays unknown: what matters of it is said by the other requests.
        """
        new = [job for job in desired.jobs.values() if job.address in again or _may_be_launched(recorded, job)]
        if new and self.versions is None:
            try:
                self.versions = await self.service.processes()
            except _FAULTS:
                return
        raw = {job.process for job in new if job.traits.raw} & {*(self.versions or ())} - self._asked
        await asyncio.gather(*map(self._describe, sorted(raw)[:_AT_ONCE]))

    async def _describe(self, process: str) -> None:
        self._asked.add(process)
        try:
            found = await self.service.described_inputs(process)
        except _FAULTS:
            return
        if found:
            self.described = {**self.described, process: found}


def _may_be_launched(recorded: Recorded, job: DesiredJob) -> bool:
    """Tell whether a job was never launched, failed, or is not what the manifest asks for any more."""
    record = recorded.jobs.get(job.address)
    if record is None or not record.runs:
        return True
    if record.finished:
        return record.fingerprint != job.fingerprint
    return not any(run.in_flight for run in record.runs.values())
