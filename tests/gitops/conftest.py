"""An emulator whose quota makes a campaign of three take another run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eocanvas_apply.emulator.http.emulator_options import Options
from eocanvas_apply.emulator.http.server import RunningEmulator, running
from eocanvas_apply.emulator.model.behaviour import Quota
from tests.emulator.model_client import private_key


@pytest.fixture(name="emulator")
def _emulator() -> Iterator[RunningEmulator]:
    with running(Options(job_time=0.3, quotas=(Quota(2, 2.0),), private_key=private_key())) as emulator:
        yield emulator
