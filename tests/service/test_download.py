from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from eocanvas_apply.errors import Doubt, Refused, ServiceError
from eocanvas_apply.service.wire import ResultInfo

from .scripted_service import BASE, Stage, says

WHOLE = b"0123456789"


def fetch(stage: Stage, href: str, offset: int = 0, name: str = "x.nc") -> tuple[int | None, bool, bytes]:
    async def main() -> tuple[int | None, bool, bytes]:
        async with stage.canvas() as canvas, canvas.download(ResultInfo(href, f"wks3:///j/{name}"), offset) as download:
            return download.total, download.resumed, b"".join([chunk async for chunk in download.chunks])

    return asyncio.run(main())


def serves_ranges(request: httpx.Request) -> httpx.Response:
    asked = request.headers.get("range")
    if asked is None:
        return httpx.Response(200, content=WHOLE, request=request)
    first = int(asked.removeprefix("bytes=").removesuffix("-"))
    if first >= len(WHOLE):
        return httpx.Response(416, headers={"content-range": f"bytes */{len(WHOLE)}"}, request=request)
    headers = {"content-range": f"bytes {first}-{len(WHOLE) - 1}/{len(WHOLE)}"}
    return httpx.Response(206, content=WHOLE[first:], headers=headers, request=request)


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.on("GET /files/x.nc", serves_ranges)
    return stage


@pytest.mark.parametrize("href", [f"{BASE}/files/x.nc", "/files/x.nc", "files/x.nc", "/serverless/files/x.nc"])
def test_a_file_is_downloaded_from_every_form_of_address(stage: Stage, href: str) -> None:
    assert fetch(stage, href) == (10, False, WHOLE)
    assert stage.sent("GET", "x.nc")[0].headers["authorization"] == "Bearer token-1"
    assert stage.sent("GET", "x.nc")[0].headers["accept-encoding"] == "identity"


def test_resuming_where_it_is_honoured(stage: Stage) -> None:
    assert fetch(stage, "/files/x.nc", 7) == (10, True, b"789")


def test_resuming_where_it_is_not(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(200, content=WHOLE))
    assert fetch(stage, "/files/x.nc", 7) == (10, False, WHOLE)


def test_a_complete_file_is_not_downloaded_again(stage: Stage) -> None:
    assert fetch(stage, "/files/x.nc", 10) == (10, True, b"")


def test_a_part_longer_than_the_file_is_downloaded_again(stage: Stage) -> None:
    assert fetch(stage, "/files/x.nc", 11) == (10, False, WHOLE)


@pytest.mark.parametrize("sent", ["bytes 3-9/10", "lines 7-9/10", "", f"bytes 7-9/{'9' * 5000}"])
def test_a_range_that_was_not_requested_is_in_doubt(stage: Stage, sent: str) -> None:
    stage.on("GET /files/x.nc", says(206, content=b"x", content_range=sent))
    with pytest.raises(Doubt, match="with bytes from"):
        fetch(stage, "/files/x.nc", 7)


def test_a_size_that_is_no_size_is_unknown(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(200, content=WHOLE, content_length="9" * 5000))
    assert fetch(stage, "/files/x.nc") == (None, False, WHOLE)


def test_a_range_of_a_file_of_unknown_size(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(206, content=b"789", content_range="bytes 7-9/*"))
    assert fetch(stage, "/files/x.nc", 7) == (None, True, b"789")


def test_a_compressed_answer_has_no_size_to_check(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(200, content=gzip.compress(WHOLE), content_encoding="gzip"))
    assert fetch(stage, "/files/x.nc") == (None, False, WHOLE)


def test_another_host_never_sees_the_token(stage: Stage) -> None:
    for url in ("https://files.test/x.nc", "https://canvas.test:8443/x.nc"):
        stage.on(f"GET {url}", says(200, content=WHOLE))
        assert fetch(stage, url + "?sig=1")[2] == WHOLE
        assert "authorization" not in stage.got[-1].headers
    assert not stage.sent("POST", "gettoken")


@pytest.mark.parametrize(
    ("href", "says_why"),
    [
        ("http://files.test/x.nc", "plain http"),
        ("file:///etc/passwd", "not http"),
        ("wks3:///j/x.nc", "not http"),
        ("https://[bad/x", "cannot be read"),
        ("https://h.test:port/x", "cannot be read"),
    ],
)
def test_addresses_that_are_not_followed(stage: Stage, href: str, says_why: str) -> None:
    with pytest.raises(ServiceError, match=says_why) as refused:
        fetch(stage, href)
    assert refused.value.diagnostics[0].code == "foreign-link"
    assert stage.got == []


def test_an_address_that_httpx_cannot_use_is_an_error(stage: Stage) -> None:
    with pytest.raises(ServiceError, match="unusable address") as refused:
        fetch(stage, f"https://files.test/{'x' * 70_000}")
    assert refused.value.diagnostics[0].code == "bad-link"


def test_a_missing_file_is_reported(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(404, {"message": "expired"}))
    with pytest.raises(Refused, match="404: expired"):
        fetch(stage, "/files/x.nc")


def test_a_refused_token_is_replaced_here_too(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(401), says(200, content=WHOLE))
    assert fetch(stage, "/files/x.nc")[2] == WHOLE


class Breaking(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"012"
        raise httpx.ReadError("connection reset")


def test_a_connection_broken_after_sending_is_in_doubt(stage: Stage) -> None:
    stage.on("GET /files/x.nc", lambda r: httpx.Response(200, stream=Breaking(), request=r))
    taken: list[bytes] = []

    async def main() -> None:
        async with stage.canvas() as canvas, canvas.download(ResultInfo("/files/x.nc")) as download:
            chunks: Any = download.chunks
            with pytest.raises(Doubt, match="connection reset"):
                taken.extend([chunk async for chunk in _noting(chunks, taken)])

    asyncio.run(main())
    assert taken == [b"012"]


async def _noting(chunks: AsyncIterator[bytes], taken: list[bytes]) -> AsyncIterator[bytes]:
    async for chunk in chunks:
        taken.append(chunk)
        yield chunk


@pytest.mark.parametrize("offset", [0, 7])
@pytest.mark.parametrize("status", [202, 204])
def test_another_success_than_a_whole_file_is_no_file(stage: Stage, status: int, offset: int) -> None:
    stage.on("GET /files/x.nc", says(status))
    with pytest.raises(Doubt, match=f"answered {status}, which is not an answer with a whole file"):
        fetch(stage, "/files/x.nc", offset)


@pytest.mark.parametrize(("status", "content_range"), [(206, "bytes 5-9/10"), (416, "bytes */10")])
def test_a_piece_that_was_not_asked_for_is_no_file(stage: Stage, status: int, content_range: str) -> None:
    stage.on("GET /files/x.nc", says(status, content=WHOLE[5:], content_range=content_range))
    with pytest.raises(Doubt, match=f"answered {status}, which is not an answer with a whole file"):
        fetch(stage, "/files/x.nc")


def test_a_page_is_no_file_unless_the_result_is_one(stage: Stage) -> None:
    stage.on("GET /files/x.nc", says(200, content=b"<html>Log in</html>", content_type="text/html; charset=utf-8"))
    with pytest.raises(Doubt, match="answered 200, but with an HTML page, not the file"):
        fetch(stage, "/files/x.nc")
    assert fetch(stage, "/files/x.nc", name="report.HTML")[2] == b"<html>Log in</html>"
