from __future__ import annotations

import asyncio
import hashlib
import os
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import httpcore
import pytest

from eocanvas_apply.connection_words import connection_words
from eocanvas_apply.service.clients.socket_stream import SocketStream, _Received, connected

from .peer import Certificates, listening

LARGE = os.urandom(16 * 1024 * 1024)


async def _opened(url: str, trust: ssl.SSLContext) -> SocketStream:
    parts = urlsplit(url)
    stream = await connected(parts.hostname or "", parts.port or 0, 30)
    return await stream.start_tls(trust, "127.0.0.1") if parts.scheme == "https" else stream


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_a_fast_server_waits_for_a_slow_reader_and_nothing_is_lost_when_it_closes(tls: bool) -> None:
    certificates = Certificates("127.0.0.1")

    async def sends_and_closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(LARGE)
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with listening(sends_and_closes, tls=certificates.server if tls else None) as url:
            stream = await _opened(url, certificates.trust)
            async with asyncio.timeout(30):
                while stream._transport.is_reading():  # noqa: ASYNC110 - no event tells that it stopped
                    await asyncio.sleep(0)
            assert 1024 * 1024 < stream._received._size < 2 * 1024 * 1024
            digest = hashlib.sha256()
            while piece := await stream.read(65536, 30):
                digest.update(piece)
            assert digest.digest() == hashlib.sha256(LARGE).digest()
            await stream.aclose()

    asyncio.run(main())


def test_what_arrived_before_a_connection_broke_is_read_before_the_fault() -> None:
    async def main() -> None:
        received = _Received()
        received.data_received(b"first")
        received.data_received(b"second")
        received.connection_lost(ConnectionResetError("reset"))
        assert [received.taken(9), received.taken(9)] == [b"first", b"second"]
        with pytest.raises(ConnectionResetError, match="reset"):
            received.taken(9)

    asyncio.run(main())


def test_nothing_that_came_before_tls_is_read_as_if_tls_had_brought_it() -> None:
    heard = []

    async def injects(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        heard.append(await reader.read())

    async def main() -> None:
        async with listening(injects) as url:
            stream = await connected("127.0.0.1", urlsplit(url).port or 0, 30)
            await stream._received.something()
            with pytest.raises(httpcore.ConnectError, match="before TLS"):
                await stream.start_tls(ssl.create_default_context(), "127.0.0.1")
            await stream.aclose()
            with pytest.raises(httpcore.WriteError):
                await stream.write(b"x", 30)

    asyncio.run(main())
    assert heard in ([], [b""])


def test_closing_twice_and_after_the_other_side_is_nothing_new() -> None:
    async def closes(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    async def main() -> None:
        async with listening(closes) as url:
            stream = await connected("127.0.0.1", urlsplit(url).port or 0, 30)
            assert await stream.read(65536, 30) == b""
            assert stream.get_extra_info("is_readable")
            await stream.aclose()
            await stream.aclose()

    asyncio.run(main())


def _two_addresses(monkeypatch: pytest.MonkeyPatch, port: int) -> None:
    def both(*_: Any, **__: Any) -> list[tuple[Any, ...]]:
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [
            (socket.AF_INET6, *kind, ("::1", port, 0, 0)),
            (socket.AF_INET, *kind, ("127.0.0.1", port)),
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)


def test_of_several_addresses_the_one_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async def greets(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"hello")
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        async with listening(greets) as url:
            port = urlsplit(url).port or 0
            _two_addresses(monkeypatch, port)
            stream = await connected("two.example", port, 30)
            assert await stream.read(65536, 30) == b"hello"
            await stream.aclose()

    asyncio.run(main())


def test_the_fault_of_several_addresses_has_a_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def main() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            _two_addresses(monkeypatch, taken.getsockname()[1])
            with pytest.raises(httpcore.ConnectError) as caught:
                await connected("two.example", taken.getsockname()[1], 30)
            assert connection_words(caught.value) == "connection refused"

    asyncio.run(main())


def test_what_cannot_be_the_name_of_a_host_is_no_host() -> None:
    with pytest.raises(httpcore.ConnectError) as caught:
        asyncio.run(connected(f"{'x' * 64}.example", 80, 30))
    assert connection_words(caught.value) == "no such host"
