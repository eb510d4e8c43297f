"""Snapshots save time; where they differ from their ledger, the ledger is right."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from msgspec import NODEFAULT, Struct, to_builtins
from msgspec.structs import fields

from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.backends.local_snapshots import LocalSnapshots
from eocanvas_apply.ledger.entry import Place, parsed
from eocanvas_apply.ledger.fold.recorded import VERSION, Recorded
from eocanvas_apply.ledger.snapshot_text import worth_saving
from eocanvas_apply.ledger.verify import snapshot_faults
from tests.ledger.entries import SAMPLES, entries, note
from tests.ledger.test_jobs import DONE, renamed

EVENTS = (*SAMPLES, *(renamed(event, letter) for letter in "abc" for event in DONE))


def write(ledger: Path, events: tuple[e.AnyEvent, ...] = EVENTS, after: int = 0, batch: str = "b1") -> None:
    lines = [json.dumps(entry.to_json(), ensure_ascii=False) for entry in entries(events, after, batch)]
    with ledger.open("a", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def folded(ledger: Path) -> Recorded:
    recorded = Recorded()
    recorded.add(asyncio.run(LocalBackend(ledger).read()))
    return recorded


def saved(ledger: Path) -> LocalSnapshots:
    """Save a snapshot as a run does that has read the whole ledger."""
    backend, recorded = LocalBackend(ledger), Recorded()
    recorded.add(asyncio.run(backend.read()))
    snapshots = LocalSnapshots(backend)
    assert snapshots.save(recorded)
    return snapshots


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "default.jsonl"
    write(path)
    return path


@pytest.fixture
def kept(ledger: Path) -> LocalSnapshots:
    return saved(ledger)


def same(one: Recorded, other: Recorded) -> None:
    assert list(one.jobs.items()) == list(other.jobs.items())
    for each in fields(Recorded):
        assert getattr(one, each.name) == getattr(other, each.name), each.name


def test_a_snapshot_is_the_fold_of_the_ledger(ledger: Path, kept: LocalSnapshots) -> None:
    recorded = kept.load()
    assert recorded
    assert recorded.head == len(EVENTS)
    same(recorded, folded(ledger))


def test_entries_appended_after_a_snapshot_are_read(ledger: Path, kept: LocalSnapshots) -> None:
    failed = e.JobObserved(address="job.a", job_id="j-new", status="failed")
    write(ledger, (note(1), failed), len(EVENTS), "b2")
    backend = LocalBackend(ledger)
    behind = LocalSnapshots(backend)
    recorded = behind.load()
    assert recorded
    appended = asyncio.run(backend.read(recorded.head))
    assert [entry.event for entry in appended] == [note(1), failed]
    recorded.add(appended)
    same(recorded, folded(ledger))
    assert behind.save(recorded)
    again = kept.load()
    assert again
    assert again.head == len(EVENTS) + 2
    same(again, folded(ledger))


def test_an_empty_fold_of_jobs_and_an_entry_longer_than_a_block(tmp_path: Path) -> None:
    ledger = tmp_path / "elsewhere"
    write(ledger, (SAMPLES[0], e.PlanAccepted(plan_id="ü" * 50_000, manifest_digest="d")))
    found = saved(ledger)
    assert found.path == tmp_path / "elsewhere.snapshot"
    recorded = found.load()
    assert recorded
    same(recorded, folded(ledger))


def test_a_ledger_of_one_entry(tmp_path: Path) -> None:
    ledger = tmp_path / "default.jsonl"
    write(ledger, SAMPLES[:1])
    assert saved(ledger).load()


def cut(ledger: Path) -> None:
    os.truncate(ledger, ledger.stat().st_size - 1)


def other_end(ledger: Path) -> None:
    ledger.write_bytes(ledger.read_bytes().replace(b'"batch": "b1"', b'"batch": "b9"'))


def moved(ledger: Path) -> None:
    ledger.write_bytes(b"\n" + ledger.read_bytes())


@pytest.mark.parametrize("change", [Path.unlink, cut, other_end, moved])
def test_a_snapshot_of_another_ledger_is_ignored(
    ledger: Path, kept: LocalSnapshots, change: Callable[[Path], None]
) -> None:
    change(ledger)
    assert kept.load() is None


def test_a_damaged_snapshot_is_ignored_wherever_the_damage_is(kept: LocalSnapshots) -> None:
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
def test_an_invalid_snapshot_is_ignored(kept: LocalSnapshots, text: bytes) -> None:
    kept.path.write_bytes(text)
    assert kept.load() is None


def with_header(content: bytes, changes: dict[str, object]) -> bytes:
    """Return the snapshot with another header and the digest that belongs to it."""
    header, _, body = content.rpartition(b"\n")[0].partition(b"\n")
    lines = json.dumps({**json.loads(header), **changes}).encode() + b"\n" + body + b"\n"
    return lines + hashlib.sha256(lines).hexdigest().encode()


def test_the_number_of_the_head_is_the_entrys_own(kept: LocalSnapshots) -> None:
    content = kept.path.read_bytes()
    kept.path.write_bytes(with_header(content, {}))
    assert kept.load()
    changed: tuple[dict[str, object], ...] = ({"head": 1}, {"offset": 0}, {"offset": -1}, {"end": None})
    for changes in changed:
        kept.path.write_bytes(with_header(content, changes))
        assert kept.load() is None, changes


@pytest.mark.parametrize("version", [1, VERSION - 1, VERSION + 1, None])
def test_a_snapshot_of_another_version_is_ignored(kept: LocalSnapshots, version: int | None) -> None:
    kept.path.write_bytes(with_header(kept.path.read_bytes(), {"version": version}))
    assert kept.load() is None


def test_a_snapshot_of_the_previous_release_is_ignored(kept: LocalSnapshots) -> None:
    header = {"format": 1, "fold": "0" * 64, "head": len(EVENTS), "offset": 0, "length": 0, "entry": "", "body": ""}
    kept.path.write_bytes(json.dumps(header).encode() + b"\n{}\n")
    assert kept.load() is None


def shape(kind: type, seen: dict[str, object]) -> dict[str, object]:
    """Return the fields, with their types and defaults, of a struct and of every struct that it holds."""
    if kind.__name__ not in seen:
        seen[kind.__name__] = [
            [each.name, str(each.type), each.default is NODEFAULT or repr(each.default)] for each in fields(kind)
        ]
        for hint in get_type_hints(kind).values():
            for part in parts(hint):
                shape(part, seen)
    return seen


def parts(hint: object) -> Iterator[type]:
    if isinstance(hint, type) and issubclass(hint, Struct):
        yield hint
    for each in get_args(hint):
        yield from parts(each)


def test_the_version_is_raised_when_a_snapshot_holds_something_else() -> None:
    recorded = Recorded()
    recorded.add(entries(EVENTS))
    content = {"shape": shape(Recorded, {}), "fold": to_builtins(recorded)}
    content["fold"]["terms"].sort()
    digest = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    hint = "raise VERSION in ledger/fold/recorded.py, and put the version and the digest here"
    assert (VERSION, digest[:16]) == (18, "caf66981b9c9926a"), hint


def test_a_missing_snapshot_is_normal(ledger: Path) -> None:
    assert LocalSnapshots(LocalBackend(ledger)).load() is None


def test_only_a_private_snapshot_file_is_left(kept: LocalSnapshots) -> None:
    assert sorted(path.name for path in kept.path.parent.iterdir()) == ["default.jsonl", "default.snapshot"]
    assert kept.path.stat().st_mode & 0o777 == 0o600


def test_an_unwritable_snapshot_is_skipped(ledger: Path) -> None:
    backend, recorded = LocalBackend(ledger), Recorded()
    recorded.add(asyncio.run(backend.read()))
    found = LocalSnapshots(backend)
    found.path.mkdir()
    assert not found.save(recorded)
    assert sorted(path.name for path in ledger.parent.iterdir()) == ["default.jsonl", "default.snapshot"]
    assert found.load() is None


def test_a_fold_of_another_ledger_is_refused(ledger: Path) -> None:
    with pytest.raises(ValueError, match="the fold is at"):
        LocalSnapshots(LocalBackend(ledger)).save(folded(ledger))


def test_a_few_entries_are_not_worth_a_snapshot() -> None:
    assert not worth_saving(999, 999)
    assert worth_saving(1000, 1000)
    assert not worth_saving(1000, 100_000)
    assert worth_saving(2000, 100_000)


KILLED = """\
import os, signal, sys
from pathlib import Path
from tests.ledger.test_snapshots import saved

Path.replace = lambda self, target: os.kill(os.getpid(), signal.SIGKILL)
saved(Path(sys.argv[1]))
"""


def test_a_run_killed_while_writing_keeps_the_previous_snapshot(ledger: Path, kept: LocalSnapshots) -> None:
    before = kept.path.read_bytes()
    write(ledger, (note(1),), len(EVENTS), "b2")
    ended = subprocess.run([sys.executable, "-c", KILLED, str(ledger)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert {path.suffix for path in ledger.parent.glob("default.snapshot.*")} == {".part", ".lock"}
    assert kept.path.read_bytes() == before
    saved(ledger)
    assert kept.path.read_bytes() != before
    assert not list(ledger.parent.glob("default.snapshot.*"))
    kept.path.write_bytes(before)
    backend = LocalBackend(ledger)
    recorded = LocalSnapshots(backend).load()
    assert recorded
    recorded.add(asyncio.run(backend.read(recorded.head)))
    same(recorded, folded(ledger))


def test_a_snapshot_agrees_with_its_ledger_and_with_no_other_fold(ledger: Path, kept: LocalSnapshots) -> None:
    write(ledger, (note(1),), len(EVENTS), "b2")
    found, _ = parsed(str(ledger), ledger.read_bytes().splitlines(keepends=True), Place())
    recorded = kept.load()
    assert recorded
    assert snapshot_faults(recorded, found, "default.snapshot") == []
    recorded.job_record("job.a").forgotten = "requested"
    (reported,) = snapshot_faults(recorded, found, "default.snapshot")
    assert reported.code == "ledger-snapshot"
