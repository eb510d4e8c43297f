from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress

import httpx
import pytest

from eocanvas_apply.service.clients.single_connection import SingleConnection

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def _no_certificates() -> ssl.SSLContext:
    raise AssertionError("certificates are for https")


def test_an_address_of_another_scheme_is_not_asked() -> None:
    async def main() -> None:
        with pytest.raises(httpx.UnsupportedProtocol, match="ftp"):
            await SingleConnection(_no_certificates, 5).handle_async_request(httpx.Request("GET", "ftp://127.0.0.1:9/"))

    asyncio.run(main())


@pytest.mark.parametrize(("keepalive_s", "connections"), [(5.0, 1), (-1.0, 3)])
def test_a_connection_is_used_again_until_it_was_idle_for_too_long(keepalive_s: float, connections: int) -> None:
    made: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.append(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(_ANSWER)
        writer.close()
        await writer.wait_closed()

    async def main() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        transport = SingleConnection(_no_certificates, keepalive_s)
        for _ in range(3):
            response = await transport.handle_async_request(httpx.Request("GET", f"http://127.0.0.1:{port}/"))
            assert await response.aread() == b"ok"
            await response.aclose()
        await transport.aclose()
        assert not transport.is_open
        server.close()
        await asyncio.gather(*filter(None, made))

    asyncio.run(main())
    assert len(made) == connections
