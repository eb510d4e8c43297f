"""Stopping: after the first Ctrl-C nothing more is begun, and what is under way has a few seconds to end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")
# How long answers on the way are waited for.
GRACE_S = 5.0


@dataclass(slots=True)
class Stop:
    """The request to end a run, which others set, and how long it may still take."""

    requested: asyncio.Event
    _grace_ends: float | None = field(default=None, init=False)

    async def unless(
        self, work: Coroutine[Any, Any, T], *, limit_s: float | None = None, patient: bool = False
    ) -> T | None:
        """Return the result of the work, None when a stop or the limit came first: then the work is cancelled.

        `patient` gives it the grace that is left.
        """
        task = asyncio.ensure_future(work)
        stopped = asyncio.ensure_future(self.requested.wait())
        try:
            await asyncio.wait({task, stopped}, timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                self._grace_ends = self._grace_ends or asyncio.get_running_loop().time() + GRACE_S
            if not task.done() and patient:
                await asyncio.wait({task}, timeout=self.grace_left())
            return task.result() if task.done() else None
        finally:
            task.cancel()
            stopped.cancel()
            await asyncio.gather(task, stopped, return_exceptions=True)

    def grace_left(self) -> float:
        """Return how many seconds are left for what is under way at the end of a run."""
        ends = self._grace_ends
        return GRACE_S if ends is None else max(0.0, ends - asyncio.get_running_loop().time())
