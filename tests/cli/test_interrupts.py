from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from eocanvas_apply.api.exit_codes import Exit
from eocanvas_apply.cli.guard import of_exception
from eocanvas_apply.cli.terminal.channel import Channel
from eocanvas_apply.cli.terminal.console import Console
from eocanvas_apply.cli.terminal.signals import Interrupts, Stopped, asking
from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project

ROOT = Path(__file__).parents[2]


def _start(project: Project, *words: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "eocanvas_apply", *words, "-f", str(project.manifest)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _wait_for(process: subprocess.Popen[str], words: str) -> None:
    assert process.stderr is not None
    for line in process.stderr:
        if words in line:
            return
    raise AssertionError(f"{words!r} was never said")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_signal_waits_for_answers_and_the_next_run_continues(
    number: signal.Signals, code: int, project: Project, emulator: RunningEmulator
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    with _start(project, "apply", "--yes", "--format", "json") as process:
        _wait_for(process, "job.subset launched")
        process.send_signal(number)
        try:
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == code
    assert "stopping: " in err
    document = json.loads(out)
    assert (document["exit"], document["summary"]["waiting"]) == (code, 1)
    [interrupted] = document["diagnostics"]
    hint = f"eocanvas-apply apply -f {project.manifest} continues"
    assert (interrupted["code"], interrupted["hint"]) == ("interrupted", hint)
    again = project.json("apply", "--no-wait", code=3)
    assert [each["code"] for each in again["diagnostics"]] == ["unfinished"]
    before, after = (each["results"][1] for each in (document, again))
    assert (before["action"], after["action"]) == ("launch", "watch")
    assert before["job_id"] == after["job_id"] == project.json("status")["jobs"][0]["job_id"]
    assert after["status"] in ("accepted", "running")
    assert project.run("apply", "--no-wait") == 3
    assert "Running\n  job.subset\n" in project.out
    assert project.out.endswith("1 running at the service; eocanvas-apply apply continues\n")


def test_a_signal_at_the_prompt_ends_the_command(project: Project) -> None:
    master, slave = os.openpty()
    command = [sys.executable, "-m", "eocanvas_apply", "apply", "-f", str(project.manifest)]
    with subprocess.Popen(command, cwd=ROOT, stdin=slave, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said = ""
        while "to continue: " not in said:
            said += process.stderr.read(1)
        process.send_signal(signal.SIGINT)
        try:
            assert process.wait(30) == 130
        finally:
            process.kill()
    os.close(master)
    os.close(slave)
    assert not (project.folder / ".eocanvas").exists()


def _interrupts(left: list[int], patience_s: float = 60.0) -> Interrupts:
    console = Console(Channel(io.StringIO()), Channel(io.StringIO()), format="json")
    return Interrupts("apply", console, asyncio.Event(), left.append, patience_s)


def _document(interrupts: Interrupts) -> dict[str, object]:
    stream = interrupts.console.out.stream
    assert isinstance(stream, io.StringIO)
    document: dict[str, object] = json.loads(stream.getvalue())
    return document


def test_the_second_signal_exits_at_once_with_the_code_of_the_first() -> None:
    left: list[int] = []

    async def play() -> Interrupts:
        interrupts = _interrupts(left)
        interrupts.came(signal.SIGTERM)
        assert (left, interrupts.stopping.is_set()) == ([], True)
        interrupts.came(signal.SIGINT)
        return interrupts

    assert _document(asyncio.run(play()))["exit"] == 143
    assert left == [143]


def test_waiting_for_answers_ends_after_the_grace_time() -> None:
    left: list[int] = []

    async def play() -> None:
        done = asyncio.Event()

        def leave(code: int) -> None:
            left.append(code)
            done.set()

        interrupts = _interrupts(left, patience_s=0.0)
        interrupts.leave = leave
        interrupts.came(signal.SIGINT)
        await done.wait()

    asyncio.run(play())
    assert left == [130]


def test_a_signal_at_the_prompt_is_raised_and_the_handlers_are_restored() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(Stopped) as stopped, asking():
        signal.raise_signal(signal.SIGTERM)
    assert of_exception(stopped.value) is Exit.TERMINATED
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def _until_asked(emulator: RunningEmulator, path: str) -> None:
    for _ in range(3000):
        with emulator.model() as wire:
            if any(path in entry.request.path for entry in wire.received):
                return
        time.sleep(0.01)
    raise AssertionError(f"{path} was never asked for")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.parametrize("words", [["plan"], ["status"], ["apply", "--yes"], ["doctor"]])
def test_a_signal_while_reading_the_service_ends_with_a_document(
    number: signal.Signals, code: int, words: list[str], project: Project, emulator: RunningEmulator
) -> None:
    with emulator.model() as wire:
        wire.received.clear()
        wire.faults.clear()
        wire.faults.append(Fault("delay", path="*/keys*", times=None, seconds=60))
    with _start(project, *words, "--format", "json") as process:
        _until_asked(emulator, "/keys")
        process.send_signal(number)
        try:
            out, _ = process.communicate(timeout=30)
        finally:
            process.kill()
    with emulator.model() as wire:
        wire.faults.clear()
    document = json.loads(out)
    assert (process.returncode, document["exit"]) == (code, code)
    assert [found["code"] for found in document["diagnostics"]] == ["interrupted"]


def test_a_run_beside_one_at_work_says_so_and_a_killed_one_is_not_at_work(
    project: Project, emulator: RunningEmulator
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", "*"))
    with _start(project, "apply", "--yes") as process:
        _wait_for(process, "job.subset launched")
        try:
            for words, code in ((["plan"], 0), (["status"], 0), (["apply", "--no-wait"], 3)):
                found = project.json(*words, code=code)["diagnostics"]
                [beside] = [each for each in found if each["code"] == "run-at-work"]
                assert f"(process {process.pid} on " in beside["message"]
        finally:
            process.kill()
    assert (project.folder / ".eocanvas/default.runs").exists()
    assert project.json("plan")["diagnostics"] == []
    assert not (project.folder / ".eocanvas/default.runs").exists()
