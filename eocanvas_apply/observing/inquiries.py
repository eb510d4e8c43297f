"""Questions about single jobs, a few at a time and for a bounded time: what one answers badly delays no other."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.errors import NotSent, Refused, ServiceError

T = TypeVar("T")


class Inquiries(Struct):
    """The questions of one run about single jobs. `patience` is how long all jobs of one question may take."""

    patience: timedelta = timedelta(minutes=2)
    at_once: int = 8
    _unanswered: dict[str, dict[str, Diagnostic | None]] = field(default_factory=lambda: defaultdict(dict))

    async def each(self, what: str, ids: Iterable[str], ask: Callable[[str], Awaitable[T]]) -> Mapping[str, T]:
        """Return the answers by job; one that the service refuses for this job, or gives unreadably, is left out.

        `what` is what is asked for, in words. What had no readable answer at the last look is asked for last. Raises
        NotSent, and Refused where the account is refused.
        """
        gate, found = asyncio.Semaphore(self.at_once), dict[str, T]()
        wanted, before = [*ids], self._unanswered[what]
        waiting = self._unanswered[what] = dict[str, Diagnostic | None]()

        async def one(job_id: str) -> None:
            async with gate:
                waiting[job_id] = before.get(job_id)
                try:
                    found[job_id] = await ask(job_id)
                    del waiting[job_id]
                except ServiceError as fault:
                    if isinstance(fault, NotSent) or (isinstance(fault, Refused) and fault.concerns_account):
                        raise
                    waiting[job_id] = fault.diagnostics[0]

        with suppress(TimeoutError):
            async with asyncio.timeout(self.patience.total_seconds()):
                await asyncio.gather(*map(one, sorted(wanted, key=lambda job_id: job_id in before)))
        return found

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return one warning for each question that some jobs had no readable answer to."""
        faults = {
            what: [fault for fault in jobs.values() if fault and fault.code in _UNREADABLE]
            for what, jobs in self._unanswered.items()
        }
        return tuple(_warning(what, found) for what, found in faults.items() if found)


_UNREADABLE = ("service-answer-unreadable", "service-list-endless")


def _warning(what: str, faults: Sequence[Diagnostic]) -> Diagnostic:
    jobs = "1 job" if len(faults) == 1 else f"{len(faults)} jobs"
    hint = "It is asked for again at the next look; other jobs go on."
    return warning(faults[0].code, f"{what} of {jobs} cannot be read: {faults[0].message}", hint)
