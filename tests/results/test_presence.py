"""Results on disk that the user edited, removed or touched."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.applying.fetched import JOB, downloads, files, run_with
from tests.applying.simulated_runs import JOB_ONLY, acts
from tests.simulation.world import World


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda path: path.unlink(), "result-missing"),
        (lambda path: path.write_bytes(b"longer than it was"), "result-edited"),
        (lambda path: path.write_bytes(b"CONTENT"), "result-edited"),
    ],
)
def test_an_edited_or_removed_file_is_reported_and_not_fetched_again(
    change: Callable[[Path], object], code: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.apply(JOB_ONLY)
    path = tmp_path / "results" / "subset" / "a.nc"
    change(path)
    os.utime(path, ns=(1, 1)) if path.exists() else None
    left = files(world)
    plan = world.plan(JOB_ONLY)
    assert [(d.code, d.address) for d in plan.diagnostics] == [(code, JOB)]
    assert acts(plan) == {JOB: ("none", "done")}
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == left
    assert downloads(world) == [""]


def test_a_file_with_only_a_new_time_stamp_is_unchanged(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.apply(JOB_ONLY)
    os.utime(tmp_path / "results" / "subset" / "a.nc", ns=(1, 1))
    assert not world.plan(JOB_ONLY).diagnostics
