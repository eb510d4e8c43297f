"""Ctrl-C, SIGTERM and a terminal that goes away, during a command: the first stops politely, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from msgspec import Struct

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.interruption import CODES, PROCESS, heard
from eocanvas_apply.cli.terminal.console import Console, Outcome
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import StoppedEarly

if TYPE_CHECKING:
    # A command that makes no request has no event loop, and asyncio takes 20 ms to import.
    import asyncio

T = TypeVar("T")
# A little more than answers on the way are waited for; a service that hangs must not keep us.
PATIENCE_S = 8.0


class Stopped(Exception):
    """A signal came; `code` is what the command ends with."""

    def __init__(self, code: Exit) -> None:
        super().__init__(code)
        self.code = code


class Interrupts(Struct):
    """What the first signal was, if one came. `stopping` is what the work looks at."""

    command: str
    console: Console
    stopping: asyncio.Event
    leave: Callable[[int], None] = os._exit
    patience_s: float = PATIENCE_S
    code: Exit | None = None

    def came(self, number: signal.Signals) -> None:
        """Take one signal: stop politely, or at once when it is not the first."""
        if self.code is not None:
            self._leave_now()
            return
        self.code = Exit(CODES[number])
        self.stopping.set()
        self.console.say("stopping: nothing more is sent; waiting up to 5 s for open requests (again: stop at once)")
        _running_loop().call_later(self.patience_s, self._leave_now)

    def _leave_now(self) -> None:
        code = self.code or Exit.INTERRUPTED
        found = error("interrupted", "stopped at once", "what was being done is recorded; run the command again")
        self.console.finish(self.command, Outcome(code, (found,)))
        self.leave(int(code))


@contextmanager
def listening(interrupts: Interrupts) -> Iterator[None]:
    """Hand the signals to the interrupts for as long as the block lasts; raise Stopped where it gave up for one."""
    try:
        with _handled(interrupts.came):
            yield
    except StoppedEarly:
        raise Stopped(interrupts.code or Exit.INTERRUPTED) from None


async def unless_signalled(work: Coroutine[Any, Any, T]) -> T:
    """Return what the work comes to; a signal cuts it off and raises Stopped. For work that changes nothing."""
    import asyncio

    from eocanvas_apply.applying.stopping import Stop

    stop, came = Stop(asyncio.Event()), list[Exit]()

    def stop_for(number: signal.Signals) -> None:
        came.append(Exit(CODES[number]))
        stop.requested.set()

    with _handled(stop_for):
        found = await stop.unless(work)
    if came:
        raise Stopped(came[0])
    return cast(T, found)


@contextmanager
def _handled(came: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Let the running loop hear the signals, and put back what heard them before.

    A loop has handlers of its own on some systems only, and while it removes one the signal would end the process.
    """
    loop = _running_loop()

    def hear(number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(came, signal.Signals(number))

    earlier = {number: signal.signal(number, hear) for number in heard()}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


def _running_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    return asyncio.get_running_loop()


@contextmanager
def asking() -> Iterator[None]:
    """Let a signal end a question at once: the event loop stands still meanwhile and could not hear it."""

    def came(number: int, _frame: FrameType | None) -> None:
        raise Stopped(Exit(CODES[number]))

    earlier = {number: signal.signal(number, came) for number in heard()}
    try:
        yield
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)


@contextmanager
def at_work() -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the block, wherever it is: by KeyboardInterrupt, and by Stopped for all but Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        came.append(number)
        # An event loop has a handler of its own for Ctrl-C; where a shell has it ignored there is none.
        heard = signal.getsignal(signal.SIGINT)
        if not callable(heard):
            raise KeyboardInterrupt
        heard(signal.SIGINT, frame)

    earlier = {number: signal.signal(number, stop) for number in heard() if number != signal.SIGINT}
    if signal.getsignal(signal.SIGINT) == PROCESS.leave:
        # The one that an event loop replaces by its own.
        earlier[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        if came:
            raise Stopped(Exit.TERMINATED) from None
        raise
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)
