"""SIGTERM wherever a command does not listen for it itself: it ends the command in order, as Ctrl-C does."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from eocanvas_apply.cli.exit_codes import Exit, Stopped


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C would, wherever it is, and raise Stopped for it."""
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

    earlier = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    except KeyboardInterrupt:
        if came:
            raise Stopped(Exit.TERMINATED) from None
        raise
    finally:
        signal.signal(signal.SIGTERM, earlier)
