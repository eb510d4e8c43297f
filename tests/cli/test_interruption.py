"""Signals while a command starts, and while it ends: in a process of its own, at the import of a module."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.render.diagnostics import document

SCRIPT = """
import atexit, os, signal, sys

number, times, place = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]

def send():
    for _ in range(times):
        os.kill(os.getpid(), number)

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == place:
            sys.meta_path.remove(self)
            send()

sys.meta_path.insert(0, Sender())
if place == "the end":
    atexit.register(send)
sys.argv = ["eocanvas-apply", "plan", "--format", "json"]
from eocanvas_apply.cli import main

sys.exit(main())
"""
STARTING = ("eocanvas_apply.cli.program", "asyncio", "eocanvas_apply.cli.commands.plan")
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 143}


def _ended(folder: Path, number: signal.Signals, times: int, place: str) -> tuple[int, int, list[str]]:
    words = [sys.executable, "-c", SCRIPT, str(int(number)), str(times), place]
    ended = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert ended.stderr == ""
    found = json.loads(ended.stdout)
    assert found["command"] == "plan"
    return ended.returncode, found["exit"], [each["code"] for each in found["diagnostics"]]


@pytest.mark.parametrize("place", STARTING)
@pytest.mark.parametrize(
    ("number", "times"), [(signal.SIGINT, 1), (signal.SIGINT, 2), (signal.SIGTERM, 2), (signal.SIGHUP, 1)]
)
def test_a_signal_while_a_command_starts_ends_it_with_its_code_and_a_document(
    number: signal.Signals, times: int, place: str, tmp_path: Path
) -> None:
    code = CODES[number]
    assert _ended(tmp_path, number, times, place) == (code, code, ["interrupted"])


@pytest.mark.parametrize("place", ["eocanvas_apply.cli.interruption", "gc"])
def test_a_ctrl_c_before_signals_are_heard_is_no_traceback(place: str, tmp_path: Path) -> None:
    assert _ended(tmp_path, signal.SIGINT, 1, place) == (130, 130, ["interrupted"])


def test_a_signal_that_is_ignored_stays_so(tmp_path: Path) -> None:
    words = ["nohup", sys.executable, "-c", SCRIPT, str(int(signal.SIGHUP)), "1", STARTING[0]]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert [each["code"] for each in json.loads(ended.stdout)["diagnostics"]] == ["file-missing"]


@pytest.mark.parametrize("number", CODES)
def test_a_signal_while_python_ends_changes_nothing(number: signal.Signals, tmp_path: Path) -> None:
    assert _ended(tmp_path, number, 2, "the end") == (1, 1, ["file-missing"])


def test_the_document_of_a_command_that_has_not_started_is_that_of_any_other(tmp_path: Path) -> None:
    words = [sys.executable, "-c", SCRIPT, str(int(signal.SIGINT)), "1", STARTING[0]]
    early = json.loads(subprocess.run(words, cwd=tmp_path, capture_output=True, timeout=60, check=False).stdout)
    assert early == document("plan", {}, 130, (error("interrupted", "interrupted"),))


@pytest.mark.parametrize(("loads", "ends"), [("obstore", False), ("json", True)])
def test_a_command_that_asked_a_bucket_leaves_before_python_ends(loads: str, ends: bool, tmp_path: Path) -> None:
    """Python that ends while a thread of obstore lets go of its last objects is aborted, with code 134."""
    script = (
        f"import atexit, sys, {loads}\natexit.register(print, 'Python ends')\nsys.argv = ['eoc', 'explain', 'bad-day']"
    )
    script += "\nfrom eocanvas_apply.cli import main\nsys.exit(main())"
    ended = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("bad-day (error)")
    assert ended.stdout.endswith("Python ends\n") is ends
