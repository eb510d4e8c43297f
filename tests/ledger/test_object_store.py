"""What is an object store's own among the rules of ledgers: conditions, round trips, lags, lost answers, rights."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.errors import LedgerConflict, LedgerError, UsageError
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.opened_ledger import open_ledger
from tests.bucket_server import SECRET, BucketServer, Faults
from tests.ledger.appender import journal
from tests.ledger.entries import OPENED, entries, note
from tests.ledger.relay import Relay

CANARY = "canary-password"
FIRST, SECOND = "segments/000000000001.jsonl", "segments/000000000002.jsonl"


@pytest.fixture(name="address")
def _address(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in bucket_server.variables().items():
        monkeypatch.setenv(name, value)
    yield bucket_server.new_ledger()
    bucket_server.storage.faults = Faults()


def opened(address: str, patience_s: float = 0.3) -> ObjectStoreBackend:
    backend = ObjectStoreBackend(LedgerBucket(address))
    backend.bucket.patience_s = backend.lag_s = patience_s
    return backend


def read(backend: ObjectStoreBackend, after: int = 0) -> Sequence[Entry]:
    return asyncio.run(backend.read(after))


def append(backend: ObjectStoreBackend, head: int, batch: str = "b1", count: int = 1) -> None:
    events = [note(head + n) for n in range(count)]
    asyncio.run(backend.append(head, entries(events if head else [OPENED, *events[1:]], after=head, batch=batch)))


def batches(address: str) -> list[str]:
    return [entry.batch for entry in read(opened(address))]


def code_of(backend: ObjectStoreBackend, head: int | None = None) -> str:
    """Return the code of the fault of a read, or of an append on a head."""
    with pytest.raises(LedgerError) as raised:
        read(backend) if head is None else append(backend, head)
    [found] = raised.value.diagnostics
    assert found.hint
    assert SECRET not in str(raised.value)
    return found.code


class TestRoundTrips:
    def test_an_append_of_any_number_of_events_is_one_request(self, bucket_server: BucketServer, address: str) -> None:
        backend = opened(address)
        append(backend, 0)
        for head, count in ((1, 1), (2, 300), (302, 5_000)):
            bucket_server.storage.requests.clear()
            append(backend, head, f"b{head}", count)
            assert bucket_server.storage.requests == {"PUT": 1}
        assert len(read(opened(address))) == 5_302

    def test_a_read_of_nothing_new_is_one_listing_from_the_last_segment(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        reader, writer = opened(address), opened(address)
        append(writer, 0)
        append(writer, 1, "b2")
        assert len(read(reader)) == 2
        bucket_server.storage.requests.clear()
        assert list(read(reader, 2)) == []
        assert bucket_server.storage.requests == {"LIST": 1}
        append(writer, 2, "b3")
        bucket_server.storage.requests.clear()
        assert [entry.batch for entry in read(reader, 2)] == ["b3"]
        assert bucket_server.storage.requests == {"LIST": 1, "GET": 1}

    def test_a_ledger_of_several_listings_is_read_whole(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("eocanvas_apply.ledger.backends.ledger_bucket._PAGE", 3)
        writer = opened(address)
        for head in range(8):
            append(writer, head, f"b{head}")
        assert len(read(opened(address))) == 8
        reader, found, lengths = opened(address), 0, []
        while part := asyncio.run(reader.read(found, part=True)):
            lengths.append(len(part))
            found += len(part)
        assert lengths == [3, 2, 2, 1]

    def test_a_segment_is_never_written_again_or_deleted(self, bucket_server: BucketServer, address: str) -> None:
        one, other = opened(address), opened(address)
        append(one, 0)
        before = bucket_server.objects(address)[FIRST]
        with pytest.raises(LedgerConflict):
            append(other, 0, "b2")
        append(one, 1, "b3")
        assert bucket_server.objects(address)[FIRST] == before
        assert bucket_server.storage.requests["DELETE"] == 0


class TestConditions:
    @pytest.mark.parametrize("faults", [Faults(ignores_conditions=True), Faults(knows_no_conditions=True)])
    def test_a_store_without_conditional_create_is_refused_before_anything_is_appended(
        self, faults: Faults, bucket_server: BucketServer, address: str
    ) -> None:
        bucket_server.storage.faults = replace(faults)
        assert code_of(opened(address), 0) == "ledger-store-not-conditional"
        assert FIRST not in bucket_server.objects(address)
        assert list(read(opened(address))) == []

    def test_a_store_that_lost_its_conditions_is_found_by_the_next_run(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        append(opened(address), 0)
        bucket_server.storage.faults.ignores_conditions = True
        backend = opened(address)
        assert len(read(backend)) == 1
        assert code_of(backend, 1) == "ledger-store-not-conditional"
        assert batches(address) == ["b1"]

    def test_a_setting_of_the_environment_does_not_turn_conditions_off(
        self, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
        append(opened(address), 0)
        with pytest.raises(LedgerConflict):
            append(opened(address), 0, "b2")


class TestLostAnswers:
    @pytest.mark.parametrize("head", [0, 1])
    def test_an_append_whose_answer_was_lost_is_there_once(
        self, head: int, bucket_server: BucketServer, address: str
    ) -> None:
        backend = opened(address)
        if head:
            append(backend, 0, "b0")
        bucket_server.storage.faults.lost_answers = 2
        append(backend, head, "mine", 2)
        assert bucket_server.storage.faults.lost_answers == 0
        assert batches(address) == [*["b0"][:head], "mine", "mine"]

    def test_an_append_of_another_run_behind_a_lost_answer_is_a_conflict(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        backend = opened(address)
        append(backend, 0)
        append(opened(address), 1, "other")
        bucket_server.storage.faults.refusals = 1
        with pytest.raises(LedgerConflict):
            append(backend, 1, "mine")
        assert batches(address) == ["b1", "other"]

    def test_a_fact_whose_answer_never_came_is_settled_by_reading_back(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        async def work() -> None:
            own = journal(opened(address, 0))
            await own.record(OPENED)
            bucket_server.storage.faults.lost_answers = 1
            await own.record(note(1), note(2))
            await own.record(note(3))

        asyncio.run(work())
        assert len(read(opened(address))) == 4

    def test_a_connection_that_breaks_at_the_answer_delays_an_append_only(
        self, bucket_server: BucketServer, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        port = int(bucket_server.endpoint.rpartition(":")[2])
        with Relay(port).running() as relay:
            monkeypatch.setenv("AWS_ENDPOINT_URL_S3", f"https://127.0.0.1:{relay.port}")
            backend = opened(address, 20)
            append(backend, 0)
            relay.breaks_at_answer = True
            append(backend, 1, "b2")
            assert not relay.breaks_at_answer
            relay.break_all()
            append(backend, 2, "b3")
            assert [entry.batch for entry in read(backend)] == ["b1", "b2", "b3"]

    def test_a_storage_that_is_away_for_a_while_is_waited_for_and_one_that_stays_away_is_an_error(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        backend = opened(address, 20)
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
        assert batches(address) == ["b1", "b2", "b3"]


class TestLags:
    @pytest.mark.parametrize("unlisted", [("jsonl",), ("2.jsonl",), ("1.jsonl", "3.jsonl")])
    def test_a_listing_that_lags_behind_makes_no_fact_twice_and_loses_none(
        self, unlisted: tuple[str, ...], bucket_server: BucketServer, address: str
    ) -> None:
        async def work() -> None:
            own, other = journal(opened(address)), journal(opened(address))
            await own.record(OPENED)
            await other.refresh()
            bucket_server.storage.faults.unlisted = unlisted
            for number in range(3):
                await own.record(note(number))
            await other.record(note(10))
            await own.record(note(11))

        asyncio.run(work())
        bucket_server.storage.faults.unlisted = ()
        found = [entry.event for entry in read(opened(address))]
        assert found == [OPENED, *map(note, (0, 1, 2, 10, 11))]

    def test_an_object_that_is_shown_late_is_waited_for(self, bucket_server: BucketServer, address: str) -> None:
        writer, late = opened(address), opened(address, 20)
        append(writer, 0)
        bucket_server.storage.faults.late_reads = 2
        assert len(read(late)) == 1
        bucket_server.storage.faults.late_reads = 2
        with pytest.raises(LedgerConflict):
            append(opened(address, 20), 0, "b2")

    def test_a_slow_storage_keeps_the_order_of_two_runs(self, bucket_server: BucketServer, address: str) -> None:
        async def work() -> None:
            one, other = journal(opened(address)), journal(opened(address))
            await one.record(OPENED)
            bucket_server.storage.faults.latency_s = 0.03
            await asyncio.gather(*(own.record(note(n)) for n, own in enumerate([one, other] * 4)))

        asyncio.run(work())
        bucket_server.storage.faults.latency_s = 0
        found = [entry.event for entry in read(opened(address))[1:]]
        assert sorted(found, key=str) == [note(n) for n in range(8)]


class TestTrust:
    @pytest.mark.parametrize(
        ("method", "head", "code"),
        [("GET", None, "ledger-unreadable"), ("PUT", 1, "ledger-unwritable"), ("DELETE", 1, None)],
    )
    def test_what_the_credentials_may_not_do_is_named_with_the_rights_that_a_run_needs(
        self, method: str, head: int | None, code: str | None, bucket_server: BucketServer, address: str
    ) -> None:
        append(opened(address), 0)
        bucket_server.storage.faults.forbidden = frozenset({method})
        backend = opened(address)
        if code is None:
            append(backend, 1, "b2")
            return
        if head:
            assert len(read(backend)) == 1
        with pytest.raises(LedgerError, match=r"403 \(AccessDenied\).*s3:PutObject") as raised:
            read(backend) if head is None else append(backend, head)
        assert raised.value.diagnostics[0].code == code

    @pytest.mark.parametrize(
        ("name", "content", "code"),
        [
            (FIRST, None, "ledger-corrupt"),
            (SECOND, None, "ledger-corrupt"),
            (SECOND, b"[]\n", "ledger-corrupt"),
            (SECOND, b"", "ledger-corrupt"),
            (SECOND, b"<html>log in</html>", "ledger-corrupt"),
            (SECOND, b"half", "ledger-corrupt"),
            ("segments/notes.txt", b"-", None),
            ("segments/deep/000000000009.jsonl", b"-", None),
        ],
    )
    def test_objects_that_were_changed_or_deleted_are_an_error_and_those_of_others_are_left_alone(
        self, name: str, content: bytes | None, code: str | None, bucket_server: BucketServer, address: str
    ) -> None:
        writer = opened(address)
        append(writer, 0)
        append(writer, 1, "b2", 2)
        append(writer, 3, "b3")
        if content is None:
            bucket_server.delete(address, name)
        elif content == b"half":
            bucket_server.write(address, name, bucket_server.objects(address)[name].splitlines(keepends=True)[0])
        else:
            bucket_server.write(address, name, content)
        if code:
            assert code_of(opened(address)) == code
        else:
            assert len(read(opened(address))) == 4

    def test_a_ledger_that_was_deleted_or_replaced_while_it_was_used_is_gone(
        self, bucket_server: BucketServer, address: str
    ) -> None:
        backend = opened(address)
        append(backend, 0)
        append(backend, 1, "b2")
        bucket_server.delete(address, FIRST, SECOND)
        with pytest.raises(LedgerError) as raised:
            read(backend, 2)
        assert raised.value.diagnostics[0].code == "ledger-gone"
        other = opened(address)
        append(other, 0, "other")
        append(other, 1, "another")
        with pytest.raises(LedgerError) as raised:
            read(backend, 2)
        assert raised.value.diagnostics[0].code == "ledger-gone"


class TestFaults:
    def test_a_bucket_that_does_not_exist_is_named(self, address: str) -> None:
        with pytest.raises(LedgerError, match=r"s3://nowhere/x at https.*404 \(NoSuchBucket\).*create the bucket"):
            read(opened("s3://nowhere/x"))
        with pytest.raises(LedgerError, match="NoSuchBucket"):
            append(opened("s3://nowhere/x"), 0)

    def test_a_wrong_secret_is_one_message_without_it(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
        with pytest.raises(LedgerError, match=r"SignatureDoesNotMatch.*check AWS_SECRET_ACCESS_KEY") as raised:
            read(opened(address))
        assert CANARY not in str(raised.value)

    @pytest.mark.parametrize(
        ("endpoint", "words"),
        [("https://127.0.0.1:9", "connection refused"), ("https://no-such-host.invalid", "no such host")],
    )
    def test_a_storage_that_cannot_be_reached_is_an_error_at_once(
        self, endpoint: str, words: str, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        backend = opened(address, 600)
        with pytest.raises(LedgerError, match=f"{words}.*AWS_ENDPOINT_URL_S3"):
            read(backend)

    def test_a_certificate_that_is_not_trusted_is_named(self, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(LedgerError, match="its certificate is not trusted"):
            read(opened(address))

    def test_missing_credentials_are_named_and_no_address_of_a_cloud_is_asked(
        self, bucket_server: BucketServer, address: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
        with pytest.raises(LedgerError, match=r"no credentials.*set AWS_ACCESS_KEY_ID"):
            read(opened(address))
        assert not bucket_server.storage.requests


class TestAddresses:
    @pytest.mark.parametrize(
        "url",
        [
            f"s3://jane:{CANARY}@ledgers/coast",
            f"s3://AKIA:{CANARY}/coast",
            f"s3://ledgers/coast?secret={CANARY}",
            f"s3://ledgers/coast#{CANARY}",
            f"s3://ledgers/{CANARY}@coast",
            "s3://",
            "s3:///coast",
            "s3://ledgers/a//b",
            "s3://ledgers/../other",
            "s3://ledgers/a b",
        ],
    )
    def test_an_address_that_is_none_is_refused_and_not_repeated(self, url: str, boundary: Boundary) -> None:
        with pytest.raises(UsageError) as raised:
            open_ledger(url, boundary)
        assert raised.value.diagnostics[0].code == "ledger-unsupported"
        assert CANARY not in str(raised.value)

    @pytest.mark.parametrize(
        "endpoint",
        ["http://s3.example.org", f"https://jane:{CANARY}@s3.example.org", f"https://s3.example.org?k={CANARY}", "s3"],
    )
    def test_an_endpoint_that_is_none_is_refused_and_not_repeated(
        self, endpoint: str, boundary: Boundary, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        with pytest.raises(UsageError, match="AWS_ENDPOINT_URL") as raised:
            open_ledger("s3://ledgers/coast", boundary)
        assert raised.value.diagnostics[0].code == "bad-setting"
        assert CANARY not in str(raised.value)

    @pytest.mark.parametrize("url", ["s3://ledgers/coast", "s3://ledgers/coast/", "s3://ledgers/coast//"])
    def test_a_slash_at_the_end_does_not_count(self, url: str, boundary: Boundary) -> None:
        assert open_ledger(url, boundary).backend.url == "s3://ledgers/coast"

    def test_a_whole_bucket_may_be_a_ledger(self, bucket_server: BucketServer, address: str) -> None:
        bucket = f"whole-{time.monotonic_ns()}"
        bucket_server.client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "waw3-2"})
        append(opened(f"s3://{bucket}"), 0)
        assert batches(f"s3://{bucket}/") == ["b1"]


@pytest.fixture(name="boundary")
def _boundary(tmp_path_factory: pytest.TempPathFactory) -> Boundary:
    return Boundary(tmp_path_factory.mktemp("project"))
