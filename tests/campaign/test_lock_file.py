from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply import files
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.campaign.lock import LockedQuery, LockFile, lock_of, read_lock_file, write_lock_file
from eocanvas_apply.errors import ManifestError

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
PRODUCTS = tuple({"id": f"p-{number:05}", "words": "x" * 1000} for number in range(12_000))
LOCK = lock_of([LockedQuery({"dataset_id": "d"}, NOW, PRODUCTS[:2])])


def test_a_lock_is_read_back_as_written(tmp_path: Path) -> None:
    assert read_lock_file(Boundary(tmp_path)) == LockFile()
    path = write_lock_file(tmp_path, LOCK)
    found = read_lock_file(Boundary(tmp_path))
    assert (found.lock, found.text) == (LOCK, path.read_text(encoding="utf-8"))
    assert [each.name for each in tmp_path.iterdir()] == ["eocanvas.lock"]


def test_a_lock_of_thousands_of_products_is_not_too_large(tmp_path: Path) -> None:
    large = lock_of([LockedQuery({"dataset_id": "d"}, NOW, PRODUCTS)])
    assert write_lock_file(tmp_path, large).stat().st_size > files.LARGEST
    assert read_lock_file(Boundary(tmp_path)).lock == large


@pytest.mark.skipif(os.name != "posix", reason="modes of files")
def test_the_lock_is_as_readable_as_the_manifest_and_keeps_its_mode(tmp_path: Path) -> None:
    path = write_lock_file(tmp_path, LOCK)
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o660)
    write_lock_file(tmp_path, LOCK)
    assert path.stat().st_mode & 0o777 == 0o660


def test_a_lock_that_cannot_be_written_leaves_no_files(tmp_path: Path) -> None:
    (tmp_path / "eocanvas.lock").mkdir()
    (tmp_path / "eocanvas.lock" / "kept").touch()
    with pytest.raises(ManifestError, match="cannot be written") as refused:
        write_lock_file(tmp_path, LOCK)
    assert refused.value.diagnostics[0].code == "lock-not-written"
    assert [each.name for each in tmp_path.iterdir()] == ["eocanvas.lock"]
    with pytest.raises(ManifestError):
        read_lock_file(Boundary(tmp_path))
