"""The command line. Importing it costs nothing: each command imports what it needs when it runs."""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` is without the program's name, default the process's own."""
    from eocanvas_apply.cli.program import run

    # A large campaign is many values that stay, and the collector looks through them again and again: with this
    # `status --offline` of 10,000 finished jobs takes 0.7 s of processor time instead of 0.9 s.
    gc.set_threshold(100_000)
    return run(argv)
