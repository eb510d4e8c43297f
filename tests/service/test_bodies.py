"""Limits on the bodies of answers, also of compressed ones, and answers that drip."""

from __future__ import annotations

import asyncio
import gzip
import json
import weakref
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from eocanvas_apply.errors import Doubt, NotSent, Refused
from eocanvas_apply.service.bodies import BodyLimit
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.wire import ResultInfo

from .scripted_service import BASE, Stage, Step, says

MIB = 1024 * 1024


class Body(httpx.AsyncByteStream):
    """A body that comes in pieces, and counts those that were taken."""

    def __init__(self, pieces: list[bytes], times: int = 1, wait: Callable[[], None] = lambda: None) -> None:
        self.taken, self._pieces, self._times, self._wait = 0, pieces, times, wait

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self._times):
            for piece in self._pieces:
                self._wait()
                self.taken += 1
                yield piece


def streams(status: int, body: Body, **headers: str) -> Step:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda request: httpx.Response(status, stream=body, headers=named, request=request)


def run(stage: Stage, act: Callable[[EOCanvas], Awaitable[Any]]) -> Any:
    async def main() -> Any:
        async with stage.canvas() as canvas:
            return await act(canvas)

    return asyncio.run(main())


@pytest.fixture
def stage() -> Stage:
    return Stage()


READS: dict[str, tuple[str, BodyLimit, Callable[[EOCanvas], Awaitable[Any]]]] = {
    "keys": ("GET /keys", BodyLimit.LIST, EOCanvas.keys),
    "jobs": ("GET /jobs", BodyLimit.LIST, EOCanvas.jobs),
    "job": ("GET /jobs/j", BodyLimit.LIST, lambda c: c.job("j")),
    "results": ("GET /jobs/j/results", BodyLimit.LIST, lambda c: c.results("j")),
    "log": ("GET /jobs/j/logs", BodyLimit.LOG, lambda c: c.logs("j")),
    "public key": ("GET /keys/cert/public", BodyLimit.PUBLIC_KEY, EOCanvas.public_key),
}


@pytest.mark.parametrize("what", READS)
def test_an_endless_body_is_read_as_far_as_its_limit(stage: Stage, what: str) -> None:
    route, limit, read = READS[what]
    body = Body([b" " * MIB], times=10**6)
    stage.on(route, streams(200, body))
    with pytest.raises(Doubt, match=f"with a body of more than {limit.words}"):
        run(stage, read)
    assert body.taken <= 3 * (limit // MIB + 2)


def test_a_body_that_says_to_be_too_long_is_not_read(stage: Stage) -> None:
    body = Body([b"[]"])
    stage.on("GET /keys", streams(200, body, content_length=str(BodyLimit.LIST + 1)))
    with pytest.raises(Doubt, match="more than 16 MiB"):
        run(stage, EOCanvas.keys)
    assert body.taken == 0


def test_a_token_of_more_than_its_limit_is_none(stage: Stage) -> None:
    stage.on("POST https://canvas.test/identity/gettoken", streams(200, Body([b" " * MIB], times=10**6)))
    with pytest.raises(NotSent, match="more than 256 KiB"):
        run(stage, EOCanvas.keys)


def bomb(wbits: int) -> bytes:
    packer = zlib.compressobj(1, zlib.DEFLATED, wbits)
    return b"".join(packer.compress(b" " * MIB) for _ in range(24)) + packer.flush()


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_a_compressed_bomb_is_limited_by_what_it_stands_for(stage: Stage, encoding: str, wbits: int) -> None:
    stage.on("GET /keys", streams(200, Body([bomb(wbits)]), content_encoding=encoding))
    with pytest.raises(Doubt, match="more than 16 MiB"):
        run(stage, EOCanvas.keys)


@pytest.mark.parametrize(("encoding", "wbits"), [("gzip", 31), ("x-gzip", 31), ("deflate", 15), ("deflate", -15)])
def test_compressed_answers_are_read_however_they_are_cut(stage: Stage, encoding: str, wbits: int) -> None:
    keys = [{"name": f"key-{number}", "description": "x" * 1000} for number in range(1000)]
    packer = zlib.compressobj(9, zlib.DEFLATED, wbits)
    packed = packer.compress(json.dumps(keys).encode()) + packer.flush()
    stage.on("GET /keys", streams(200, Body([packed[:1], packed[1:7], packed[7:]]), content_encoding=encoding))
    assert len(run(stage, EOCanvas.keys)) == 1000


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "x" * 1000])
def test_a_compression_that_was_not_asked_for_is_not_decompressed(stage: Stage, encoding: str) -> None:
    stage.on("GET /keys", streams(200, Body([b"[]"]), content_encoding=encoding))
    with pytest.raises(Doubt, match="which was not asked for"):
        run(stage, EOCanvas.keys)
    assert all(request.headers["accept-encoding"] == "gzip, deflate" for request in stage.got)


@pytest.mark.parametrize(
    "packed",
    [gzip.compress(b"[]")[:-9], b"no gzip", gzip.compress(b"[]")[:4]],
    ids=["cut before its end", "not gzip", "a header alone"],
)
def test_damaged_compressed_bytes_are_in_doubt(stage: Stage, packed: bytes) -> None:
    stage.on("GET /keys", streams(200, Body([packed]), content_encoding="gzip"))
    with pytest.raises(Doubt, match="body that cannot be read"):
        run(stage, EOCanvas.keys)


def test_an_endless_error_page_is_read_as_far_as_it_helps(stage: Stage) -> None:
    body = Body([b"<p>no</p>" + b" " * 1000], times=10**6)
    stage.on("GET /keys", streams(403, body, content_length=str(10**9)))
    with pytest.raises(Refused, match="answered 403: no"):
        run(stage, EOCanvas.keys)
    assert body.taken < 100


def test_a_refusal_whose_page_does_not_come_is_a_refusal(stage: Stage) -> None:
    def lost() -> None:
        raise httpx.ReadError("gone")

    stage.on("GET /keys", streams(403, Body([b"x"], wait=lost)))
    with pytest.raises(Refused, match="answered 403"):
        run(stage, EOCanvas.keys)


def test_a_download_that_drips_is_broken_off(stage: Stage) -> None:
    def a_second() -> None:
        stage.clock.elapsed += 1

    body = Body([b"x"], times=10**6, wait=a_second)
    stage.on("GET /file", streams(200, body))

    async def fetch(canvas: EOCanvas) -> None:
        async with canvas.download(ResultInfo(f"{BASE}/file")) as download:
            async for _ in download.chunks:
                pass

    with pytest.raises(Doubt, match="only 61 bytes came in 60 s"):
        run(stage, fetch)


def test_bytes_that_are_no_utf_8_and_halves_of_characters_are_question_marks(stage: Stage) -> None:
    content = b'[{"name": "a\xff"}, {"name": "b\\ud800"}, {"name": "c", "description": "two\nlines"}]'
    stage.on("GET /keys", says(200, content=content))
    found = run(stage, EOCanvas.keys)
    assert [key.name for key in found] == ["a\ufffd", "b?", "c"]
    assert found[2].description == "two lines"


@pytest.mark.parametrize("content", [b"[" * 100_000, b'{"a":' * 100_000, b"[1e999, NaN", b"\x00", b"\xff\xfe["])
def test_what_is_no_json_is_in_doubt(stage: Stage, content: bytes) -> None:
    stage.on("GET /keys", says(200, content=content))
    with pytest.raises(Doubt):
        run(stage, EOCanvas.keys)


@pytest.mark.parametrize(("value", "count"), [("{}", 1_400_000), ('{"":0}', 1_100_000), ("[0]", 1_700_000)])
def test_a_body_of_more_values_than_fit_into_memory_is_not_decoded(stage: Stage, value: str, count: int) -> None:
    content = f"[{','.join([value] * count)}]".encode()
    assert len(content) < BodyLimit.LIST
    stage.on("GET /keys", says(200, content=content))
    with pytest.raises(Doubt, match="answered 200, but with more values than fit into 256 MiB"):
        run(stage, EOCanvas.keys)


def test_a_log_of_a_large_graph_is_read(stage: Stage) -> None:
    graph = "x" * (10 * MIB)
    stage.on("GET /jobs/j/logs", says(200, [{"message": "a, b, {c}"}] * 20_000 + [{"message": graph}]))
    log = run(stage, lambda c: c.logs("j"))
    assert len(log) == 20_001
    assert len(log[-1].message) == 10 * MIB


def test_an_unreadable_answer_does_not_keep_what_was_decoded() -> None:
    class Document(list[Any]):
        pass

    kept: list[weakref.ref[Document]] = []

    def parse(_: object) -> None:
        document = Document()
        kept.append(weakref.ref(document))
        raise ValueError("without anything")

    with pytest.raises(Doubt, match="without anything") as caught:
        Answer("GET", "/jobs", 200, httpx.Headers(), b"[]").parsed(parse)
    assert caught.value
    assert kept[0]() is None


def test_halves_of_characters_become_question_marks_in_every_encoding(stage: Stage) -> None:
    text = json.dumps([{"name": "a", "description": "b\ud800c"}])
    for encoding in ("utf-8", "utf-16", "utf-32"):
        stage.on("GET /keys", says(200, content=text.encode(encoding)))
        assert run(stage, EOCanvas.keys)[0].description == "b?c"
