"""A run of days remembers what counts, not everything that it has ever seen."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.emulator.model.behaviour import Quota
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.state.observed import Observed
from tests.campaigns.test_quota import created, manifest, refused
from tests.simulation.world import World

JOBS, AT_ONCE = 30, 3


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> list[Observed]:
    observe, found = Observer.observe, []

    async def kept(self: Observer, *given: object) -> Observed:
        found.append(await observe(self, *given))  # type: ignore[arg-type]
        return found[-1]

    monkeypatch.setattr(Observer, "observe", kept)
    return found


def test_jobs_that_left_the_windows_are_forgotten(tmp_path: Path, seen: list[Observed]) -> None:
    world = World(tmp_path, quotas=(Quota(AT_ONCE, 3600),))
    assert not world.apply(manifest(JOBS, "quota: [{jobs: 3, per: 1h}]"), timedelta(hours=12)).endings
    assert len(created(world)) == JOBS
    assert refused(world) == 0
    # Those of this window, and those that left it while clocks may differ by ten minutes.
    assert max(len(observed.listed) for observed in seen) <= 2 * AT_ONCE
    assert max(len(observed.listed) for observed in seen) >= AT_ONCE
