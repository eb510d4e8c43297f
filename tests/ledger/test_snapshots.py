"""Snapshots save time and are never trusted over the ledger they stand beside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger import snapshots
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.lines import Place, parsed
from eocanvas_apply.ledger.snapshots import Snapshots, worth_saving
from eocanvas_apply.ledger.verify import snapshot_faults
from tests.ledger.entries import SAMPLES, at, entries, note
from tests.ledger.test_jobs import DONE, renamed

EVENTS = (*SAMPLES, *(renamed(event, letter) for letter in "abc" for event in DONE))


def write(ledger: Path, events: tuple[e.AnyEvent, ...] = EVENTS, after: int = 0, batch: str = "b1") -> None:
    lines = [json.dumps(entry.to_json(), ensure_ascii=False) for entry in entries(events, after, batch)]
    with ledger.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def read(ledger: Path, recorded: Recorded, place: Place) -> Place:
    """Read on from a place."""
    found, end = parsed(ledger, ledger.read_bytes()[place.offset :], place)
    recorded.add(found)
    return end


def folded(ledger: Path) -> tuple[Recorded, Place]:
    recorded = Recorded()
    return recorded, read(ledger, recorded, Place())


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "default.jsonl"
    write(path)
    return path


@pytest.fixture
def kept(ledger: Path) -> Snapshots:
    found = Snapshots(ledger)
    recorded, place = folded(ledger)
    assert found.save(recorded, place, at(10_000))
    return found


def same(one: Recorded, other: Recorded) -> None:
    assert list(one.jobs.items()) == list(other.jobs.items())
    for each in fields(Recorded):
        assert getattr(one, each.name) == getattr(other, each.name), each.name


def test_a_snapshot_is_the_fold_of_the_ledger(ledger: Path, kept: Snapshots) -> None:
    snapshot = kept.load()
    assert snapshot
    assert snapshot.place == Place(ledger.stat().st_size, len(EVENTS))
    same(snapshot.recorded, folded(ledger)[0])


def test_jobs_that_are_over_stay_packed_and_the_others_are_in_sight(kept: Snapshots) -> None:
    snapshot = kept.load()
    assert snapshot
    assert [record.address for record in snapshot.recorded.jobs.unsettled()] == ["job.subset"]


def test_what_was_appended_since_is_read_behind_it(ledger: Path, kept: Snapshots) -> None:
    failed = e.JobObserved(address="job.a", job_id="j-new", status="failed")
    write(ledger, (note(1), failed), len(EVENTS), "b2")
    snapshot = kept.load()
    assert snapshot
    place = read(ledger, snapshot.recorded, snapshot.place)
    same(snapshot.recorded, folded(ledger)[0])
    assert kept.save(snapshot.recorded, place, at(10_000))
    again = kept.load()
    assert again
    assert again.place.head == len(EVENTS) + 2
    same(again.recorded, folded(ledger)[0])


def test_an_empty_fold_of_jobs_and_an_entry_longer_than_a_block(tmp_path: Path) -> None:
    ledger = tmp_path / "elsewhere"
    write(ledger, (SAMPLES[0], e.PlanAccepted(plan_id="ü" * 50_000, manifest_digest="d")))
    found = Snapshots(ledger)
    recorded, place = folded(ledger)
    assert found.save(recorded, place, at(0))
    assert found.path == tmp_path / "elsewhere.snapshot"
    snapshot = found.load()
    assert snapshot
    same(snapshot.recorded, recorded)


def test_a_ledger_of_one_entry(tmp_path: Path) -> None:
    ledger = tmp_path / "default.jsonl"
    write(ledger, SAMPLES[:1])
    found = Snapshots(ledger)
    assert found.save(*folded(ledger), at(0))
    assert found.load()


def cut(ledger: Path) -> None:
    os.truncate(ledger, ledger.stat().st_size - 1)


def other_end(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes().replace(b'"batch": "b1"', b'"batch": "b9"'))


def moved(ledger: Path) -> None:
    ledger.write_bytes(b"\n" + ledger.read_bytes())


@pytest.mark.parametrize("change", [Path.unlink, cut, other_end, moved])
def test_one_that_does_not_fit_the_ledger_is_ignored(
    ledger: Path, kept: Snapshots, change: Callable[[Path], None]
) -> None:
    change(ledger)
    assert kept.load() is None


def test_a_damaged_one_is_ignored_wherever_the_damage_is(kept: Snapshots) -> None:
    content = kept.path.read_bytes()
    whole = kept.load()
    assert whole
    for place in range(0, len(content), max(1, len(content) // 150)):
        kept.path.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        assert kept.load() is None, place
    for length in (0, 1, content.index(b"\n"), content.index(b"\n") + 1, len(content) - 1):
        kept.path.write_bytes(content[:length])
        assert kept.load() is None, length


@pytest.mark.parametrize("text", [b"", b"\n", b"null\n", b"[]\n", b"{}\n", b'{"format": 1}\n', b"\xff\xfe\n", b"9" * 9])
def test_what_is_no_snapshot_is_ignored(kept: Snapshots, text: bytes) -> None:
    kept.path.write_bytes(text)
    assert kept.load() is None


def test_the_number_of_the_head_is_the_entrys_own(kept: Snapshots) -> None:
    header, _, body = kept.path.read_bytes().partition(b"\n")
    for changes in ({"head": 1}, {"offset": 0, "length": 0}, {"length": -1}, {"format": 2}, {"entry": None}):
        kept.path.write_bytes(json.dumps({**json.loads(header), **changes}).encode() + b"\n" + body)
        assert kept.load() is None, changes


def test_one_that_other_code_has_folded_is_ignored(kept: Snapshots, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "_folding", lambda: "another")
    assert kept.load() is None


def test_there_may_be_none(ledger: Path) -> None:
    assert Snapshots(ledger).load() is None


def test_nothing_but_the_snapshot_is_left_behind_and_nobody_else_may_read_it(kept: Snapshots) -> None:
    assert sorted(path.name for path in kept.path.parent.iterdir()) == ["default.jsonl", "default.snapshot"]
    assert kept.path.stat().st_mode & 0o777 == 0o600


def test_one_that_cannot_be_written_is_done_without(ledger: Path) -> None:
    found = Snapshots(ledger)
    found.path.mkdir()
    assert not found.save(*folded(ledger), at(0))
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["default.jsonl", "default.snapshot"]
    assert found.load() is None


def test_a_fold_of_something_else_is_refused(ledger: Path) -> None:
    recorded, place = folded(ledger)
    with pytest.raises(ValueError, match="the fold is at"):
        Snapshots(ledger).save(recorded, Place(place.offset, place.head - 1), at(0))


def test_a_few_entries_are_not_worth_a_snapshot() -> None:
    assert not worth_saving(999, 999)
    assert worth_saving(1000, 1000)
    assert not worth_saving(1000, 100_000)
    assert worth_saving(2000, 100_000)


def test_what_a_killed_run_has_left_is_removed_after_a_while(ledger: Path, kept: Snapshots) -> None:
    old, young = (kept.path.with_name(f"{kept.path.name}.{name}") for name in ("old", "young"))
    for left in (old, young):
        left.write_bytes(b"torn")
    os.utime(old, (0, 0))
    assert kept.save(*folded(ledger), at(10_000))
    assert young.exists()
    assert not old.exists()


KILLED = """\
import os, signal, sys
from pathlib import Path
from tests.ledger.entries import at
from tests.ledger.test_snapshots import Snapshots, folded

Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
Snapshots(Path(sys.argv[1])).save(*folded(Path(sys.argv[1])), at(10_000))
"""


def test_a_run_killed_while_it_writes_leaves_the_snapshot_before(ledger: Path, kept: Snapshots) -> None:
    before = kept.path.read_bytes()
    write(ledger, (note(1),), len(EVENTS), "b2")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(ledger)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert len(list(ledger.parent.glob("default.snapshot.*"))) == 1
    assert kept.path.read_bytes() == before
    snapshot = kept.load()
    assert snapshot
    read(ledger, snapshot.recorded, snapshot.place)
    same(snapshot.recorded, folded(ledger)[0])


def test_a_snapshot_agrees_with_its_ledger_and_with_no_other_fold(ledger: Path, kept: Snapshots) -> None:
    write(ledger, (note(1),), len(EVENTS), "b2")
    found, _ = parsed(ledger, ledger.read_bytes(), Place())
    snapshot = kept.load()
    assert snapshot
    assert snapshot_faults(snapshot.recorded, found) == []
    snapshot.recorded.job_record("job.a").forgotten = "requested"
    (told,) = snapshot_faults(snapshot.recorded, found)
    assert told.code == "ledger-snapshot"
