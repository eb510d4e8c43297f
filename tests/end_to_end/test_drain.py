"""Several runners, each a process in a folder of its own, drain one campaign over one ledger in PostgreSQL.

They are killed at random and started again. `make drain` does it with a thousand jobs, and writes the figures into
docs/shared-ledgers.md.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.database_server import DatabaseServer
from tests.emulator.model_client import private_key
from tests.end_to_end.tool import ROOT, Tool, finished

LEDGER = "EOCANVAS_APPLY_LEDGER"
RUNNERS = 4
JOBS = int(os.environ.get("DRAIN_JOBS", "60"))
KILLS = max(3, JOBS // 40)
PAGE = ROOT / "docs/shared-ledgers.md"
MANIFEST = f"""version: 1
project: drain
max_running: {max(10, JOBS // 20)}
keys:
  store:
    {{type: s3, bucket: b, region: waw3-2, endpoint: "https://s3.example.org",
     access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}
jobs:
  scenes:
    for_each: {{list: [{", ".join(f"s{number}" for number in range(JOBS))}]}}
    graph: graph.xml
    inputs: {{img1: {{key: store, path: "/${{each.id}}.nc"}}}}
    output: {{key: store}}
"""


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=2.0, latency=0.02, private_key=private_key())) as emulator:
        yield emulator


@dataclass
class Runner:
    """A folder with the manifest, and the process at work there."""

    tool: Tool
    process: subprocess.Popen[str] | None = None

    def is_at_work(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        # Its output is not read while it works: a pipe would fill up.
        self.process = self.tool.start("apply", "--yes", "--wait", "10m", output=subprocess.DEVNULL)

    def end(self) -> int:
        """Kill it if it is at work; return how it ended."""
        if self.process is None:
            return 0
        if self.is_at_work():
            self.process.kill()
        return finished(self.process).code


@dataclass
class Drain:
    """All runners, and how often one was killed."""

    runners: list[Runner]
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    kills: int = 0

    def run(self) -> None:
        """Start what has been killed again, until all have ended by themselves."""
        waiting = list(self.runners)
        while waiting or any(runner.is_at_work() for runner in self.runners):
            for runner in waiting:
                runner.start()
            time.sleep(self.chance.uniform(0.5, 1.5))
            waiting = self._killed()
        assert [runner.end() for runner in self.runners if runner.end() not in (0, -9)] == []

    def _killed(self) -> list[Runner]:
        at_work = [runner for runner in self.runners if runner.is_at_work()]
        if not at_work or self.kills >= KILLS:
            return []
        runner = self.chance.choice(at_work)
        runner.end()
        self.kills += 1
        return [runner]


@pytest.mark.skipif(os.name == "nt", reason="processes are killed by signal")
def test_runners_that_are_killed_at_random_lose_no_job_and_launch_none_twice(
    tmp_path: Path, emulator: RunningEmulator, database_server: DatabaseServer
) -> None:
    address = database_server.new_ledger()
    runners = []
    for number in range(RUNNERS):
        tool = Tool(tmp_path / f"runner-{number}", emulator)
        tool.environ |= {"ACCESS": "a", "SECRET": "s", LEDGER: address, **database_server.variables()}
        tool.write(MANIFEST)
        runners.append(Runner(tool))
    drain, begun = Drain(runners), time.monotonic()
    drain.run()
    seconds = time.monotonic() - begun

    last = runners[0].tool
    assert last.run("apply", "--yes").code == 0
    again = last.run("plan", "--detailed-exitcode")
    assert again.code == 0, again
    assert last.run("ledger", "verify").code == 0
    with emulator.model() as wire:
        inputs = [job.execution.locations for job in wire.service.jobs.every()]
        requests = len(wire.received)
    assert len(inputs) == len({*map(tuple, inputs)}) == JOBS
    assert drain.kills >= KILLS
    events = last.run("ledger", "show", "--format", "json").document["ledger"]
    who = {event["writer"] for event in events if event["type"] == "job-intended"}
    # They take turns: what one has claimed another does not launch.
    assert len(who) > 1
    if "DRAIN_JOBS" in os.environ:
        _write(drain, seconds, requests, len({event["batch"] for event in events}), len(who))


def _write(drain: Drain, seconds: float, requests: int, appends: int, writers: int) -> None:
    """Put the figures into the page."""
    numbers = [JOBS, RUNNERS, drain.kills, writers, JOBS, 0, round(seconds), requests, appends]
    figures = f"| {' | '.join(f'{each:,}' for each in numbers)} |"
    page = PAGE.read_text(encoding="utf-8")
    block = f"<!-- drain -->\n{_table(figures)}\n<!-- /drain -->"
    written, found = re.subn(r"<!-- drain -->.*?<!-- /drain -->", lambda _: block, page, flags=re.DOTALL)
    assert found == 1
    PAGE.write_text(written, encoding="utf-8")


def _table(figures: str) -> str:
    head = (
        "| jobs | runners at once | killed | runs that launched | launched | twice or lost | s | requests | appends |"
    )
    return "\n".join([head, "|---|---|---|---|---|---|---|---|---|", figures])
