"""The address of an empty ledger in a bucket, with the credentials in the environment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bucket_server import BucketServer, Faults


@pytest.fixture(name="prefix")
def _prefix(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name, value in bucket_server.variables().items():
        monkeypatch.setenv(name, value)
    yield bucket_server.new_ledger()
    bucket_server.storage.faults = Faults()
