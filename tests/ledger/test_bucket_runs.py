"""Runs at work on a ledger in a bucket: notes that end by themselves, and storages that refuse them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from eocanvas_apply.ledger.backends.bucket_runs import BucketRuns
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork
from tests.bucket_server import BucketServer, Faults

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture(name="address")
def _address(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in bucket_server.variables().items():
        monkeypatch.setenv(name, value)
    yield bucket_server.new_ledger()
    bucket_server.storage.faults = Faults()


def runs_of(address: str) -> BucketRuns:
    bucket = LedgerBucket(address)
    bucket.patience_s = 0.0
    return BucketRuns(bucket)


def others(address: str, now: datetime = NOW) -> Sequence[RunAtWork]:
    return asyncio.run(runs_of(address).others(now))


def kill_a_run(address: str, server: BucketServer) -> None:
    """Leave what a run leaves that is killed at NOW."""
    left: dict[str, bytes] = {}

    async def work() -> None:
        async with runs_of(address).noted("killed", lambda: NOW):
            left.update(server.objects(address))

    asyncio.run(work())
    for name, content in left.items():
        server.write(address, name, content)


def work(address: str, within: Callable[[], object] = lambda: None, now: datetime = NOW) -> None:
    """Be at work at a time, and do something within."""

    async def worked() -> None:
        async with runs_of(address).noted("token", lambda: now):
            within()

    asyncio.run(worked())


def test_a_killed_run_is_shown_until_its_note_ends_and_the_next_one_removes_it(
    address: str, bucket_server: BucketServer
) -> None:
    kill_a_run(address, bucket_server)
    [seen] = others(address)
    assert (seen.since, seen.until) == (NOW, NOW + timedelta(minutes=2))
    assert others(address, LATER) == []
    # Who only looks changes nothing.
    assert len(bucket_server.objects(address)) == 1
    work(address, now=LATER)
    assert bucket_server.objects(address) == {}


def test_a_note_that_holds_is_left_alone(address: str, bucket_server: BucketServer) -> None:
    kill_a_run(address, bucket_server)
    work(address, now=NOW + timedelta(minutes=1))
    assert len(bucket_server.objects(address)) == 1


def test_a_note_is_written_again_for_as_long_as_the_run_works(address: str) -> None:
    times, written = [NOW, NOW, LATER], asyncio.Event()

    def now() -> datetime:
        if times[1:]:
            return times.pop(0)
        written.set()
        return LATER

    async def seen() -> Sequence[RunAtWork]:
        runs = runs_of(address)
        runs.refresh_s = 0.01
        async with runs.noted("token", now):
            # The second time that it is written, the first one is there.
            await written.wait()
            written.clear()
            await written.wait()
            return await runs_of(address).others(LATER)

    assert [(run.since, run.until) for run in asyncio.run(seen())] == [(NOW, LATER + timedelta(minutes=2))]
    assert others(address, LATER) == []


@pytest.mark.parametrize("forbidden", [{"PUT"}, {"PUT", "DELETE"}, {"LIST"}, {"GET"}])
def test_what_a_storage_forbids_leaves_a_run_unseen_and_at_work(
    forbidden: set[str], address: str, bucket_server: BucketServer
) -> None:
    bucket_server.storage.faults.forbidden = frozenset(forbidden)
    seen: list[Sequence[RunAtWork]] = []

    async def worked() -> None:
        async with runs_of(address).noted("token", lambda: NOW):
            seen.append(await runs_of(address).others(NOW))

    asyncio.run(worked())
    assert seen == [[]]
    bucket_server.storage.faults = Faults()
    assert others(address) == []


def test_where_nothing_may_be_deleted_a_run_that_has_ended_leaves_an_empty_note(
    address: str, bucket_server: BucketServer
) -> None:
    kill_a_run(address, bucket_server)
    bucket_server.storage.faults.forbidden = frozenset({"DELETE"})
    work(address, now=LATER)
    assert [*bucket_server.objects(address).values()] == [b"", b""]
    bucket_server.storage.requests.clear()
    assert others(address, LATER) == []
    assert bucket_server.storage.requests == {"LIST": 1}


def test_a_storage_that_fails_while_a_run_works_does_not_end_it(address: str, bucket_server: BucketServer) -> None:
    def fail() -> None:
        bucket_server.storage.faults.refusals = 1_000

    work(address, fail)
    bucket_server.storage.faults = Faults()
    # It could not be removed, and ends by itself.
    assert [run.since for run in others(address)] == [NOW]
    assert others(address, LATER) == []


@pytest.mark.parametrize(
    "content",
    [
        b"no JSON",
        b"[]",
        b"\xff",
        b"{}",
        json.dumps({"process": "x", "host": "a", "since": NOW.isoformat(), "until": LATER.isoformat()}).encode(),
        json.dumps({"process": 1, "host": "a", "since": "2024-07-05", "until": "2024-07-05"}).encode(),
    ],
)
def test_an_object_that_is_no_note_is_no_run(content: bytes, address: str, bucket_server: BucketServer) -> None:
    bucket_server.write(address, "runs/0000000000-other", content)
    assert others(address) == []
    work(address)
    assert bucket_server.objects(address) == {"runs/0000000000-other": content}
