"""An apply in a cell of a notebook: it is shown in place, and interrupting the kernel stops it as Ctrl-C does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.api.kernel import Kernel, started, wait_until

OPEN = "import eocanvas_apply as eoc\nproject = eoc.open()\n"
ASYNC = "import eocanvas_apply as eoc\nproject = eoc.aopen()\n"


@pytest.fixture(name="kernel")
def _kernel(manifest: Path) -> Iterator[Kernel]:
    with started(manifest.parent) as kernel:
        yield kernel


def events(manifest: Path, kind: str) -> list[dict[str, object]]:
    """Return the events of one type in the ledger."""
    ledger = manifest.parent / ".eocanvas/default.jsonl"
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.exists() else []
    return [event for event in map(json.loads, lines) if event["type"] == kind]


def jobs(emulator: RunningEmulator) -> int:
    """Return how many jobs there are at the service."""
    with emulator.model() as wire:
        return len(list(wire.service.jobs.every()))


@contextmanager
def late_answers(emulator: RunningEmulator, seconds: float) -> Iterator[None]:
    """Let the answer of each launch come so late."""
    with emulator.model() as wire:
        wire.faults.append(Fault("delay", "POST", "*/execution", times=None, seconds=seconds))
    try:
        yield
    finally:
        with emulator.model() as wire:
            wire.faults.clear()


def run_to_the_first_launch(kernel: Kernel, emulator: RunningEmulator, code: str) -> str:
    """Begin a cell, and wait until the service has a job of it."""
    before = jobs(emulator)
    cell = kernel.begin(code)
    wait_until(lambda: jobs(emulator) > before)
    return cell


@pytest.mark.parametrize(("opening", "waits"), [(OPEN, ""), (ASYNC, "await ")])
def test_a_run_is_shown_in_its_cell_in_place(kernel: Kernel, opening: str, waits: str) -> None:
    assert kernel.run(opening).error == ""
    cell = kernel.run(f"run = {waits}project.apply({waits}project.plan(), wait='2m')\nrun.summary['done']")
    assert (cell.error, cell.printed, cell.value) == ("", "", "4")
    first, *later = cell.displays
    assert first["kind"] == "display_data"
    assert {each["kind"] for each in later} == {"update_display_data"}
    assert len({each["display_id"] for each in cell.displays}) == 1
    last = later[-1]
    assert "<b>3 of 3 jobs done, ended after " in last["text/html"]
    assert "<td>job.tiles</td><td>3/3</td>" in last["text/html"]
    assert "job.tiles   3/3" in last["text/plain"]


def test_a_function_is_called_instead(kernel: Kernel) -> None:
    kernel.run(OPEN)
    cell = kernel.run("project.apply(project.plan(), wait='2m', on_progress=print).exit_code")
    assert (cell.error, cell.displays, cell.value) == ("", [], "0")
    assert 'job.tiles["north"] launched' in cell.printed


@pytest.mark.parametrize(("opening", "waits"), [(OPEN, ""), (ASYNC, "await ")])
def test_an_interrupt_waits_for_the_answer_on_the_way_and_a_later_apply_goes_on(
    kernel: Kernel, manifest: Path, emulator: RunningEmulator, opening: str, waits: str
) -> None:
    kernel.run(opening)
    before, apply = jobs(emulator), f"{waits}project.apply({waits}project.plan(), wait='2m')"
    with late_answers(emulator, 1.5):
        cell = run_to_the_first_launch(kernel, emulator, apply)
        kernel.interrupt()
        ended = kernel.ended(cell)
    assert ended.error == ("CancelledError" if waits else "KeyboardInterrupt")
    assert waits or ended.words == "the run was stopped; a later apply goes on from there"
    assert any("stopping after" in each["text/html"] for each in ended.displays)
    recorded = len(events(manifest, "job-submitted"))
    assert recorded >= 1
    assert recorded + len(events(manifest, "job-withdrawn")) == len(events(manifest, "job-intended"))
    again = kernel.run(f"({apply}).summary['done']")
    assert (again.error, again.value) == ("", "4")
    assert (jobs(emulator), len(events(manifest, "job-submitted"))) == (before + 3, 3)


def test_a_second_interrupt_ends_at_once_and_the_answer_is_found_later(
    kernel: Kernel, manifest: Path, emulator: RunningEmulator
) -> None:
    kernel.run(OPEN)
    before, apply = jobs(emulator), "project.apply(project.plan(), wait='2m')"
    with late_answers(emulator, 6):
        cell = run_to_the_first_launch(kernel, emulator, apply)
        kernel.interrupt()
        kernel.seen(cell, "stopping after")
        kernel.interrupt()
        ended = kernel.ended(cell)
        # The answer comes later than the end of the cell.
        assert (ended.error, events(manifest, "job-submitted")) == ("KeyboardInterrupt", [])
    again = kernel.run(f"({apply}).summary['done']")
    assert (again.error, again.value) == ("", "4")
    assert jobs(emulator) == before + 3
