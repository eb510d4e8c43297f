"""The command line. Importing it costs nothing: each command imports what it needs when it runs.

Before the command begins a signal can only end Python with a traceback, so that nothing is imported here.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` is without the program's name, default the process's own."""
    # Set by the script that `completion` prints; a person has no use for the second one alone.
    if argv is None and "_ARGCOMPLETE" in os.environ and "COMP_LINE" in os.environ:
        from eocanvas_apply.cli.completion.answer import answer

        answer()
    try:
        return _run(argv)
    except KeyboardInterrupt:
        # It came where nothing else takes it: before the signals are heard, or between the work and its end.
        if argv is not None:
            raise
        from eocanvas_apply.cli.interruption import PROCESS

        return PROCESS.interrupted(sys.argv[1:])


def _run(argv: Sequence[str] | None) -> int:
    from eocanvas_apply.cli.interruption import PROCESS

    if argv is None:
        PROCESS.own(sys.argv[1:])
        from eocanvas_apply.cli.core_files import forbid_core_files

        forbid_core_files()
    import gc

    from eocanvas_apply.cli.program import run

    # A large campaign is many values that stay, and the collector looks through them again and again: with 100,000
    # `status --offline` of 10,000 finished jobs takes 0.7 s of processor time instead of 0.9 s. What a plan imports
    # alone is 110,000 values, so that one look at them, of 50 ms, is spared too.
    gc.set_threshold(200_000)
    try:
        return run(argv)
    finally:
        if argv is None:
            # What is left goes with the process. Looked through once more for cycles, it takes 35 ms of a `validate`.
            gc.freeze()
