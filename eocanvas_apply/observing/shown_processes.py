"""What the service shows of its processes: versions, and the inputs that it describes. No launch needs either."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from eocanvas_apply.errors import CredentialsError, ServiceError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.service.eocanvas import EOCanvas

# The service has three processes.
_AT_ONCE = 8
_FAULTS = (ServiceError, CredentialsError)


@dataclass(slots=True)
class ShownProcesses:
    """The processes as far as they were read: their list until it is known, each description once a run.

    `versions` are by id, None while they are not known; `described` are the inputs of a process by id and name.
    """

    service: EOCanvas
    versions: Mapping[str, str] | None = None
    described: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    _asked: set[str] = field(default_factory=set)

    async def read(self, desired: Desired, recorded: Recorded) -> None:
        """Read the list where a job is still to be launched, and the descriptions of what gets raw inputs.

        What cannot be read stays unknown: what matters of it is said by the other requests.
        """
        new = [job for address, job in desired.jobs.items() if not _launched(recorded, address)]
        if new and self.versions is None:
            try:
                self.versions = await self.service.processes()
            except _FAULTS:
                return
        raw = {job.process for job in new if job.document is None} & {*(self.versions or ())} - self._asked
        await asyncio.gather(*map(self._describe, sorted(raw)[:_AT_ONCE]))

    async def _describe(self, process: str) -> None:
        self._asked.add(process)
        try:
            found = await self.service.described_inputs(process)
        except _FAULTS:
            return
        if found:
            self.described = {**self.described, process: found}


def _launched(recorded: Recorded, address: str) -> bool:
    return address in recorded.jobs and bool(recorded.jobs[address].runs)
