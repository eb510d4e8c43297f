"""Ledgers in object stores that lose answers, are away for a while, or show late what was written."""

from __future__ import annotations

import asyncio

import pytest

from eocanvas_apply.errors import LedgerConflict
from tests.bucket_server import BucketServer
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, note
from tests.ledger.object_stores import append, batches, code_of, opened, read
from tests.ledger.relay import Relay


class TestLostAnswers:
    @pytest.mark.parametrize("head", [0, 1])
    def test_an_append_whose_answer_was_lost_is_there_once(
        self, head: int, bucket_server: BucketServer, prefix: str
    ) -> None:
        backend = opened(prefix)
        if head:
            append(backend, 0, "b0")
        bucket_server.storage.faults.lost_answers = 2
        append(backend, head, "mine", 2)
        assert bucket_server.storage.faults.lost_answers == 0
        assert batches(prefix) == [*["b0"][:head], "mine", "mine"]

    def test_an_append_of_another_run_behind_a_lost_answer_is_a_conflict(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        backend = opened(prefix)
        append(backend, 0)
        append(opened(prefix), 1, "other")
        bucket_server.storage.faults.refusals = 1
        with pytest.raises(LedgerConflict):
            append(backend, 1, "mine")
        assert batches(prefix) == ["b1", "other"]

    def test_a_fact_whose_answer_never_came_is_settled_by_reading_back(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        async def work() -> None:
            own = journal(opened(prefix, 0))
            await own.record(OPENED)
            bucket_server.storage.faults.lost_answers = 1
            await own.record(note(1), note(2))
            await own.record(note(3))

        asyncio.run(work())
        assert len(read(opened(prefix))) == 4

    def test_a_connection_that_breaks_at_the_answer_delays_an_append_only(
        self, bucket_server: BucketServer, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port = int(bucket_server.endpoint.rpartition(":")[2])
        with Relay(port).running() as relay:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"https://127.0.0.1:{relay.port}")
            backend = opened(prefix, 20)
            append(backend, 0)
            relay.breaks_at_answer = True
            append(backend, 1, "b2")
            assert not relay.breaks_at_answer
            relay.break_all()
            append(backend, 2, "b3")
            assert [entry.batch for entry in read(backend)] == ["b1", "b2", "b3"]

    def test_a_storage_that_is_away_for_a_while_is_waited_for_and_one_that_stays_away_is_an_error(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        backend = opened(prefix, 20)
        append(backend, 0)
        bucket_server.storage.faults.refusals = 3
        append(backend, 1, "b2")
        assert len(read(backend)) == 2
        backend.bucket.patience_s = 0
        bucket_server.storage.faults.refusals = 1_000
        assert code_of(backend, 2) == "ledger-unwritable"
        assert code_of(backend) == "ledger-unreadable"
        bucket_server.storage.faults.refusals = 0
        append(backend, 2, "b3")
        assert batches(prefix) == ["b1", "b2", "b3"]


class TestLags:
    @pytest.mark.parametrize("unlisted", [("jsonl",), ("2.jsonl",), ("1.jsonl", "3.jsonl")])
    def test_a_listing_that_lags_behind_makes_no_fact_twice_and_loses_none(
        self, unlisted: tuple[str, ...], bucket_server: BucketServer, prefix: str
    ) -> None:
        async def work() -> None:
            own, other = journal(opened(prefix)), journal(opened(prefix))
            await own.record(OPENED)
            await other.refresh()
            bucket_server.storage.faults.unlisted = unlisted
            for number in range(3):
                await own.record(note(number))
            await other.record(note(10))
            await own.record(note(11))

        asyncio.run(work())
        bucket_server.storage.faults.unlisted = ()
        found = [entry.event for entry in read(opened(prefix))]
        assert found == [OPENED, *map(note, (0, 1, 2, 10, 11))]

    def test_an_object_that_is_shown_late_is_waited_for(self, bucket_server: BucketServer, prefix: str) -> None:
        writer, late = opened(prefix), opened(prefix, 20)
        append(writer, 0)
        bucket_server.storage.faults.late_reads = 2
        assert len(read(late)) == 1
        bucket_server.storage.faults.late_reads = 2
        with pytest.raises(LedgerConflict):
            append(opened(prefix, 20), 0, "b2")

    def test_a_slow_storage_keeps_the_order_of_two_runs(self, bucket_server: BucketServer, prefix: str) -> None:
        async def work() -> None:
            one, other = journal(opened(prefix)), journal(opened(prefix))
            await one.record(OPENED)
            bucket_server.storage.faults.latency_s = 0.03
            await asyncio.gather(*(own.record(note(n)) for n, own in enumerate([one, other] * 4)))

        asyncio.run(work())
        bucket_server.storage.faults.latency_s = 0
        found = [entry.event for entry in read(opened(prefix))[1:]]
        assert sorted(found, key=str) == [note(n) for n in range(8)]
