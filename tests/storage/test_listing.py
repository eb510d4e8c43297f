"""Listing against a real S3 server over TLS that checks signatures."""

from __future__ import annotations

import asyncio
import secrets
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from moto.s3.models import s3_backends

from eocanvas_apply.errors import (
    CredentialsError,
    Doubt,
    EocanvasApplyError,
    ManifestError,
    NotSent,
    Refused,
    UsageError,
)
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.bucket_listing import list_files
from tests.emulator.storages import REGION, certificate_in, s3_server

ACCESS, SECRET, PUBLIC = "canary-access-key", "canary-secret-key", "everybodys"


class Server:
    """A server, and a client that fills its buckets."""

    def __init__(self, endpoint: str, authority: Path) -> None:
        self.endpoint = endpoint
        style = Config(s3={"addressing_style": "path"})
        session = boto3.session.Session(ACCESS, SECRET, region_name=REGION)
        self.client: Any = session.client("s3", endpoint_url=endpoint, verify=str(authority), config=style)

    def bucket(self, *paths: str, name: str = "") -> Bucket:
        name = name or f"bucket-{secrets.token_hex(8)}"
        self.client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        for path in paths:
            self.client.put_object(Bucket=name, Key=path, Body=b"" if path.endswith("/") else path.encode())
        return self.opened(name)

    def opened(self, name: str, secret: str = SECRET, endpoint: str = "") -> Bucket:
        return Bucket(name, endpoint or self.endpoint, REGION, "key.scenes", Secret(ACCESS), Secret(secret))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificate = certificate_in(tmp_path_factory.mktemp("tls"))
    with ExitStack() as stack:
        # Read when a connection is made, as for the other connections of a run.
        patched = stack.enter_context(pytest.MonkeyPatch.context())
        patched.setenv("SSL_CERT_FILE", str(certificate.authority))
        server = Server(stack.enter_context(s3_server(certificate, {ACCESS: SECRET}, [PUBLIC])), certificate.authority)
        yield server
        server.client.close()


def paths(bucket: Bucket, prefix: str = "", limit: int = 100_000) -> list[str]:
    return [file.path for file in asyncio.run(list_files(bucket, prefix, limit, timedelta(seconds=10)))]


def refused(bucket: Bucket) -> EocanvasApplyError:
    with pytest.raises(EocanvasApplyError) as raised:
        paths(bucket)
    (found,) = raised.value.diagnostics
    message = f"{found.message} {found.hint} {raised.value.__cause__} {raised.value.__suppress_context__}"
    assert ACCESS not in message
    assert SECRET not in message
    assert "key.scenes" in found.message
    assert found.hint
    return raised.value


def test_files_come_sorted_with_their_sizes(server: Server) -> None:
    bucket = server.bucket("b.zip", "a/1.zip", "a/b/2 x+y.zip")
    found = asyncio.run(list_files(bucket, "", 10, timedelta(seconds=10)))
    assert [(file.path, file.size) for file in found] == [("/a/1.zip", 7), ("/a/b/2 x+y.zip", 13), ("/b.zip", 5)]


def test_a_prefix_is_the_beginning_of_a_path_not_a_folder(server: Server) -> None:
    scenes = ["2024/S3A", "2024/S3A_1.zip", "2024/S3A_2.zip", "2024/S3B_1.zip"]
    bucket = server.bucket(*scenes, "2024b/x.zip", "2023/y.zip")
    assert paths(bucket, "2024/S3A_") == ["/2024/S3A_1.zip", "/2024/S3A_2.zip"]
    assert paths(bucket, "/2024/S3A_") == paths(bucket, "2024/S3A_")
    assert paths(bucket, "2024/S3A") == ["/2024/S3A", "/2024/S3A_1.zip", "/2024/S3A_2.zip"]
    assert paths(bucket, "2024/") == [f"/{path}" for path in scenes]
    assert len(paths(bucket, "2024")) == 5
    assert paths(bucket, "2025") == []


def test_folder_entries_are_not_files(server: Server) -> None:
    assert paths(server.bucket("a/", "a/b/", "a/b/1.zip", "empty")) == ["/a/b/1.zip", "/empty"]


def test_thousands_are_read_page_by_page_and_no_more_than_asked_for(server: Server) -> None:
    bucket = server.bucket()
    for number in range(3000):
        # Not over HTTP: this is about reading.
        s3_backends["123456789012"]["aws"].put_object(bucket.name, f"s/{number:04}.zip", b"x")
    assert paths(bucket) == [f"/s/{number:04}.zip" for number in range(3000)]
    assert len(paths(bucket, "s/1")) == 1000
    assert len(paths(bucket, "s/", 1500)) == 1500


def test_a_public_bucket_is_listed_unsigned(server: Server) -> None:
    server.bucket("open.zip", name=PUBLIC)
    assert paths(Bucket(PUBLIC, server.endpoint, REGION, "key.scenes")) == ["/open.zip"]


def test_the_endpoint_may_lack_its_protocol(server: Server) -> None:
    bucket = server.bucket("a.zip")
    bare = server.opened(bucket.name, endpoint=server.endpoint.removeprefix("https://") + "/")
    assert paths(bare) == ["/a.zip"]


def test_openssl_settings_of_the_environment_are_ignored(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = server.bucket("a.zip")
    for name, value in {
        "AWS_ACCESS_KEY_ID": "elsewhere",
        "AWS_SECRET_ACCESS_KEY": "elsewhere",
        "AWS_SESSION_TOKEN": "elsewhere",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_REGION": "elsewhere",
        "AWS_BUCKET": "elsewhere",
        "AWS_ENDPOINT_URL": "https://127.0.0.1:9",
        "AWS_ENDPOINT_URL_S3": "https://127.0.0.1:9",
        "AWS_REQUEST_PAYER": "true",
    }.items():
        monkeypatch.setenv(name, value)
    assert paths(bucket) == ["/a.zip"]


def test_a_wrong_secret_and_a_bucket_that_is_not_public(server: Server) -> None:
    bucket = server.bucket("a.zip")
    wrong = refused(server.opened(bucket.name, "wrong"))
    assert isinstance(wrong, CredentialsError)
    assert "(SignatureDoesNotMatch)" in str(wrong)
    assert "check secret_key" in wrong.diagnostics[0].hint
    unsigned = refused(Bucket(bucket.name, server.endpoint, REGION, "key.scenes"))
    assert isinstance(unsigned, CredentialsError)
    assert "without credentials" in unsigned.diagnostics[0].hint


def test_no_such_bucket(server: Server) -> None:
    fault = refused(server.opened("there-is-none"))
    assert isinstance(fault, Refused)
    assert (fault.status, fault.diagnostics[0].code) == (404, "storage-no-bucket")


@pytest.mark.parametrize("endpoint", ["https://127.0.0.1:9", "https://nowhere.invalid"])
def test_an_address_where_nothing_answers(server: Server, endpoint: str) -> None:
    fault = refused(server.opened("a", endpoint=endpoint))
    assert isinstance(fault, NotSent)
    assert endpoint in str(fault)


def test_a_server_that_never_answers(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        bucket = server.opened("a", endpoint=f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(NotSent, match="it did not answer in time"):
            asyncio.run(list_files(bucket, "", 10, timedelta(milliseconds=200)))


def test_a_name_that_cannot_be_listed(server: Server) -> None:
    odd = refused(server.bucket("a//b.zip"))
    assert isinstance(odd, Refused)
    assert odd.diagnostics[0].code == "storage-names"


def test_plain_http_is_refused_beyond_loopback() -> None:
    bucket = Bucket("a", "http://s3.example.org", REGION, "key.scenes", Secret(ACCESS), Secret(SECRET))
    with pytest.raises(ManifestError, match="plain http"):
        paths(bucket)
    assert Bucket("a", "http://127.0.0.1:8080/", REGION, "key.scenes").address == "http://127.0.0.1:8080"


def test_without_obstore_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "obstore.store", None)
    with pytest.raises(UsageError) as raised:
        paths(Bucket("a", "https://s3.example.org", REGION, "key.scenes"))
    assert raised.value.diagnostics[0].code == "extra-missing"
    assert raised.value.diagnostics[0].hint == "pip install 'eocanvas-apply[s3]'"


def test_a_fault_of_the_storage_is_in_doubt(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.emulator.storages.S3Gate.__call__", _failing)
    fault = refused(server.opened("a"))
    assert isinstance(fault, Doubt)
    assert (fault.status, fault.diagnostics[0].code) == (503, "storage-failed")


def _failing(self: Any, environ: Any, start_response: Any) -> list[bytes]:
    start_response("503 Slow Down", [("Content-Type", "application/xml")])
    return [f"<Error><Code>SlowDown</Code><Message>{environ['HTTP_AUTHORIZATION']}</Message></Error>".encode()]


@pytest.mark.parametrize("name", ["", "..", "a b", "a/b", "a?b", "a\nb", "é"])
def test_an_invalid_bucket_name_is_never_requested(server: Server, name: str) -> None:
    assert isinstance(refused(server.opened(name)), ManifestError)


@pytest.mark.parametrize(
    "endpoint",
    ["", "https://a b.example", "https://[::1", "ftp://s3.example", "https://127.0.0.1:99999", "é.example"],
)
def test_an_invalid_address_is_an_error(endpoint: str) -> None:
    bucket = Bucket("olci", endpoint, REGION, "key.scenes", Secret(ACCESS), Secret(SECRET))
    assert isinstance(refused(bucket), ManifestError)


def test_an_address_with_a_query_is_refused_for_it_lists_nothing(server: Server) -> None:
    bucket = server.bucket("a.zip")
    assert isinstance(refused(server.opened(bucket.name, endpoint=f"{server.endpoint}?x=1")), ManifestError)


@pytest.mark.parametrize("prefix", ["a//b", "../x", "a/./b"])
def test_a_prefix_that_cannot_be_listed_is_an_error(server: Server, prefix: str) -> None:
    with pytest.raises(ManifestError, match="prefix"):
        paths(server.bucket("a.zip"), prefix)


def test_prefixes_that_end_in_dots_are_listed(server: Server) -> None:
    bucket = server.bucket("..b", "a/.hidden", "a/b")
    assert (paths(bucket, ".."), paths(bucket, "a/."), paths(bucket, "a/..")) == (["/..b"], ["/a/.hidden"], [])


@pytest.mark.parametrize(
    "page",
    ["<html><body>log in</body></html>", "<!DOCTYPE html><p>log in", "{}", "<Error><Code>X</Code></Error>"],
)
def test_a_page_of_another_server_is_not_an_empty_bucket(page: str) -> None:
    with portal(page.encode()) as address:
        bucket = Bucket("olci", address, REGION, "key.scenes", Secret(ACCESS), Secret(SECRET))
        fault = refused(bucket)
    assert isinstance(fault, Doubt)
    assert fault.diagnostics[0].code == "storage-unreadable"


@contextmanager
def portal(page: bytes) -> Iterator[str]:
    """Answer every request with 200 and this page."""

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(page)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(page)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
