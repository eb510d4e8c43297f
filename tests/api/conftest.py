"""A project of one key and a campaign of three, an account in the environment, and an emulator of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running

MANIFEST = """\
version: 1
project: {project}
vars: {{folder: results}}
keys:
  scenes:
    {{type: s3, bucket: b, region: r, endpoint: "https://s3.test", access_key: {{env: A}}, secret_key: {{env: B}}}}
jobs:
  tiles:
    for_each: {{list: [north, south, west]}}
    graph: subset.xml
    params: {{aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}}
    inputs: {{img1: {{key: scenes, path: "/${{each.value}}.zip", uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: "${{var.folder}}"}}
"""
GRAPH = Path(__file__).parents[2] / "eocanvas_apply/cli/templates/subset.xml"


@pytest.fixture(name="emulator", scope="module")
def _emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.2)) as emulator:
        yield emulator


@pytest.fixture(name="manifest")
def _manifest(
    tmp_path: Path, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Path:
    """Return the manifest of a project that no other test has."""
    (tmp_path / "subset.xml").write_bytes(GRAPH.read_bytes())
    path = tmp_path / "eocanvas.yaml"
    path.write_text(MANIFEST.format(project=f"p-{crc32(request.node.name.encode())}"), encoding="utf-8")
    user = emulator.options.users[0]
    settings = {"EOCANVAS_URL": emulator.url, "EOCANVAS_TOKEN_URL": emulator.token_url, "EOCANVAS_APPLY_POLL": "50ms"}
    account = {"HDA_USER": user.name, "HDA_PASSWORD": user.password, "A": "canary-access", "B": "canary-secret"}
    for variable in ("EOCANVAS_APPLY_LEDGER", "CI", "HDA_URL"):
        monkeypatch.delenv(variable, raising=False)
    for variable, value in {**settings, **account}.items():
        monkeypatch.setenv(variable, value)
    return path
