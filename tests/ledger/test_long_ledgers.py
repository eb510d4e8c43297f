"""A journal opens a long ledger from its snapshot and reads it in parts."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger import entry
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.backends import local, local_snapshots
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.backends.local_snapshots import LocalSnapshots
from eocanvas_apply.ledger.events import AnyEvent
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.journal import Journal
from tests.ledger.entries import OPENED, at, entries
from tests.ledger.test_jobs import DONE, renamed
from tests.ledger.test_snapshots import same, write

JOBS = 250


def journal(path: Path, *, snapshots: bool = True) -> Journal:
    backend = LocalBackend(path)
    keeper = LocalSnapshots(backend) if snapshots else None
    return Journal(backend, "w", lambda: at(10_000), lambda: "t" * 32, keeper)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "default.jsonl"
    write(path, (OPENED,), batch="b0")
    for number in range(JOBS):
        job = tuple(renamed(event, f"j{number}") for event in DONE)
        write(path, job, number * len(DONE) + 1, f"b{number + 1}")
    return path


def plain(path: Path) -> Recorded:
    recorded = Recorded()
    recorded.add(asyncio.run(LocalBackend(path).read()))
    return recorded


def kept(path: Path, *, snapshots: bool = True) -> Recorded:
    """Read a ledger as a run does that will write to it."""

    async def read() -> Recorded:
        mine = journal(path, snapshots=snapshots)
        await mine.refresh()
        await mine.keep()
        return mine.recorded

    return asyncio.run(read())


def test_the_next_run_continues_from_the_snapshot_of_a_long_ledger(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_snapshots, "_END", 4096)
    kept(path)
    assert path.with_suffix(".snapshot").exists()
    # What lies before the end is not looked at any more.
    content = path.read_bytes()
    path.write_bytes(b"#" * 1000 + content[1000:])
    again = asyncio.run(journal(path).refresh())
    path.write_bytes(content)
    whole = plain(path)
    assert again.head == whole.head == JOBS * len(DONE) + 1
    same(again, whole)


def test_entries_appended_after_a_snapshot_count(path: Path) -> None:
    kept(path)

    async def work() -> Recorded:
        mine = journal(path)
        await mine.refresh()
        await mine.record(*(renamed(event, "new") for event in DONE))
        return mine.recorded

    recorded = asyncio.run(work())
    whole = plain(path)
    assert recorded.head == whole.head
    assert dict(recorded.jobs.items()) == whole.jobs


def test_a_reader_writes_no_snapshot(path: Path) -> None:
    asyncio.run(journal(path).refresh())
    assert not path.with_suffix(".snapshot").exists()


def test_without_a_snapshot_folder_there_is_no_snapshot(path: Path) -> None:
    kept(path, snapshots=False)
    assert not path.with_suffix(".snapshot").exists()


def test_a_few_entries_more_are_not_worth_another_one(path: Path) -> None:
    kept(path)
    before = path.with_suffix(".snapshot").read_bytes()
    write(path, tuple(renamed(event, "new") for event in DONE), JOBS * len(DONE) + 1, "b9")
    assert kept(path).head == (JOBS + 1) * len(DONE) + 1
    assert path.with_suffix(".snapshot").read_bytes() == before


@pytest.mark.parametrize("part", [64, 700, 5_000])
def test_parts_of_any_size_make_the_same_fold(path: Path, monkeypatch: pytest.MonkeyPatch, part: int) -> None:
    events: list[AnyEvent] = [renamed(event, "together") for event in DONE]
    head = JOBS * len(DONE) + 1
    asyncio.run(LocalBackend(path).append(head, entries(events, head, "bb")))
    monkeypatch.setattr(local, "_PART", part)
    recorded = asyncio.run(journal(path).refresh())
    assert dict(recorded.jobs.items()) == plain(path).jobs


def test_each_line_is_parsed_once_also_of_appends_that_are_longer_than_a_part(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = []
    from_json = entry.Entry.from_json

    def counted(line: Mapping[str, Any]) -> entry.Entry:
        numbers.append(line["seq"])
        return from_json(line)

    monkeypatch.setattr(local, "_PART", 64)
    monkeypatch.setattr(entry.Entry, "from_json", counted)
    recorded = asyncio.run(journal(path, snapshots=False).refresh())
    assert numbers == list(range(1, recorded.head + 1))


def test_an_unreadable_event_is_not_appended(path: Path) -> None:
    before = path.read_bytes()

    async def work() -> None:
        mine = journal(path)
        await mine.refresh()
        wrong = e.JobSubmitted(address="job.a", intent="00", job_id=None, status="x")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not an entry of a ledger"):
            await mine.record(wrong)
        with pytest.raises(ValueError, match="not an entry of a ledger"):
            await mine.claim(mine.recorded.head, [wrong])
        await mine.flush()

    asyncio.run(work())
    assert path.read_bytes() == before


def test_what_is_no_ledger_does_not_fill_the_memory(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry, "_LONGEST_APPEND", 4 << 20)
    with path.open("r+b") as file:
        file.truncate(1_000_000_000_000)
    with pytest.raises(LedgerError, match="from this line on, no append ends within 4 MB"):
        asyncio.run(journal(path, snapshots=False).refresh())
