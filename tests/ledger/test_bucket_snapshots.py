"""Snapshots of ledgers in buckets: they save requests; where they differ from their ledger, the ledger is right."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from eocanvas_apply.ledger.backends.bucket_snapshots import BucketSnapshots
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend
from eocanvas_apply.ledger.fold.recorded import VERSION, Recorded
from eocanvas_apply.ledger.journal import Journal
from tests.bucket_server import BucketServer, Faults
from tests.ledger.entries import OPENED, entries, note
from tests.ledger.test_snapshots import EVENTS, same

SNAPSHOT = f"snapshots/{VERSION}.jsonl"


@pytest.fixture(name="address")
def _address(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in bucket_server.variables().items():
        monkeypatch.setenv(name, value)
    address = bucket_server.new_ledger()
    backend = opened(address)
    asyncio.run(backend.append(0, entries(EVENTS)))
    head = len(EVENTS)
    for number in range(5):
        asyncio.run(backend.append(head + number, entries([note(number)], after=head + number, batch=f"n{number}")))
    yield address
    bucket_server.storage.faults = Faults()


@pytest.fixture(name="kept")
def _kept(address: str) -> Recorded:
    """The fold that the snapshot of the ledger holds."""
    backend = opened(address)
    recorded = Recorded()
    recorded.add(asyncio.run(backend.read()))
    assert BucketSnapshots(backend).save(recorded)
    return recorded


def opened(address: str) -> ObjectStoreBackend:
    backend = ObjectStoreBackend(LedgerBucket(address))
    backend.bucket.patience_s = backend.lag_s = 0.3
    return backend


def journal(address: str) -> Journal:
    backend = opened(address)
    return Journal(backend, "w", lambda: datetime(2026, 11, 23, tzinfo=UTC), lambda: "b-new", BucketSnapshots(backend))


def test_the_next_run_reads_only_what_was_appended_since(
    address: str, kept: Recorded, bucket_server: BucketServer
) -> None:
    asyncio.run(opened(address).append(kept.head, entries([note(9)], after=kept.head, batch="later")))
    bucket_server.storage.requests.clear()
    found = asyncio.run(journal(address).refresh())
    # The snapshot, the segment that it was made at, and the new one; the second listing shows that no more follow.
    assert bucket_server.storage.requests == {"GET": 3, "LIST": 2}
    whole = Recorded()
    whole.add(asyncio.run(opened(address).read()))
    same(found, whole)


def test_a_run_appends_behind_a_snapshot(address: str, kept: Recorded) -> None:
    run = journal(address)

    async def work() -> None:
        await run.refresh()
        await run.record(note(10))

    asyncio.run(work())
    assert len(asyncio.run(opened(address).read())) == kept.head + 1


def cut(server: BucketServer, address: str) -> None:
    """Leave half of the snapshot."""
    content = server.objects(address)[SNAPSHOT]
    server.write(address, SNAPSHOT, content[: len(content) // 2])


def other_value(server: BucketServer, address: str) -> None:
    """Change a value in the snapshot."""
    content = server.objects(address)[SNAPSHOT]
    server.write(address, SNAPSHOT, content.replace(b"demo", b"odem"))


def empty(server: BucketServer, address: str) -> None:
    """Leave a snapshot of nothing."""
    server.write(address, SNAPSHOT, b"")


@pytest.mark.parametrize("change", [cut, other_value, empty])
def test_a_damaged_snapshot_is_ignored(
    address: str, kept: Recorded, bucket_server: BucketServer, change: Callable[[BucketServer, str], None]
) -> None:
    before = bucket_server.objects(address)[SNAPSHOT]
    change(bucket_server, address)
    assert bucket_server.objects(address)[SNAPSHOT] != before
    assert BucketSnapshots(opened(address)).load() is None
    same(asyncio.run(journal(address).refresh()), kept)


@pytest.mark.usefixtures("kept")
def test_a_snapshot_of_another_ledger_is_ignored(address: str, bucket_server: BucketServer) -> None:
    other = bucket_server.new_ledger()
    asyncio.run(opened(other).append(0, entries([OPENED])))
    bucket_server.write(other, SNAPSHOT, bucket_server.objects(address)[SNAPSHOT])
    assert BucketSnapshots(opened(other)).load() is None
    assert asyncio.run(journal(other).refresh()).head == 1


def test_a_snapshot_that_cannot_be_written_is_skipped(address: str, bucket_server: BucketServer) -> None:
    backend, recorded = opened(address), Recorded()
    recorded.add(asyncio.run(backend.read()))
    bucket_server.storage.faults = Faults(forbidden=frozenset({"PUT"}))
    assert not BucketSnapshots(backend).save(recorded)
    with pytest.raises(ValueError, match="read to"):
        BucketSnapshots(opened(address)).save(recorded)
