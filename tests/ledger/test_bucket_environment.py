"""Variables that are set and empty count as not set, as a pipeline gives them for a setting that nobody made."""

from __future__ import annotations

import asyncio

import pytest

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.object_store import ObjectStoreBackend
from tests.bucket_server import BucketServer

EMPTY = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_REGION", "AWS_SESSION_TOKEN")


def test_without_an_endpoint_it_is_the_clouds_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in EMPTY:
        monkeypatch.setenv(name, "")
    # No request leaves this machine.
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "made-up")
    with pytest.raises(LedgerError, match="s3://ledgers/coast"):
        asyncio.run(ObjectStoreBackend(LedgerBucket("s3://ledgers/coast")).read())


def test_an_empty_one_does_not_hide_another(bucket_server: BucketServer, monkeypatch: pytest.MonkeyPatch) -> None:
    given = bucket_server.variables()
    for name in EMPTY:
        monkeypatch.setenv(name, "")
    for name, value in {**given, "AWS_ENDPOINT_URL_S3": "", "AWS_ENDPOINT_URL": given["AWS_ENDPOINT_URL_S3"]}.items():
        monkeypatch.setenv(name, value)
    assert asyncio.run(ObjectStoreBackend(LedgerBucket(bucket_server.new_ledger())).read()) == []
