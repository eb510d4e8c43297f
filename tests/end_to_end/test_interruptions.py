"""Runs that are killed or stopped by a signal: nothing is launched twice, nothing is lost, the ledger stays valid."""

from __future__ import annotations

import random
import secrets
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.emulator.model_client import private_key
from tests.end_to_end.tool import Ended, Tool, finished

KEY = """
  k{number}:
    {{type: s3, bucket: b{number}, region: waw3-2, endpoint: "https://s3.example.org",
     access_key: {{env: ACCESS}}, secret_key: {{env: SECRET}}}}"""
JOB = """
  j{number}:
    graph: graph.xml
    inputs: {{img1: {{key: k{key}, path: /scene-{number}.nc}}}}"""
ROUNDS = 6


@dataclass
class ManyJobs:
    """A project of several jobs that read through two keys, and its requests at the service."""

    tool: Tool
    jobs: int

    def __post_init__(self) -> None:
        self.tool.environ |= {"ACCESS": "an-access-key", "SECRET": "a-secret-key"}
        keys = "".join(KEY.format(number=i) for i in range(2))
        jobs = "".join(JOB.format(number=i, key=i % 2) for i in range(self.jobs))
        self.tool.write(f"version: 1\nproject: many-jobs\nkeys:{keys}\njobs:{jobs}\n")

    @property
    def requests(self) -> int:
        with self.tool.emulator.model() as wire:
            return len(wire.received)

    @property
    def launched(self) -> int:
        """How many jobs there are at the service."""
        with self.tool.emulator.model() as wire:
            return len(list(wire.service.jobs.every()))

    def has_received(self, requests: int) -> bool:
        return self.requests >= requests

    def has_launched(self) -> bool:
        return self.launched > 0

    @property
    def keys_created(self) -> int:
        with self.tool.emulator.model() as wire:
            return len([key for key in wire.service.keystore if key.name != "eodata"])

    def start(self) -> subprocess.Popen[str]:
        return self.tool.start("apply", "--yes")

    def expect_all_done_once(self) -> None:
        """Check that a further run has nothing to do and that nothing happened twice."""
        again = self.tool.run("plan", "--detailed-exitcode")
        assert again.code == 0, again
        assert self.launched == self.jobs
        assert self.keys_created == 2
        stored = [path for path in (self.tool.project / "results").glob("*/*") if path.suffix == ".nc"]
        assert len(stored) == self.jobs
        # A run killed while it writes an index leaves a hidden file that a later run removes.
        assert not list(self.tool.project.rglob("[!.]*.part"))
        self.expect_whole_ledger()

    def expect_whole_ledger(self) -> None:
        verified = self.tool.run("ledger", "verify")
        assert verified.code == 0, verified


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.6, latency=0.03, private_key=private_key())) as emulator:
        yield emulator


@pytest.fixture
def project(emulator: RunningEmulator, tmp_path: Path) -> ManyJobs:
    return ManyJobs(Tool(tmp_path, emulator), jobs=8)


def wait_until(true: Callable[[], bool], process: subprocess.Popen[str]) -> bool:
    """Wait for a moment in a run, or for its end; return whether the moment came."""
    end = time.monotonic() + 30
    while not true() and process.poll() is None:
        assert time.monotonic() < end, "the moment never comes"
        time.sleep(0.005)
    return true()


def test_a_run_killed_at_any_moment_ends_like_an_undisturbed_one(project: ManyJobs) -> None:
    seed = secrets.randbits(32)
    chance = random.Random(seed)
    killed = 0
    for _ in range(ROUNDS):
        process = project.start()
        moment = project.requests + chance.randint(1, 30)
        wait_until(partial(project.has_received, moment), process)
        time.sleep(chance.uniform(0, 0.04))
        process.kill()
        killed += finished(process).code == -signal.SIGKILL

    last = project.tool.run("apply", "--yes")
    assert last.code == 0, f"seed {seed}: {last}"
    assert killed > 0, f"seed {seed}: every run ended before it was killed"
    project.expect_all_done_once()


def test_a_run_is_killed_during_a_launch(project: ManyJobs) -> None:
    """The service carries the launch out, and the killed run does not get the answer."""
    with project.tool.emulator.model() as wire:
        wire.faults.append(Fault("delay", method="POST", path="*/execution", times=None, seconds=0.5))
    process = project.start()
    assert wait_until(project.has_launched, process), finished(process)
    process.kill()
    finished(process)
    with project.tool.emulator.model() as wire:
        wire.faults.clear()

    last = project.tool.run("apply", "--yes")
    assert last.code == 0, last
    project.expect_all_done_once()


def interrupted(project: ManyJobs, number: signal.Signals) -> Ended:
    """Start a run and signal it when the first jobs are launched."""
    process = project.start()
    assert wait_until(project.has_launched, process), finished(process)
    process.send_signal(number)
    return finished(process)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_the_run_and_a_later_run_continues(project: ManyJobs, number: signal.Signals, code: int) -> None:
    ended = interrupted(project, number)
    assert ended.code == code, ended
    assert "Traceback" not in ended.err
    project.expect_whole_ledger()

    again = project.tool.run("apply", "--yes")
    assert again.code == 0, again
    project.expect_all_done_once()


def test_pending_answers_are_awaited_before_the_run_stops(project: ManyJobs) -> None:
    with project.tool.emulator.model() as wire:
        wire.faults.append(Fault("delay", method="POST", path="*/execution", times=None, seconds=0.8))
    ended = interrupted(project, signal.SIGINT)
    assert ended.code == 130, ended
    with project.tool.emulator.model() as wire:
        wire.faults.clear()
    submitted = project.tool.ledger.read_text(encoding="utf-8").count('"job-submitted"')
    assert submitted == project.launched > 0


def test_a_second_signal_stops_the_run_at_once(project: ManyJobs) -> None:
    with project.tool.emulator.model() as wire:
        wire.faults.append(Fault("delay", method="POST", path="*/execution", times=None, seconds=4))
    process = project.start()
    assert wait_until(project.has_launched, process), finished(process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    said = iter(process.stderr.readline, "")
    assert any("stopping" in line for line in said)
    process.send_signal(signal.SIGINT)
    ended = finished(process)
    assert ended.code == 130, ended
    project.expect_whole_ledger()
