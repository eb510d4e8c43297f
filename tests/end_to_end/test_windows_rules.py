"""The main job where POSIX is missing and the rules of Windows hold, as far as that can be had on Linux."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import running
from tests.emulator.model_client import private_key
from tests.end_to_end.test_interruptions import wait_until
from tests.end_to_end.tool import ROOT, Tool, finished

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc")
RULES = Path(__file__).parent / "windows"
JOB = """\
version: 1
project: demo
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {url: "https://products.example.org/a.zip", uncompress: true}}
    output: {download: results/subset}
"""
CAMPAIGN = JOB.replace("  subset:\n", "  subset:\n    for_each: {list: [aux, fine]}\n")


@pytest.fixture
def tool(tmp_path: Path) -> Iterator[Tool]:
    with running(Options(job_time=0.3, private_key=private_key())) as emulator:
        yield Tool(tmp_path, emulator, {"PYTHONPATH": os.pathsep.join((str(RULES), str(ROOT)))})


def test_the_rules_hold_in_a_run(tool: Tool) -> None:
    tool.write(JOB)
    script = (
        "import os\ntry:\n import fcntl\nexcept ImportError: print('no fcntl')\nopen('a', 'w').close()\nf = open('a')\n"
    )
    script += "try:\n os.replace('a', 'b')\nexcept PermissionError: print('in use')\n"
    script += "try:\n os.mkdir('nul')\nexcept OSError: print('no such name')\n"
    (tool.project / "rules.py").write_text(script, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "rules.py"],
        cwd=tool.project,
        env=tool.environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split("\n") == ["no fcntl", "in use", "no such name", ""]


def test_a_job_runs_from_its_launch_to_its_deletion(tool: Tool) -> None:
    tool.write(JOB)
    for words, says in (
        (("validate",), "no errors"),
        (("apply", "--yes"), ""),
        (("plan", "--detailed-exitcode"), "Nothing to do"),
        (("status",), "job.subset"),
        (("results",), "subset"),
        (("destroy", "--yes"), ""),
    ):
        ended = tool.run(*words)
        assert ended.code == 0, (words, ended)
        assert says in ended.out, (words, ended)
    assert [*(tool.project / "results" / "subset").glob("*.nc")]
    # The second run reads what the first one wrote, and nothing of their locks is left.
    assert not [*(tool.project / ".eocanvas").rglob("*.lock")]


def test_a_folder_that_cannot_be_had_fails_its_instance_alone(tool: Tool) -> None:
    tool.write(CAMPAIGN)
    checked = tool.run("validate")
    assert (checked.code, "not-on-windows" in checked.err) == (0, True), checked
    ended = tool.run("apply", "--yes", "--format", "json")
    ends = {
        each["address"]: (each["outcome"], each["error"] and each["error"]["code"])
        for each in ended.document["results"]
    }
    assert ends == {'job.subset["aux"]': ("failed", "result-unwritable"), 'job.subset["fine"]': ("done", None)}
    assert [*(tool.project / "results" / "subset" / "fine").glob("*.nc")]


def test_ctrl_c_stops_it_without_handlers_of_the_event_loop(tool: Tool) -> None:
    tool.write(JOB)
    process = tool.start("apply", "--yes")
    assert wait_until(
        lambda: tool.ledger.exists() and "job-submitted" in tool.ledger.read_text(encoding="utf-8"), process
    )
    process.send_signal(signal.SIGINT)
    ended = finished(process)
    assert ended.code == 130, ended
    assert tool.run("apply", "--yes").code == 0
