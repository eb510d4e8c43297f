"""A campaign of three under a quota of two, one of whose jobs fails, and a project that accepted its manifest."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import CANARIES
from tests.emulator.model_client import private_key
from tests.end_to_end.tool import Tool
from tests.gitops.project import JOBS, KEYS
from tests.virtual_environment import ROOT, VirtualEnvironment

HERE = Path(__file__).parent
EXAMPLES = ROOT / "examples" / "ci"
AIRFLOW = VirtualEnvironment("airflow", "apache-airflow", "3.3.2", HERE / "constraints-airflow.txt", beside=True)
PREFECT = VirtualEnvironment("prefect", "prefect", "3.9.1", HERE / "constraints-prefect.txt", beside=True)
# A scheduler starts in seconds, but on a machine at work in many.
_PATIENCE_S = 300


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    fault = JobFault("graph", "*b.nc", None)
    quota = Quota(2, 2.0)
    with running(Options(job_time=0.3, quotas=(quota,), job_faults=(fault,), private_key=private_key())) as emulator:
        yield emulator


@dataclass(frozen=True)
class Scheduler:
    """A scheduler in its environment, and a project; `settings` are the scheduler's own variables."""

    python: Path
    tool: Tool
    settings: dict[str, str]

    @property
    def manifest(self) -> Path:
        return self.tool.project / "eocanvas.yaml"

    def start(self, *words: str) -> str:
        """Run its Python to the end and return what it said; nothing but loopback can be reached from there."""
        tried = self.tool.folder / "tried-outside"
        paths = {"PYTHONPATH": f"{HERE / 'loopback_only'}:{ROOT}", "TRIED_OUTSIDE": str(tried)}
        ended = subprocess.run(
            [self.python, *words],
            cwd=self.tool.scratch,
            env=self.tool.environment({**self.settings, **paths}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_PATIENCE_S,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout
        assert not tried.exists(), tried.read_text(encoding="utf-8")
        assert not [value for value in CANARIES.values() if value in ended.stdout]
        return ended.stdout

    def run(self, driver: str, example: Path, **parameters: Any) -> tuple[Any, str]:
        """Run an example by a driver, and return what that answers and what was said."""
        answer = self.tool.folder / "answer.json"
        given = {"manifest": str(self.manifest), **parameters}
        said = self.start(str(HERE / "drivers" / f"{driver}.py"), str(example), str(answer), json.dumps(given))
        return json.loads(answer.read_text(encoding="utf-8")), said


@pytest.fixture(name="tool")
def _tool(tmp_path: Path, emulator: RunningEmulator) -> Tool:
    tool = Tool(tmp_path / "work", emulator, dict(CANARIES))
    tool.write(KEYS + JOBS)
    return tool


def accept(tool: Tool) -> None:
    """Apply the manifest once, as a person does before a schedule begins."""
    accepted = tool.run("apply", "--yes", "--no-wait", "--limit", "1")
    assert accepted.code == 3, accepted


def expect_its_results(tool: Tool) -> None:
    """Check that all but the failed job have a result."""
    found = {path.parent.name for path in (tool.project / "results").rglob("*.nc")}
    assert found == {"a", "c"}
