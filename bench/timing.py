"""What a command takes from start to end, as a user waits for it: wall and CPU seconds, and memory at its peak."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

# Certificates are for https. Where these are set a command reads them at its start, to say what is wrong with them.
_OF_CERTIFICATES = {"SSL_CERT_FILE", "SSL_CERT_DIR"}


@dataclass(frozen=True)
class Usage:
    """What one run took: wall `seconds`, `cpu` seconds, and the `megabytes` (10**6 bytes) of a process at its peak."""

    seconds: float
    cpu: float
    megabytes: float


@dataclass(frozen=True)
class Pair:
    """What ours and the reference took, each the median of its runs."""

    ours: Usage
    reference: Usage

    @property
    def ratio(self) -> float:
        """How many times the reference's wall seconds ours took."""
        return self.ours.seconds / self.reference.seconds

    @property
    def cpu_ratio(self) -> float:
        """How many times the reference's CPU seconds ours took."""
        return self.ours.cpu / self.reference.cpu


def usage(command: Sequence[str], *, env: Mapping[str, str] | None = None, ends: Sequence[int] = (0,)) -> Usage:
    """Return what one run takes; raises RuntimeError when it does not end with one of `ends`.

    Its memory is never less than this process had at its peak, for the child begins as a copy of it.
    """
    with tempfile.TemporaryFile("w+") as said:
        start = time.perf_counter()
        process = subprocess.Popen(command, env={**_environ(), **(env or {})}, stdout=said, stderr=said)
        # Only this call gives the CPU time and the memory of one child by itself.
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in ends:
            said.seek(0)
            raise RuntimeError(f"{' '.join(command)} ended with {process.returncode}:\n{said.read()[-4000:]}")
    return Usage(elapsed, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024 / 1e6)


def _environ() -> Mapping[str, str]:
    return {name: value for name, value in os.environ.items() if name not in _OF_CERTIFICATES}


def in_turn(ours: Callable[[], Usage], reference: Callable[[], Usage], runs: int) -> Pair:
    """Run both in turn, so that they meet the same machine; the first of each warms the caches and does not count."""
    ours(), reference()
    taken = [(ours(), reference()) for _ in range(runs)]
    return Pair(median([pair[0] for pair in taken]), median([pair[1] for pair in taken]))


def median(usages: Sequence[Usage]) -> Usage:
    """Return the median of each figure."""
    return Usage(
        statistics.median(each.seconds for each in usages),
        statistics.median(each.cpu for each in usages),
        statistics.median(each.megabytes for each in usages),
    )
