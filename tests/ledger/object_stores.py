"""Ledgers in the bucket of the tests, opened with little patience, and what is in them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend
from eocanvas_apply.ledger.entry import Entry
from tests.bucket_server import SECRET
from tests.ledger.entries import OPENED, entries, note

CANARY = "canary-password"
FIRST, SECOND = "segments/000000000001.jsonl", "segments/000000000002.jsonl"


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
