"""The example of a campaign, run to its end through three runs that are killed."""

from __future__ import annotations

import csv
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Quota
from tests.emulator.model_client import private_key
from tests.end_to_end.test_interruptions import wait_until
from tests.end_to_end.tool import Tool, finished
from tests.examples.cases import EXAMPLES, ORBITS

EXAMPLE = EXAMPLES / "search-campaign"


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    options = Options(job_time=0.5, latency=0.02, quotas=(Quota.parse("3/3s"),), private_key=private_key())
    with running(options) as emulator:
        yield emulator


@pytest.fixture
def tool(emulator: RunningEmulator, tmp_path: Path) -> Tool:
    tool = Tool(tmp_path, emulator, {"HDA_URL": emulator.hda_url})
    shutil.copytree(EXAMPLE, tool.project, dirs_exist_ok=True)
    return tool


def asked(tool: Tool, method: str, part: str) -> int:
    """How many requests of a kind the service has seen."""
    with tool.emulator.model() as wire:
        found = [r.request for r in wire.received if r.request.method == method and part in r.request.path]
    return len(found)


def test_it_ends_through_three_killed_runs_with_every_result_in_its_folder(tool: Tool) -> None:
    moments = [("POST", "/dataaccess/download", 3), ("POST", "/execution", 2), ("GET", "/serverless/download/", 5)]
    for method, part, count in moments:
        process = tool.start("apply", "--yes")
        assert wait_until(lambda m=method, p=part, n=count: asked(tool, m, p) >= n, process), finished(process)  # type: ignore[misc]
        process.kill()
        ended = finished(process)
        assert ended.code == -signal.SIGKILL, ended

    last = tool.run("apply", "--yes")
    assert last.code == 0, last
    with tool.emulator.model() as wire:
        assert len(list(wire.service.jobs.every())) == len(ORBITS)
    folder = tool.project / "results" / "chlorophyll"
    stored = [path.parent.name for path in folder.rglob("*.nc")]
    assert sorted(stored) == sorted(f"orbit-{orbit}" for orbit in ORBITS)
    with (folder / "index.csv").open(encoding="utf-8", newline="") as file:
        listed = {row["instance"]: row["file"] for row in csv.DictReader(file)}
    assert sorted(listed) == sorted(stored)
    assert all((folder / file).is_file() for file in listed.values())
    # Nothing of the killed runs is left.
    assert not [
        path
        for path in tool.project.rglob("*")
        if path.suffix in {".part", ".lock"} and path != tool.project / "eocanvas.lock"
    ]
    again = tool.run("plan", "--detailed-exitcode")
    assert again.code == 0, again
    assert "Nothing to do" in again.out


def test_the_lock_of_the_example_equals_a_new_search(tool: Tool) -> None:
    before = products(tool.project / "eocanvas.lock")
    assert len(before) == len(ORBITS)
    (tool.project / "eocanvas.lock").unlink()
    assert tool.run("lock").code == 0
    assert products(tool.project / "eocanvas.lock") == before


def products(lock: Path) -> list[str]:
    return [line for line in lock.read_text(encoding="utf-8").splitlines() if " product " in line]
