from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.peers.environment import EOCANVAS, HDA, OfficialClient, openssl_path


@pytest.fixture(scope="session")
def official_interpreter() -> Path:
    """The Python in which the official client is installed."""
    return EOCANVAS.python()


@pytest.fixture
def official(official_interpreter: Path, tmp_path: Path) -> OfficialClient:
    """The official client with an openssl, in a folder of its own."""
    tools = tmp_path / "bin"
    tools.mkdir()
    home = tmp_path / "home"
    home.mkdir()
    return OfficialClient(official_interpreter, openssl_path(tools), home)


@pytest.fixture(scope="session")
def hda_interpreter() -> Path:
    """The Python in which the official HDA client is installed."""
    return HDA.python()


@pytest.fixture
def official_hda(hda_interpreter: Path, tmp_path: Path) -> OfficialClient:
    """The official HDA client in a folder of its own."""
    home = tmp_path / "hda-home"
    home.mkdir()
    return OfficialClient(hda_interpreter, os.environ["PATH"], home)


@pytest.fixture(params=["http", "https"])
def emulator(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningEmulator]:
    """An emulator with quick jobs, over http and over TLS."""
    tls_dir = tmp_path / "tls" if request.param == "https" else None
    with running(Options(job_time=0.2, results_per_job=12, tls_dir=tls_dir)) as emulator:
        yield emulator
