"""The preflight of servers that are no storage, are full, slow or lead elsewhere, and what they are told of secrets."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from eocanvas_apply.errors import EocanvasApplyError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.bucket_probe import BucketProbe
from eocanvas_apply.storage.probe import Probe
from eocanvas_apply.storage.webdav_probe import WebdavFolder, WebdavProbe
from tests.emulator.storages import REGION
from tests.end_to_end.storages import ACCESS, SECRET
from tests.storage.odd_servers import Page, page, slow
from tests.storage.probes import TIMEOUT, probes_of, refusal, stock, written


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, "storage-unreadable"), (301, "storage-refused"), (405, "storage-unreadable"), (503, "storage-failed")],
)
def test_what_is_no_webdav_folder(status: int, code: str) -> None:
    with page(status) as address:
        probe = WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), TIMEOUT)
        assert refusal(probe.answer()) == code
        assert refusal(probe.stock(["/a"])) == code


@pytest.mark.parametrize(("put", "delete", "code"), [(507, 204, "storage-full"), (201, 403, "storage-not-removed")])
def test_a_folder_that_is_full_or_keeps_what_was_written(put: int, delete: int, code: str) -> None:
    with page(put) as address, pytest.MonkeyPatch.context() as patched:
        patched.setattr(Page, "deleting", delete)
        probe = WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), TIMEOUT)
        assert refusal(written(probe, "x.txt")) == code


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("http://dav.example.org/jane", "storage-address"),
        ("dav.example.org", "storage-address"),
        ("https://dav.example.org/?x=1", "storage-address"),
        ("https://127.0.0.1:9/", "storage-unreachable"),
    ],
)
def test_no_password_is_sent_to_an_address_that_is_none(address: str, code: str) -> None:
    probe = WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), TIMEOUT)
    assert refusal(probe.answer()) == code


@pytest.mark.parametrize(
    ("status", "s3_code", "code", "hint"),
    [
        (403, "InvalidAccessKeyId", "storage-denied", "access_key"),
        (403, "SignatureDoesNotMatch", "storage-denied", "secret_key"),
        (400, "ExpiredToken", "storage-denied", "expired"),
        (403, "RequestTimeTooSkewed", "storage-clock", "clock"),
        (400, "AuthorizationHeaderMalformed", "storage-region", "write `region: waw3-2`"),
        (301, "PermanentRedirect", "storage-region", "`region:`"),
        (404, "NoSuchBucket", "storage-no-bucket", "`bucket:`"),
    ],
)
def test_what_a_storage_says_has_its_own_words(status: int, s3_code: str, code: str, hint: str) -> None:
    content = f"<Error><Code>{s3_code}</Code><Region>waw3-2</Region></Error>".encode()
    with page(status, content=content, location=None) as address:
        probe = BucketProbe(Bucket("scenes", address, REGION, "key.k", Secret(ACCESS), Secret(SECRET)), TIMEOUT)
        with pytest.raises(EocanvasApplyError) as raised:
            asyncio.run(probe.answer())
    (found,) = raised.value.diagnostics
    assert found.code == code
    assert hint in found.hint


def test_a_page_that_takes_a_file_is_no_storage() -> None:
    with page(200) as address:
        probe = BucketProbe(Bucket("scenes", address, REGION, "key.k", Secret(ACCESS), Secret(SECRET)), TIMEOUT)
        assert refusal(written(probe, "x.txt")) == "storage-unreadable"


def test_where_a_redirect_leads_gets_no_credentials() -> None:
    elsewhere: list[str] = []
    with page(200, seen=elsewhere) as target, page(307, location=target, seen=[]) as address:
        s3 = BucketProbe(Bucket("scenes", address, REGION, "key.k", Secret(ACCESS), Secret(SECRET)), TIMEOUT)
        webdav = WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), TIMEOUT)
        for probe in (s3, webdav):
            refusal(probe.answer())
            refusal(written(probe, "x.txt"))
    # The library for S3 follows it, and sends no signature along.
    assert set(elsewhere) == {"None"}


def test_an_answer_that_comes_a_byte_at_a_time_is_given_up() -> None:
    with slow() as (address, _):
        probe = probes_of(address, timedelta(seconds=0.3))[0]
        assert refusal(probe.answer()) == "storage-unreachable"
        assert refusal(probe.stock(["/a"])) == "storage-unreachable"


def test_what_may_have_been_written_is_removed_when_the_answer_is_lost_or_the_check_is_interrupted() -> None:
    async def interrupted(probe: Probe, asked: list[str]) -> None:
        check = asyncio.ensure_future(written(probe, "x.txt"))
        while "PUT" not in asked:  # noqa: ASYNC110 - it is filled by another thread
            await asyncio.sleep(0.01)
        check.cancel()
        with pytest.raises(asyncio.CancelledError):
            await check

    for number in (0, 1):
        with slow() as (address, asked):
            asyncio.run(interrupted(probes_of(address, TIMEOUT)[number], asked))
            assert asked == ["PUT", "DELETE"]
    with slow() as (address, asked):
        assert refusal(written(probes_of(address, timedelta(seconds=0.3))[0], "x.txt")) == "storage-unreachable"
        assert asked == ["PUT", "DELETE"]


def test_a_file_that_may_be_left_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Page, "deleting", 500)
    with page(503) as address, pytest.raises(EocanvasApplyError) as raised:
        asyncio.run(written(probes_of(address, TIMEOUT)[0], "x.txt"))
    (found,) = raised.value.diagnostics
    assert "x.txt may be left there" in found.hint


def test_a_bucket_that_may_not_be_listed_is_asked_for_each_file() -> None:
    content = b"<Error><Code>AccessDenied</Code></Error>"

    def at(self: Page) -> None:
        there = self.path.endswith("/there.zip")
        self.send_response(200 if there else 403)
        self.send_header("Content-Length", "7" if there else str(len(content)))
        self.send_header("Last-Modified", "Tue, 02 Jul 2024 10:00:00 GMT")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    with page(403, do_GET=at, do_HEAD=at) as address:
        probe = probes_of(address, TIMEOUT)[1]
        found = stock(probe, "/a-gone.zip", "/there.zip")
        assert found.sizes == {"/there.zip": 7}
        with pytest.raises(EocanvasApplyError) as raised:
            stock(probe, "/a-gone.zip")
    (denied,) = raised.value.diagnostics
    assert denied.code == "storage-denied"
    assert "s3:ListBucket" in denied.hint
