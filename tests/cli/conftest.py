"""A project in a folder of its own, an account in the environment, and an emulator to run commands against."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.cli import main
from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.emulator.model_client import private_key

MANIFEST = """\
version: 1
project: coast
keys:
  scenes:
    type: s3
    bucket: scenes
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {env: SCENES_ACCESS_KEY}
    secret_key: {env: SCENES_SECRET_KEY}
jobs:
  subset:
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {key: scenes, path: /a.zip, uncompress: true, sub_path: xfdumanifest.xml}}
    output: {download: results}
"""
GRAPH = Path(__file__).parents[2] / "eocanvas_apply/cli/templates/subset.xml"
CANARIES = {"SCENES_ACCESS_KEY": "canary-access-key", "SCENES_SECRET_KEY": "canary-secret-key"}


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.4, private_key=private_key())) as emulator:
        yield emulator


@dataclass
class Project:
    """A folder with a manifest, and the output of the last command; `named` is what `-f` names in its place."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""
    named: tuple[Path, ...] = ()

    @property
    def manifest(self) -> Path:
        return self.folder / "eocanvas.yaml"

    def run(self, *words: str) -> int:
        """Run a command on this manifest; its output is in `out` and `err`, without the option that names it."""
        named = self.named or (self.manifest,)
        code = main([*words, *(word for path in named for word in ("-f", str(path)))])
        option = "" if self.named else f" -f {self.manifest}"
        self.out, self.err = (text.replace(option, "") if option else text for text in self.capsys.readouterr())
        return code

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        """Run it with `--format json` and return its document."""
        assert self.run(*words, "--format", "json") == code, self.out + self.err
        document: dict[str, Any] = json.loads(self.out)
        assert document["exit"] == code
        return document

    def change(self, before: str, after: str) -> None:
        """Edit the manifest."""
        text = self.manifest.read_text(encoding="utf-8")
        assert before in text
        self.manifest.write_text(text.replace(before, after), encoding="utf-8")


@pytest.fixture(name="project")
def _project(
    tmp_path: Path,
    emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Project:
    (tmp_path / "eocanvas.yaml").write_text(MANIFEST, encoding="utf-8")
    (tmp_path / "subset.xml").write_bytes(GRAPH.read_bytes())
    settings = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "EOCANVAS_APPLY_POLL": "100ms"}
    user = emulator.options.users[0]
    account = {"HDA_USER": user.name, "HDA_PASSWORD": user.password}
    for variable in ("EOCANVAS_APPLY_LEDGER", "CI"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in (settings | account | CANARIES).items():
        monkeypatch.setenv(variable, value)
    return Project(tmp_path, capsys)


@pytest.fixture(name="campaign")
def _campaign(project: Project, request: pytest.FixtureRequest) -> Project:
    """The project with the MANIFEST of the test module."""
    project.manifest.write_text(request.module.MANIFEST, encoding="utf-8")
    return project


def searches(emulator: RunningEmulator) -> int:
    """How many searches the HDA has received."""
    with emulator.model() as wire:
        return sum(received.request.path.endswith("/search") for received in wire.received)
