"""What is an object store's own among the rules of ledgers: round trips, conditions, rights, what others changed."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from eocanvas_apply.errors import LedgerConflict, LedgerError
from tests.bucket_server import BucketServer, Faults
from tests.ledger.object_stores import FIRST, SECOND, append, batches, code_of, opened, read


class TestRoundTrips:
    def test_an_append_of_any_number_of_events_is_one_request(self, bucket_server: BucketServer, prefix: str) -> None:
        backend = opened(prefix)
        append(backend, 0)
        for head, count in ((1, 1), (2, 300), (302, 5_000)):
            bucket_server.storage.requests.clear()
            append(backend, head, f"b{head}", count)
            assert bucket_server.storage.requests == {"PUT": 1}
        assert len(read(opened(prefix))) == 5_302

    def test_a_read_of_nothing_new_is_one_listing_from_the_last_segment(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        reader, writer = opened(prefix), opened(prefix)
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

    def test_a_ledger_of_several_listings_is_read_whole(self, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("eocanvas_apply.ledger.backends.ledger_bucket._PAGE", 3)
        writer = opened(prefix)
        for head in range(8):
            append(writer, head, f"b{head}")
        assert len(read(opened(prefix))) == 8
        reader, found, lengths = opened(prefix), 0, []
        while part := asyncio.run(reader.read(found, part=True)):
            lengths.append(len(part))
            found += len(part)
        assert lengths == [3, 2, 2, 1]

    def test_a_segment_is_never_written_again_or_deleted(self, bucket_server: BucketServer, prefix: str) -> None:
        one, other = opened(prefix), opened(prefix)
        append(one, 0)
        before = bucket_server.objects(prefix)[FIRST]
        with pytest.raises(LedgerConflict):
            append(other, 0, "b2")
        append(one, 1, "b3")
        assert bucket_server.objects(prefix)[FIRST] == before
        assert bucket_server.storage.requests["DELETE"] == 0


class TestConditions:
    @pytest.mark.parametrize("faults", [Faults(ignores_conditions=True), Faults(knows_no_conditions=True)])
    def test_a_store_without_conditional_create_is_refused_before_anything_is_appended(
        self, faults: Faults, bucket_server: BucketServer, prefix: str
    ) -> None:
        bucket_server.storage.faults = replace(faults)
        assert code_of(opened(prefix), 0) == "ledger-store-not-conditional"
        assert FIRST not in bucket_server.objects(prefix)
        assert list(read(opened(prefix))) == []

    def test_a_store_that_lost_its_conditions_is_found_by_the_next_run(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        append(opened(prefix), 0)
        bucket_server.storage.faults.ignores_conditions = True
        backend = opened(prefix)
        assert len(read(backend)) == 1
        assert code_of(backend, 1) == "ledger-store-not-conditional"
        assert batches(prefix) == ["b1"]

    def test_a_setting_of_the_environment_does_not_turn_conditions_off(
        self, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_CONDITIONAL_PUT", "disabled")
        append(opened(prefix), 0)
        with pytest.raises(LedgerConflict):
            append(opened(prefix), 0, "b2")


class TestTrust:
    @pytest.mark.parametrize(
        ("method", "head", "code"),
        [("GET", None, "ledger-unreadable"), ("PUT", 1, "ledger-unwritable"), ("DELETE", 1, None)],
    )
    def test_what_the_credentials_may_not_do_is_named_with_the_rights_that_a_run_needs(
        self, method: str, head: int | None, code: str | None, bucket_server: BucketServer, prefix: str
    ) -> None:
        append(opened(prefix), 0)
        bucket_server.storage.faults.forbidden = frozenset({method})
        backend = opened(prefix)
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
        self, name: str, content: bytes | None, code: str | None, bucket_server: BucketServer, prefix: str
    ) -> None:
        writer = opened(prefix)
        append(writer, 0)
        append(writer, 1, "b2", 2)
        append(writer, 3, "b3")
        if content is None:
            bucket_server.delete(prefix, name)
        elif content == b"half":
            bucket_server.write(prefix, name, bucket_server.objects(prefix)[name].splitlines(keepends=True)[0])
        else:
            bucket_server.write(prefix, name, content)
        if code:
            assert code_of(opened(prefix)) == code
        else:
            assert len(read(opened(prefix))) == 4

    def test_a_ledger_that_was_deleted_or_replaced_while_it_was_used_is_gone(
        self, bucket_server: BucketServer, prefix: str
    ) -> None:
        backend = opened(prefix)
        append(backend, 0)
        append(backend, 1, "b2")
        bucket_server.delete(prefix, FIRST, SECOND)
        with pytest.raises(LedgerError) as raised:
            read(backend, 2)
        assert raised.value.diagnostics[0].code == "ledger-gone"
        other = opened(prefix)
        append(other, 0, "other")
        append(other, 1, "another")
        with pytest.raises(LedgerError) as raised:
            read(backend, 2)
        assert raised.value.diagnostics[0].code == "ledger-gone"
