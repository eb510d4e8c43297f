"""Results stay in the manifest's folder, whatever links lie in it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from eocanvas_apply.engine import definition
from tests.applying.fetched import JOB, files, run_with
from tests.applying.simulated_runs import JOB_ONLY, ends, launched
from tests.simulation.world import World

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links need a permission on Windows")


@pytest.fixture
def world(tmp_path: Path) -> World:
    (tmp_path / "other").mkdir()
    (tmp_path / "project").mkdir()
    world = World(tmp_path / "project")
    run_with(world, ("a.nc", b"content"))
    return world


@pytest.mark.parametrize("link", ["results", "results/subset"])
def test_a_link_out_in_the_place_of_a_results_folder_takes_no_result(
    world: World, link: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # It comes after the manifest was checked.
    monkeypatch.setattr(definition, "folders_outside", lambda *_: ())
    other = world.folder.parent / "other"
    (world.folder / link).parent.mkdir(exist_ok=True)
    (world.folder / link).symlink_to(other)
    result = world.apply(JOB_ONLY)
    assert ends(result) == {JOB: "failed"}
    assert result.results[0].error
    assert result.results[0].error.code == "path-outside"
    assert list(other.iterdir()) == []
    (world.folder / link).unlink()
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}


def test_the_person_may_allow_the_folder_that_a_link_leads_to(world: World) -> None:
    other = world.folder.parent / "other"
    (world.folder / "results").symlink_to(other)
    world.allowed = (other,)
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}


def test_a_file_that_a_ledger_names_outside_is_not_moved(world: World) -> None:
    world.apply(JOB_ONLY)
    victim = world.folder.parent / "other" / "mine.nc"
    victim.write_bytes(b"mine")
    text = world.ledger.read_text(encoding="utf-8").replace("results/subset/a.nc", "../other/mine.nc")
    world.ledger.write_text(text, encoding="utf-8")
    world.apply(JOB_ONLY.replace("/a.zip", "/b.zip"))
    assert len(launched(world)) == 2
    assert victim.read_bytes() == b"mine"
