"""The emulator of tests whose jobs take a moment, so that a run can be met at work."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from tests.emulator.model_client import private_key


@pytest.fixture
def emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.6, latency=0.03, private_key=private_key())) as emulator:
        yield emulator
