"""A real server on loopback with configured faults, for those that only a connection can have."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints

from .scripted_service import VirtualClock

Behaviour = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]
TOKEN = b'{"access_token": "t", "refresh_token": "r", "expires_in": 1744}'


def http(status: str, body: bytes = b"", length: int | None = None) -> bytes:
    """Return a whole answer; `length` may lie about the body's size."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\nContent-Length: {size}\r\n\r\n".encode() + body


class Misbehaving:
    """Accepts every log-in; passes every other request to a behaviour, and keeps its first line."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.got: list[str] = []
        self.connections = 0
        self._behaviour = behaviour

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while head := await self._head(reader):
                if b"/gettoken" in head:
                    writer.write(http("200 OK", TOKEN))
                    continue
                self.got.append(head.partition(b" HTTP/")[0].decode())
                await self._behaviour(head, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _head(self, reader: asyncio.StreamReader) -> bytes:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return b""
        for line in head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                await reader.readexactly(int(line.partition(b":")[2]))
        return head


@asynccontextmanager
async def misbehaving(
    behaviour: Behaviour, *, request_timeout: float = 30.0
) -> AsyncIterator[tuple[EOCanvas, Misbehaving]]:
    """Run a misbehaving server and a client of it."""
    service = Misbehaving(behaviour)
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with client(port, request_timeout) as canvas:
        yield canvas, service
    server.close()
    await server.wait_closed()


def client(port: int, request_timeout: float = 30.0, scheme: str = "http") -> EOCanvas:
    addresses = Endpoints(f"{scheme}://127.0.0.1:{port}/serverless")
    return EOCanvas(addresses, Credentials("jane", Secret("password")), VirtualClock(), request_timeout=request_timeout)
