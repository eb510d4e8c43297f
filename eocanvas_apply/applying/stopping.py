"""Stopping: after the first Ctrl-C nothing new begins, and running requests have a few seconds to end."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from msgspec import Struct

T = TypeVar("T")
GRACE_S = 5.0


class Stop(Struct):
    """The request to end a run, set from outside, and how long the end may take."""

    requested: asyncio.Event
    _grace_ends: float | None = None

    async def unless(
        self, work: Coroutine[Any, Any, T], *, limit_s: float | None = None, patient: bool = False
    ) -> T | None:
        """Return the result of the work, None when a stop or the limit came first: then the work is cancelled.

        `patient` work may use the grace period first.
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
        """Return how many seconds of the grace period are left."""
        ends = self._grace_ends
        return GRACE_S if ends is None else max(0.0, ends - asyncio.get_running_loop().time())
