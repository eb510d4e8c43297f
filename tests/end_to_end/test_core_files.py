"""A run that the operating system ends leaves no core file, whose memory would hold the secrets."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from tests.end_to_end.tool import Tool, finished

MANIFEST = """
version: 1
project: cores
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: eodata, path: /a.nc}}
"""
CORE_PATTERN = Path("/proc/sys/kernel/core_pattern")
_PATIENCE_S = 30


@pytest.fixture
def cores_allowed() -> object:
    """Let what the test starts write core files, as on a machine that is set up for them."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def core_files(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("core*") if path.is_file()]


def machine_writes_core_files(folder: Path) -> bool:
    subprocess.run([sys.executable, "-c", "import os; os.abort()"], cwd=folder, check=False)
    return bool(core_files(folder))


@pytest.mark.usefixtures("cores_allowed")
@pytest.mark.skipif(not CORE_PATTERN.exists(), reason="only Linux shows the limit of another process")
def test_a_run_that_crashes_leaves_no_core_file(tmp_path: Path) -> None:
    with running(Options(job_time=30)) as emulator:
        tool = Tool(tmp_path, emulator)
        tool.write(MANIFEST)
        run = tool.start("apply", "--yes")
        end = time.monotonic() + _PATIENCE_S
        while not tool.ledger.exists() and time.monotonic() < end:
            time.sleep(0.02)
        limits = Path(f"/proc/{run.pid}/limits").read_text(encoding="ascii")
        os.kill(run.pid, signal.SIGSEGV)
        assert finished(run).code == -signal.SIGSEGV
    assert "Max core file size        1 " in limits
    assert core_files(tmp_path) == []


@pytest.mark.usefixtures("cores_allowed")
@pytest.mark.skipif(
    not CORE_PATTERN.exists() or CORE_PATTERN.read_text(encoding="ascii").strip() != "core",
    reason="this machine gives core files to a program, or does not write them beside the process",
)
def test_this_machine_would_write_one(tmp_path: Path) -> None:
    assert machine_writes_core_files(tmp_path)
