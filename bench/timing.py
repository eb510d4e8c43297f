"""How long a command takes from start to end, as a user waits for it."""

from __future__ import annotations

import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence


def seconds(command: Sequence[str], *, env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)) -> float:
    """Return the wall seconds of one run; raises RuntimeError when it does not end with one of `ends`."""
    start = time.perf_counter()
    ended = subprocess.run(command, env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False)
    elapsed = time.perf_counter() - start
    if ended.returncode not in ends:
        raise RuntimeError(f"{' '.join(command)} ended with {ended.returncode}:\n{ended.stderr}{ended.stdout}")
    return elapsed


def median(command: Sequence[str], *, runs: int = 15) -> float:
    """Return the median of several runs, after one that warms the caches."""
    seconds(command)
    return statistics.median(seconds(command) for _ in range(runs))
