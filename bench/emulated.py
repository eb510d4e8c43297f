"""An emulator in a process of its own, so that it does not share an interpreter with what is measured."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

LATENCY = "20ms"


@contextmanager
def emulator(folder: Path, job_time: str = "1h") -> Iterator[dict[str, str]]:
    """Run one for the length of the block; yields its addresses: url, token_url, hda_url."""
    ready = folder / "emulator.json"
    ready.unlink(missing_ok=True)
    command = [sys.executable, "-m", "eocanvas_apply", "emulator", "--port", "0", "--job-time", job_time]
    process = subprocess.Popen(
        [*command, "--latency", LATENCY, "--ready", str(ready)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        yield _addresses(ready, process)
    finally:
        process.terminate()
        process.wait(10)


def _addresses(ready: Path, process: subprocess.Popen[bytes]) -> dict[str, str]:
    for _ in range(300):
        if ready.exists():
            addresses: dict[str, str] = json.loads(ready.read_text(encoding="utf-8"))
            return addresses
        if process.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"the emulator did not come up (exit code {process.returncode})")
