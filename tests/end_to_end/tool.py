"""The tool as a user runs it: a process of its own, in a project folder, with a home and an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.behaviour import DEFAULT_USER

ROOT = Path(__file__).parent.parent.parent
# Waits of seconds instead of minutes. A lost launch is given up after the last three together.
QUICK = {
    "EOCANVAS_APPLY_POLL": "100ms",
    "EOCANVAS_APPLY_SETTLE": "1s",
    "EOCANVAS_APPLY_SEND_WITHIN": "1s",
    "EOCANVAS_APPLY_REQUEST_TIMEOUT": "2s",
}
_PATIENCE_S = 60
GRAPH = """<graph id="copy">
  <version>1.0</version>
  <node id="Read">
    <operator>Read</operator>
    <sources/>
    <parameters><file>$img1</file></parameters>
  </node>
  <node id="Write">
    <operator>Write</operator>
    <sources><sourceProduct refid="Read"/></sources>
    <parameters><file>$output</file><formatName>NetCDF4-CF</formatName></parameters>
  </node>
</graph>
"""


@dataclass(frozen=True)
class Ended:
    """The outcome of a run: its exit code (negative: the signal that ended it) and its output."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    def __str__(self) -> str:
        return f"exit {self.code}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


def expect_one_message(ended: Ended, code: str, exit_code: int = 1) -> None:
    """Check that a command failed with one error of this code, and in words."""
    assert ended.code == exit_code, ended
    assert ended.err.count("error:") == 1, ended
    assert f"[{code}]" in " ".join(ended.err.split()), ended
    assert "Traceback" not in ended.err, ended


@dataclass
class Tool:
    """A project in `folder`/project; `environ` is what a run gets beside its home and the service's address."""

    folder: Path
    emulator: RunningEmulator
    environ: dict[str, str] = field(default_factory=dict)
    ca_file: Path | None = None

    def __post_init__(self) -> None:
        for place in (self.project, self.home, self.scratch):
            place.mkdir(parents=True)

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def scratch(self) -> Path:
        return self.folder / "tmp"

    @property
    def ledger(self) -> Path:
        return self.project / ".eocanvas" / "default.jsonl"

    def write(self, manifest: str, graph: str = GRAPH) -> None:
        """Write the manifest, and the graph that it may name as graph.xml."""
        (self.project / "eocanvas.yaml").write_text(manifest, encoding="utf-8")
        (self.project / "graph.xml").write_text(graph, encoding="utf-8")

    def run(self, *words: str, **environ: str) -> Ended:
        """Run a command to its end."""
        ended = subprocess.run(
            self._command(words),
            cwd=self.project,
            env=self.environment(environ),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    def start(self, *words: str, output: int = subprocess.PIPE, **environ: str) -> subprocess.Popen[str]:
        """Start a command; its output can be read from the process that is returned, up to what a pipe holds."""
        return subprocess.Popen(
            self._command(words),
            cwd=self.project,
            env=self.environment(environ),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
        )

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the variables that a run gets, nothing of our own but the path to the programs."""
        trust = {} if self.ca_file is None else {"SSL_CERT_FILE": str(self.ca_file)}
        own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.home),
            "TMPDIR": str(self.scratch),
            "NO_PROXY": "*",
        }
        service = {"EOCANVAS_URL": self.emulator.url, "EOCANVAS_TOKEN_URL": self.emulator.token_url}
        account = {"HDA_USER": DEFAULT_USER.name, "HDA_PASSWORD": DEFAULT_USER.password}
        return {**own, **service, **account, **QUICK, **trust, **self.environ, **more}

    def start_python(self, *words: str) -> subprocess.Popen[str]:
        """Start this Python with other words."""
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.project,
            env=self.environment({}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _command(self, words: tuple[str, ...]) -> list[str]:
        return [sys.executable, "-m", "eocanvas_apply", *words]


def finished(process: subprocess.Popen[str]) -> Ended:
    """Wait for a started command; one that does not end is killed, and the test fails."""
    try:
        out, err = process.communicate(timeout=_PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ended(process.returncode, out, err)
