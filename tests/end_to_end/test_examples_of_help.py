"""The examples that `--help` shows: every command has one to three, and they do what they say in a real project."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from eocanvas_apply.cli.commands import SUMMARIES
from eocanvas_apply.cli.program import prepared
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.end_to_end.tool import Tool

MANIFEST = """\
version: 1
project: coast
keys:
  scenes: {type: s3-public, bucket: scenes, region: r, endpoint: "https://s3.example.invalid"}
jobs:
  subset:
    graph: graph.xml
    inputs: {img1: {key: scenes, path: /a.zip}}
  datacube:
    for_each: {list: [S3A_OL_2_WFR____20240706T094017, S3A_OL_2_WFR____20240707T091406]}
    graph: graph.xml
    inputs: {img1: {key: scenes, path: "/${each.id}.zip"}}
"""
# In an order in which each finds something to do; `init` comes first, in a folder that has no manifest yet.
ORDER = (
    *(
        "validate",
        "doctor",
        "lock",
        "deps",
        "plan",
        "show",
        "why",
        "apply",
        "status",
        "report",
        "logs",
        "results",
        "ledger",
    ),
    *("explain", "schema", "completion", "import", "resolve", "cancel", "forget", "destroy"),
)
# They serve until they are ended, or take a minute and are run elsewhere.
APART = {"demo", "emulator", "init"}
# Programs, buckets and folders that are not here, and what serves: these are parsed, as every command on a page is.
ELSEWHERE = re.compile(r"\| dot|\| source|s3://| /backup/|--serve")
# What says that an example names something that cannot be.
WRONG = re.compile(r"\[(usage|unknown-address|ambiguous-address|not-planned|file-missing|internal)\]|Traceback")


def examples(command: str) -> list[str]:
    """Return the examples of a command's help."""
    text = prepared(command)[1].format_help()
    return [line.strip() for line in re.split(r"^Examples?:\n", text, flags=re.MULTILINE)[1].splitlines() if line]


@pytest.mark.parametrize("command", SUMMARIES)
def test_help_ends_with_one_to_three_examples_of_the_command(command: str) -> None:
    found = examples(command)
    assert 1 <= len(found) <= 3
    assert [line for line in found if f"eocanvas-apply {command}" not in line] == []
    assert max(map(len, found)) < 100


def test_every_command_is_run_or_stands_apart() -> None:
    assert SUMMARIES.keys() == {*ORDER, *APART}


@pytest.fixture
def tool(tmp_path: Path, emulator: RunningEmulator) -> Tool:
    """A project whose shell finds the program by its name."""
    program = tmp_path / "bin/eocanvas-apply"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m eocanvas_apply "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return Tool(tmp_path / "tool", emulator, {"SHELL_PATH": str(program.parent)})


def test_the_examples_do_what_they_say(tool: Tool) -> None:
    for line in examples("init"):
        assert _run(tool, line)[0] == 0, line
    tool.write(MANIFEST)
    assert tool.run("validate").code == 0
    for command in ORDER:
        for line in examples(command):
            if not ELSEWHERE.search(line):
                _, said = _run(tool, line)
                assert not WRONG.search(said), f"{line}\n{said}"
        if command == "apply":
            assert tool.run("apply", "--yes").code == 0


def test_an_example_that_names_nothing_would_be_found(tool: Tool) -> None:
    tool.write(MANIFEST)
    assert WRONG.search(_run(tool, "eocanvas-apply why no-such-job")[1])
    assert WRONG.search(_run(tool, "eocanvas-apply plan --no-such-option")[1])


def _run(tool: Tool, line: str) -> tuple[int, str]:
    """Run a line in bash; return its exit code and what the program said beside its result."""
    environ = tool.environment({})
    environ["PATH"] = f"{environ.pop('SHELL_PATH')}:{environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", line],
        cwd=tool.project,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return ended.returncode, ended.stderr
