"""How long a command takes from start to end, as a user waits for it, and how much memory it takes at most."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """What one run took: wall `seconds`, and the `megabytes` (2**20 bytes) of its whole process at their peak."""

    seconds: float
    megabytes: float


def usage(command: Sequence[str], *, env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)) -> Usage:
    """Return what one run takes; raises RuntimeError when it does not end with one of `ends`."""
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env={**os.environ, **(env or {})}, stdout=said, stderr=said)
        # Only this call gives the memory of one child by itself.
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ends:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said.read()[-4000:]}")
    return Usage(elapsed, used.ru_maxrss / 1024)


def seconds(command: Sequence[str], *, env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)) -> float:
    """Return the wall seconds of one run; raises RuntimeError when it does not end with one of `ends`."""
    return usage(command, env=env, ends=ends).seconds


def median(command: Sequence[str], *, runs: int = 15) -> float:
    """Return the median of several runs, after one that warms the caches."""
    seconds(command)
    return statistics.median(seconds(command) for _ in range(runs))
