"""What holds for all tests."""

from __future__ import annotations

import gc
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How fast examples are drawn depends on the machine, so it is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and the commands that they start would too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Weeks in virtual time and thousands of inputs: they reach nothing that other tests do not, and measuring the lines
# that are reached takes as long again.
UNMEASURED = {"simulation", "fuzz"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave the longest tests out of the coverage."""
    for item in items:
        if UNMEASURED & {*Path(item.path).parts}:
            item.add_marker(pytest.mark.no_cover)


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking through thousands of collected tests again and again."""
    gc.freeze()
