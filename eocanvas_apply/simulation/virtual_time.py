"""Virtual time: an event loop that never waits, and the clock that it moves.

Tasks sleep side by side, as in real time; when all of them sleep, the clock moves on to the one that wakes first.
So months pass in seconds, and a run gives the same result every time.
"""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from eocanvas_apply.emulator.model.clock import VirtualClock

T = TypeVar("T")
_MICROSECONDS = 1_000_000


@dataclass(frozen=True, slots=True)
class LoopClock:
    """The virtual clock as a runner sees it; sleeping is the loop's."""

    clock: VirtualClock

    def now(self) -> datetime:
        """Return the time in UTC."""
        return self.clock()

    def monotonic(self) -> float:
        """Return seconds that only differ meaningfully."""
        return self.clock().timestamp()

    async def sleep(self, seconds: float) -> None:
        """Let so much virtual time pass; raises RuntimeError in an event loop of real time."""
        if not isinstance(asyncio.get_running_loop(), VirtualLoop):
            raise RuntimeError("virtual time passes only in virtual_time.run")
        await asyncio.sleep(seconds)


def run(clock: VirtualClock, work: Coroutine[Any, Any, T]) -> T:
    """Run to its end in virtual time. Raises RuntimeError when everything waits for something that never comes."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(clock)) as runner:
        return runner.run(work)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is the clock's. What others do in threads is done at once: time stands meanwhile."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(_Skipping(clock))
        self._clock = clock
        self._began = clock()

    def time(self) -> float:
        """Return the seconds since the loop was made."""
        return (self._clock() - self._began).total_seconds()

    def run_in_executor(
        self,
        executor: object,  # noqa: ARG002 - the shape of the loop it replaces
        func: Callable[..., T],
        *args: object,
    ) -> asyncio.Future[T]:
        """Call it here and now: with threads, what comes first would be chance."""
        done: asyncio.Future[T] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as fault:  # noqa: BLE001 - whatever it is, it belongs to who waits
            done.set_exception(fault)
        return done


class _Skipping(selectors.DefaultSelector):
    """Instead of waiting moves the clock on by as long as it should have waited."""

    def __init__(self, clock: VirtualClock) -> None:
        super().__init__()
        self._clock = clock

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise RuntimeError("everything waits for something that never comes")
        if not found and timeout and timeout > 0:
            # Up to the clock's grain, else the rest of a microsecond would be waited for again and again.
            self._clock.advance(math.ceil(timeout * _MICROSECONDS) / _MICROSECONDS)
        return found
