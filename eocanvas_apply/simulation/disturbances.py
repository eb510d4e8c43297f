"""Disturbances of a simulated run, decided by a seed alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

import httpx

from eocanvas_apply.emulator.model.job_failures import Failure, JobFaults, built_in
from eocanvas_apply.emulator.model.submissions import Execution

OUTAGE = timedelta(hours=6)


@dataclass(slots=True)
class AnswersLost:
    """A step of the transport: the answer to one request in so many is lost after the service has acted on it."""

    one_in: int
    random: Random

    async def __call__(self, step: str) -> None:
        """Raise what httpx raises for a connection that breaks."""
        if step.startswith("after ") and not self.random.randrange(self.one_in):
            raise httpx.RemoteProtocolError("the connection was lost")


@dataclass(frozen=True, slots=True)
class ServiceOut:
    """A step of the transport: no answers between two times."""

    now: Callable[[], datetime]
    begins: datetime
    lasts: timedelta = OUTAGE

    async def __call__(self, step: str) -> None:
        """Raise what httpx raises when the connection is refused."""
        if step.startswith("before ") and self.begins <= self.now() < self.begins + self.lasts:
            raise httpx.ConnectError("connection refused")


class FailInStaging(JobFaults):
    """One job in so many fails in staging the first time that it runs, and not again."""

    def __init__(self, one_in: int) -> None:
        super().__init__()
        self._one_in = one_in
        self._met: set[object] = set()

    def next_for(self, execution: Execution) -> Failure | None:
        """Return the failure that awaits this launch."""
        known = _same_job(execution)
        if known in self._met:
            return None
        self._met.add(known)
        return None if len(self._met) % self._one_in else built_in("staging-in")


def _same_job(execution: Execution) -> object:
    # The graph bears the mark of its launch, and keys are renewed meanwhile; where its inputs lie stays the same.
    return execution.locations or tuple(sorted(execution.texts.items()))
