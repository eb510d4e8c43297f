"""What killed runs leave in a project's folder is removed by the next run, and what a run at work has stays."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from eocanvas_apply.applying.leftovers import remove_leftovers
from eocanvas_apply.applying.results.parts import Parts, part_of
from eocanvas_apply.file_locks import locked
from eocanvas_apply.ledger.fold.recorded import Recorded
from tests.applying.fetched import files, run_with
from tests.applying.simulated_runs import JOB_ONLY
from tests.simulation.world import World

JOB_ID = "0a1b2c3d-0000-5000-8000-000000000001"
KILLED = """\
import os, signal, sys
from pathlib import Path
from eocanvas_apply.applying.results.parts import Parts

folder, part = map(Path, sys.argv[1:])
with Parts(folder).taken(part):
    part.write_bytes(b"half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def kill_a_run_that_receives(folder: Path, part: Path) -> None:
    part.parent.mkdir(exist_ok=True)
    ended = subprocess.run([sys.executable, "-c", KILLED, str(folder), str(part)], check=False)
    assert ended.returncode == -signal.SIGKILL


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / ".eocanvas" / "locks").iterdir())


@pytest.fixture(name="part")
def _part(tmp_path: Path) -> Path:
    return part_of(tmp_path / "results" / "a-2.nc", JOB_ID)


def test_a_part_that_nothing_awaits_is_removed_with_its_lock(tmp_path: Path, part: Path) -> None:
    kill_a_run_that_receives(tmp_path, part)
    assert part.exists()
    assert len(left(tmp_path)) == 2
    Parts(tmp_path).sweep(())
    assert not part.exists()
    assert left(tmp_path) == []


def test_a_part_of_an_awaited_job_stays_until_it_is_whole(tmp_path: Path, part: Path) -> None:
    kill_a_run_that_receives(tmp_path, part)
    Parts(tmp_path).sweep({JOB_ID})
    assert part.read_bytes() == b"half of it"
    assert [name for name in left(tmp_path) if name.endswith(".lock")] == []
    with Parts(tmp_path).taken(part):
        part.replace(tmp_path / "a.nc")
    assert left(tmp_path) == []


def test_a_part_that_another_run_receives_is_left_alone(tmp_path: Path, part: Path) -> None:
    part.parent.mkdir()
    with Parts(tmp_path).taken(part):
        part.write_bytes(b"more to come")
        Parts(tmp_path).sweep(())
        with pytest.raises(BlockingIOError), Parts(tmp_path).taken(part):
            pass
        assert part.exists()


def test_the_next_run_removes_every_file_of_a_killed_one(tmp_path: Path) -> None:
    world = World(tmp_path)
    run_with(world, ("a.nc", b"content"))
    world.clock.advance(400)
    own = tmp_path / ".eocanvas"
    (own / "documents").mkdir(exist_ok=True)
    kill_a_run_that_receives(tmp_path, part_of(tmp_path / "results" / "a-2.nc", JOB_ID))
    for name in ("documents/.0123.89abcdef.part", "documents/0123.lock", "default.jsonl.lock", "default.snapshot.part"):
        (own / name).touch()
    assert not world.apply(JOB_ONLY).endings
    assert files(world) == {"a.nc": b"content"}
    assert not [path for path in tmp_path.rglob("*") if path.suffix in {".part", ".lock"}]


def test_a_file_that_another_run_is_writing_stays(tmp_path: Path) -> None:
    part = tmp_path / ".eocanvas" / "documents" / ".0123.89abcdef.part"
    part.parent.mkdir(parents=True)
    part.touch()
    with locked(part.with_name("0123")):
        remove_leftovers(tmp_path, Recorded())
        assert part.exists()
    remove_leftovers(tmp_path, Recorded())
    assert not part.exists()


def test_of_several_that_want_a_lock_one_has_it(tmp_path: Path) -> None:
    with locked(tmp_path / "x"):
        assert [path.name for path in tmp_path.iterdir()] == ["x.lock"]
        with pytest.raises(BlockingIOError), locked(tmp_path / "x"):
            pass
    assert not [*tmp_path.iterdir()]
    with pytest.raises(FileNotFoundError), locked(tmp_path / "gone" / "x"):
        pass
    assert not (tmp_path / "gone").exists()
