"""The preflight of one storage, against a real S3 server and a real WebDAV server over TLS that check credentials."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import EocanvasApplyError, Refused
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.storage import probe as asking
from eocanvas_apply.storage.bucket import Bucket
from eocanvas_apply.storage.bucket_probe import BucketProbe
from eocanvas_apply.storage.probe import Probe, Stock, a_few_at_once, write_and_remove
from eocanvas_apply.storage.webdav_probe import WebdavFolder, WebdavProbe
from tests.emulator.storages import REGION, S3Gate
from tests.end_to_end.storages import ACCESS, DRIVE_PASSWORD, DRIVE_USER, SECRET, Storages, storages

TIMEOUT = timedelta(seconds=10)
FILES = {"a.zip": b"a", "scenes/1.zip": b"one", "scenes/2 x+y%.zip": b"two", "scenes/ä.zip": b"", "z/deep/x.zip": b"x"}


@pytest.fixture(scope="module", name="real")
def _real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storages]:
    folder = tmp_path_factory.mktemp("storages")
    with storages(folder) as real, pytest.MonkeyPatch.context() as patched:
        patched.setenv("SSL_CERT_FILE", str(real.certificate.authority))
        yield real


def bucket(real: Storages, name: str, secret: str = SECRET) -> BucketProbe:
    return BucketProbe(Bucket(name, real.s3_endpoint, REGION, "key.k", Secret(ACCESS), Secret(secret)), TIMEOUT)


def folder(real: Storages, password: str = DRIVE_PASSWORD, path: str = "") -> WebdavProbe:
    return WebdavProbe(WebdavFolder(real.dav_endpoint + path, DRIVE_USER, Secret(password), "key.k"), TIMEOUT)


@pytest.fixture(params=["s3", "webdav"], name="probe")
def _probe(request: pytest.FixtureRequest, real: Storages) -> Probe:
    """A storage of each protocol with the same FILES."""
    if request.param == "s3":
        return bucket(real, real.bucket(FILES))
    root = real.certificate.authority.parent / "drive" / "files"
    for path, content in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return folder(real)


def stock(probe: Probe, *paths: str) -> Stock:
    return asyncio.run(probe.stock(paths))


@pytest.mark.parametrize("paths", [("/a.zip",), ("/a.zip", "/scenes/1.zip")], ids=["one", "several"])
def test_what_is_there_has_the_time_at_which_it_was_written(probe: Probe, paths: tuple[str, ...]) -> None:
    found = stock(probe, *paths, "/not-there.zip")
    assert found.modified.keys() == set(paths)
    assert all(abs(datetime.now(UTC) - each) < timedelta(hours=1) for each in found.modified.values())


async def written(probe: Probe, name: str, patience: timedelta = TIMEOUT) -> None:
    await write_and_remove(probe, name, "key.k: this place", patience)


def refusal(work: Any) -> str:
    """Return the code of the one error that this work ends with; it shows no secret."""
    with pytest.raises(EocanvasApplyError) as raised:
        asyncio.run(work)
    (found,) = raised.value.diagnostics
    for secret in (ACCESS, SECRET, DRIVE_PASSWORD, "wrong"):
        assert secret not in f"{found.message} {found.hint} {raised.value.__cause__}"
    assert found.message.startswith("key.k: ")
    assert found.hint
    return found.code


def test_a_place_that_is_there_answers(probe: Probe) -> None:
    asyncio.run(probe.answer())


def test_files_are_found_with_their_sizes_and_folders_without(probe: Probe) -> None:
    wanted = ["/a.zip", "/scenes/1.zip", "/scenes/2 x+y%.zip", "/scenes/ä.zip", "/z/deep", "/gone.zip", "/scenes/gone"]
    sizes = {"/a.zip": 1, "/scenes/1.zip": 3, "/scenes/2 x+y%.zip": 3, "/scenes/ä.zip": 0, "/z/deep": None}
    assert stock(probe, *wanted).sizes == sizes
    assert stock(probe, "/scenes/1.zi").sizes == {}
    assert stock(probe, "/scenes/1.zip/x", "/scenes/1").sizes == {}


def test_a_file_is_written_and_removed(probe: Probe) -> None:
    asyncio.run(written(probe, "eocanvas-apply-check-1.txt"))
    assert stock(probe, "/eocanvas-apply-check-1.txt").sizes == {}


def test_wrong_secrets_are_refused(real: Storages) -> None:
    name = real.bucket(FILES)
    for probe in (bucket(real, name, "wrong"), folder(real, "wrong")):
        assert refusal(probe.answer()) == "storage-denied"
        assert refusal(probe.stock(["/a.zip", "/scenes/1.zip"])) == "storage-denied"
        assert refusal(written(probe, "x.txt")) == "storage-denied"


def test_after_a_refusal_no_further_question_begins_and_none_is_left() -> None:
    begun: list[int] = []

    async def question(number: int) -> int:
        begun.append(number)
        await asyncio.sleep(0.01)
        if number == 0:
            raise Refused(error("storage-refused", "no", "no"))
        return number

    async def all_of_them() -> list[int]:
        try:
            return await a_few_at_once(partial(question, number) for number in range(100))
        finally:
            assert len(asyncio.all_tasks()) == 1

    with pytest.raises(Refused):
        asyncio.run(all_of_them())
    assert begun == list(range(8))
    assert asyncio.run(a_few_at_once(partial(question, number) for number in (3, 1, 2))) == [3, 1, 2]


def test_places_that_are_not_there(real: Storages) -> None:
    assert refusal(bucket(real, "no-such-bucket").answer()) == "storage-no-bucket"
    assert refusal(bucket(real, "no-such-bucket").stock(["/a"])) == "storage-no-bucket"
    assert refusal(written(bucket(real, "no-such-bucket"), "a")) == "storage-no-bucket"
    assert refusal(folder(real, path="/nowhere").answer()) == "storage-no-folder"
    assert refusal(folder(real, path="/nowhere").stock(["/a"])) == "storage-no-folder"
    assert refusal(written(folder(real, path="/nowhere"), "a")) == "storage-no-folder"


def test_a_public_bucket_is_read_without_credentials(real: Storages) -> None:
    name = real.public_bucket(FILES)
    probe = BucketProbe(Bucket(name, real.s3_endpoint, REGION, "key.k"), TIMEOUT)
    assert stock(probe, "/a.zip").sizes == {"/a.zip": 1}
    private = BucketProbe(Bucket(real.bucket(FILES), real.s3_endpoint, REGION, "key.k"), TIMEOUT)
    assert refusal(private.stock(["/a.zip"])) == "storage-denied"


@pytest.fixture(name="requests")
def _requests(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the requests that the S3 server gets."""
    seen: list[str] = []
    plain = S3Gate.__call__

    def counted(self: S3Gate, environ: dict[str, Any], start: Callable[..., Any]) -> Any:
        seen.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return plain(self, environ, start)

    monkeypatch.setattr(S3Gate, "__call__", counted)
    return seen


def filled(real: Storages, paths: list[str]) -> str:
    from moto.s3.models import s3_backends

    name = real.bucket({})
    for path in paths:
        # Not over HTTP: this is about reading.
        s3_backends["123456789012"]["aws"].put_object(name, path.lstrip("/"), b"x")
    return name


def test_a_thousand_inputs_below_one_prefix_cost_few_requests(real: Storages, requests: list[str]) -> None:
    paths = [f"/2024/07/S3A_{number:05}.zip" for number in range(1500)]
    name = filled(real, paths)
    requests.clear()
    assert len(stock(bucket(real, name), *paths[:1000]).sizes) == 1000
    assert len(requests) <= 10


def test_inputs_in_many_folders_below_one_prefix_cost_few_requests(real: Storages, requests: list[str]) -> None:
    paths = [f"/2024/{number:03}/scene.zip" for number in range(300)]
    name = filled(real, paths)
    requests.clear()
    assert len(stock(bucket(real, name), *paths).sizes) == 300
    assert len(requests) <= 10


def test_a_few_inputs_among_many_files_are_asked_for_one_by_one(real: Storages, requests: list[str]) -> None:
    paths = [f"/all/{number:05}.zip" for number in range(2500)]
    name = filled(real, paths)
    requests.clear()
    found = stock(bucket(real, name), "/all/00001.zip", "/all/01999.zip", "/all/02400.zip", "/all/09.zip").sizes
    assert sorted(found) == ["/all/00001.zip", "/all/01999.zip", "/all/02400.zip"]
    assert len(requests) <= 6


def test_where_nothing_is_found_names_of_the_bucket_are_there_to_suggest(real: Storages) -> None:
    found = stock(bucket(real, real.bucket(FILES)), "/Scenes/1.zip", "/Scenes/3.zip")
    assert found.sizes == {}
    assert "/scenes/1.zip" in found.names


class Page(BaseHTTPRequestHandler):
    """A server that answers everything with one status and a page."""

    status = 200
    deleting = 204
    content = b"<html>hi</html>"
    location = "http://127.0.0.1:9/elsewhere"
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(self.status)
        self.seen.append(str(self.headers.get("Authorization")))
        if self.location:
            self.send_header("Location", self.location)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(self.content)

    do_PROPFIND = do_PUT = do_HEAD = do_GET  # noqa: N815 - their names in the standard library

    def do_DELETE(self) -> None:
        self.status = self.deleting
        self.do_GET()

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def page(status: int, **fields: object) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Page,), {"status": status, **fields}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dav"
    finally:
        server.shutdown()
        server.server_close()


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


def test_certificates_that_are_not_trusted_are_said(real: Storages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    assert refusal(bucket(real, "scenes").answer()) == "storage-certificate"
    assert refusal(folder(real).answer()) == "storage-certificate"


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


class Slow(BaseHTTPRequestHandler):
    """A server that answers a byte at a time and never to the end, but for what it is asked to remove."""

    asked: ClassVar[list[str]] = []
    ended: ClassVar[threading.Event]

    def do_PUT(self) -> None:
        self.asked.append(self.command)
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(207)
        self.end_headers()
        with contextlib.suppress(OSError):
            while not self.ended.wait(0.05):
                self.wfile.write(b" ")
                self.wfile.flush()

    do_PROPFIND = do_GET = do_PUT  # noqa: N815 - their names in the standard library

    def do_DELETE(self) -> None:
        self.asked.append("DELETE")
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<DeleteResult><Deleted><Key>x.txt</Key></Deleted></DeleteResult>")

    # How the library for S3 deletes.
    do_POST = do_DELETE  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def slow() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []
    ended = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Slow,), {"asked": asked, "ended": ended}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/dav", asked
    finally:
        ended.set()
        server.shutdown()
        server.server_close()


def probes_of(address: str, timeout: timedelta) -> list[Probe]:
    s3 = Bucket("scenes", address, REGION, "key.k", Secret(ACCESS), Secret(SECRET))
    return [WebdavProbe(WebdavFolder(address, "jane", Secret("wrong"), "key.k"), timeout), BucketProbe(s3, timeout)]


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


def test_only_so_many_single_questions_are_asked(real: Storages, monkeypatch: pytest.MonkeyPatch) -> None:
    from eocanvas_apply.storage import bucket_probe, webdav_probe

    assert asking.MOST_ASKED == 500
    monkeypatch.setattr(webdav_probe, "MOST_ASKED", 2)
    monkeypatch.setattr(bucket_probe, "MOST_ASKED", 2)
    found = stock(folder(real), "/a/1", "/a/2", "/b/1", "/c/1")
    assert found.unasked == {"/c/1"}
    name = filled(real, [f"/{letter}/{number:04}" for letter in "abcd" for number in range(1100)])
    found = stock(bucket(real, name), "/a/0001", "/b/0001", "/c/0001", "/d/0001")
    assert (len(found.sizes), len(found.unasked)) == (3, 1)


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
