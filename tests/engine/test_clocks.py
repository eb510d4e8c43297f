"""A machine whose clock differs from the service's, by seconds or by hours, does what any other does."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from eocanvas_apply.simulation.virtual_time import LoopClock
from tests.applying.simulated_runs import LAUNCH, acts, ends, fault, launched, manifest, types
from tests.simulation.world import World

DIFFERENCES = [timedelta(seconds=s) for s in (-10800, -90, -3, 3, 90, 10800)]


def shifted(monkeypatch: pytest.MonkeyPatch, by: timedelta) -> None:
    monkeypatch.setattr(LoopClock, "now", lambda self: self.clock() + by)


def events_of(folder: Path, *, lost: bool) -> list[str]:
    """Run to the end, with the answer to the launch lost or not; return the types of what was recorded."""
    folder.mkdir()
    world = World(folder)
    if lost:
        fault(world, "drop-after", LAUNCH)
    assert not world.apply(manifest()).endings
    assert len(launched(world)) == 1
    assert acts(world.plan(manifest())) == {"key.scenes": ("none", "not-needed"), "job.subset": ("none", "done")}
    before = types(world)
    assert set(ends(world.apply(manifest())).values()) == {"done"}
    assert types(world) == before
    return before


@pytest.mark.parametrize("lost", [False, True])
@pytest.mark.parametrize("by", DIFFERENCES, ids=str)
def test_it_launches_once_and_renews_nothing(
    by: timedelta, lost: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = events_of(tmp_path / "right", lost=lost)
    shifted(monkeypatch, by)
    assert events_of(tmp_path / "shifted", lost=lost) == right
