"""The command line. Importing it costs nothing: each command imports what it needs when it runs."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` is without the program's name, default the process's own."""
    from eocanvas_apply.cli.interruption import PROCESS

    if argv is None:
        PROCESS.own(sys.argv[1:])
    try:
        from eocanvas_apply.cli.program import run

        # A large campaign is many values that stay, and the collector looks through them again and again: with this
        # `status --offline` of 10,000 finished jobs takes 0.7 s of processor time instead of 0.9 s.
        gc.set_threshold(100_000)
        return run(argv)
    except KeyboardInterrupt:
        # It came between the work and its end, where nothing else takes it.
        if not PROCESS.owned:
            raise
        PROCESS.leave(signal.SIGINT)
        return PROCESS.code or 0
