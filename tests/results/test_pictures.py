"""Pictures of a project's results: few enough, of what is as it was stored, and never for long."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.emulator.formats.geotiff import geotiff
from eocanvas_apply.engine.inspection.pictures import pictures
from eocanvas_apply.files import digest_of
from eocanvas_apply.ledger import events as e
from tests.planning.scene import Scene
from tests.report.page.scenes import all_done, square
from tests.results.test_thumbnails import BALTIC


def _scene(folder: Path, names: str = "abc") -> Scene:
    """Return jobs, three by default, whose results lie in a folder."""
    scene = all_done({name: square(20, 58) for name in names})
    for number, event in enumerate(scene.events):
        if isinstance(event, e.ResultStored):
            file = folder / f"{number}.tif"
            file.write_bytes(geotiff(str(number), 40_000, BALTIC) or b"")
            scene.events[number] = e.ResultStored(
                address=event.address,
                job_id=event.job_id,
                title=event.title,
                file=file.name,
                size=file.stat().st_size,
                sha256=digest_of(file),
            )
    return scene


def test_every_result_as_it_was_stored_has_one(tmp_path: Path) -> None:
    scene = _scene(tmp_path)
    assert len(pictures(scene.recorded, Boundary(tmp_path), 9)) == 3
    assert len(pictures(scene.recorded, Boundary(tmp_path), 2)) == 2
    next(tmp_path.glob("*.tif")).write_bytes(b"another")
    assert len(pictures(scene.recorded, Boundary(tmp_path), 9)) == 2


def test_files_that_are_not_here_leave_the_picture_of_another(tmp_path: Path) -> None:
    scene = _scene(tmp_path, "abcdefgh")
    first, *others = sorted(tmp_path.glob("*.tif"), key=lambda file: int(file.stem))
    for file in others:
        file.unlink()
    assert len(pictures(scene.recorded, Boundary(tmp_path), 1)) == 1
    first.unlink()
    assert pictures(scene.recorded, Boundary(tmp_path), 1) == {}


def test_large_files_take_no_longer_than_a_person_waits(tmp_path: Path) -> None:
    seconds = (6.0 * number for number in count())
    assert len(pictures(_scene(tmp_path).recorded, Boundary(tmp_path), 9, clock=lambda: next(seconds))) == 1


def test_of_many_broken_files_only_some_are_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Path] = []
    monkeypatch.setattr("eocanvas_apply.engine.inspection.pictures.thumbnail", tried.append)
    scene = _scene(tmp_path, "abcdef")
    assert pictures(scene.recorded, Boundary(tmp_path), 1) == {}
    assert len(tried) == 4
