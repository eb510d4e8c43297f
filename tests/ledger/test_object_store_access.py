"""Addresses, endpoints and credentials of ledgers in object stores, and what is wrong with them."""

from __future__ import annotations

import time

import pytest

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.errors import LedgerError, UsageError
from eocanvas_apply.ledger.opened_ledger import open_ledger
from tests.bucket_server import BucketServer
from tests.ledger.object_stores import CANARY, append, batches, opened, read


class TestFaults:
    def test_a_bucket_that_does_not_exist_is_named(self, prefix: str) -> None:
        with pytest.raises(LedgerError, match=r"s3://nowhere/x at https.*404 \(NoSuchBucket\).*create the bucket"):
            read(opened("s3://nowhere/x"))
        with pytest.raises(LedgerError, match="NoSuchBucket"):
            append(opened("s3://nowhere/x"), 0)

    def test_a_wrong_secret_is_one_message_without_it(self, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CANARY)
        with pytest.raises(LedgerError, match=r"SignatureDoesNotMatch.*check AWS_SECRET_ACCESS_KEY") as raised:
            read(opened(prefix))
        assert CANARY not in str(raised.value)

    @pytest.mark.parametrize(
        ("endpoint", "words"),
        [("https://127.0.0.1:9", "connection refused"), ("https://no-such-host.invalid", "no such host")],
    )
    def test_a_storage_that_cannot_be_reached_is_an_error_at_once(
        self, endpoint: str, words: str, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
        backend = opened(prefix, 600)
        with pytest.raises(LedgerError, match=f"{words}.*AWS_ENDPOINT_URL_S3"):
            read(backend)

    def test_a_certificate_that_is_not_trusted_is_named(self, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("SSL_CERT_FILE")
        with pytest.raises(LedgerError, match="its certificate is not trusted"):
            read(opened(prefix))

    def test_missing_credentials_are_named_and_no_address_of_a_cloud_is_asked(
        self, bucket_server: BucketServer, prefix: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "")
        with pytest.raises(LedgerError, match=r"no credentials.*set AWS_ACCESS_KEY_ID"):
            read(opened(prefix))
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

    def test_a_whole_bucket_may_be_a_ledger(self, bucket_server: BucketServer, prefix: str) -> None:
        bucket = f"whole-{time.monotonic_ns()}"
        bucket_server.client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "waw3-2"})
        append(opened(f"s3://{bucket}"), 0)
        assert batches(f"s3://{bucket}/") == ["b1"]


@pytest.fixture(name="boundary")
def _boundary(tmp_path_factory: pytest.TempPathFactory) -> Boundary:
    return Boundary(tmp_path_factory.mktemp("project"))
