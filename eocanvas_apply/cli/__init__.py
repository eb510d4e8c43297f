"""The command line. Importing it costs nothing: each command imports what it needs when it runs."""

from __future__ import annotations

import gc
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; `argv` is without the program's name, default the process's own."""
    from eocanvas_apply.cli.program import run

    # A large campaign is many values that stay: to look for garbage among them takes longer than to read them.
    gc.set_threshold(100_000)
    return run(argv)
