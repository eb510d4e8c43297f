from __future__ import annotations

import os
from pathlib import Path

import pytest

from eocanvas_apply.file_locks import locked


def test_one_has_the_lock_and_its_file_is_gone_afterwards(tmp_path: Path) -> None:
    with locked(tmp_path / "ledger"):
        assert (tmp_path / "ledger.lock").exists()
        with pytest.raises(BlockingIOError), locked(tmp_path / "ledger"):
            pass
    assert not [*tmp_path.iterdir()]


@pytest.mark.skipif(os.name == "nt", reason="Windows removes no file that is open")
def test_the_file_of_a_run_that_comes_at_once_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink, lock = os.unlink, tmp_path / "ledger.lock"

    def unlinked_and_taken(path: Path) -> None:
        monkeypatch.undo()
        unlink(path)
        lock.write_text("of another run")

    with locked(tmp_path / "ledger"):
        monkeypatch.setattr(os, "unlink", unlinked_and_taken)
    assert lock.read_text() == "of another run"


def test_no_folder_is_made_for_a_lock(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), locked(tmp_path / "absent" / "ledger"):
        pass
