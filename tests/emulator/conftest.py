from __future__ import annotations

import pytest

from tests.emulator.model_client import Stage


@pytest.fixture
def stage() -> Stage:
    """A service with one user, who has logged in."""
    return Stage().log_in()
