"""The other side of one connection: it answers every request alike, then does with the connection as it is told."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

import httpx
import trustme

from eocanvas_apply.service.clients.single_connection import SingleConnection

# Sends RST at once, also where nothing is left to read.
_RESET = struct.pack("ii", 1, 0)


class Then(Enum):
    """What becomes of a connection after each answer."""

    KEEP = auto()
    CLOSE = auto()
    RESET = auto()


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listening(
    behaviour: Behaviour, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[str]:
    """Serve each connection as `behaviour` says; yields the address. All connections are closed when the block ends."""
    tasks: list[asyncio.Task[None] | None] = []
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.append(asyncio.current_task())
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError, OSError):
            await behaviour(reader, writer)
        await _close(writer)

    server = await asyncio.start_server(serve, host, 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"http{'s' if tls else ''}://{f'[{host}]' if ':' in host else host}:{port}/"
    finally:
        server.close()
        for writer in writers:
            await _close(writer)
        await asyncio.gather(*filter(None, tasks))


async def _close(writer: asyncio.StreamWriter) -> None:
    if not writer.is_closing():
        writer.transport.abort()
    with suppress(OSError):
        await writer.wait_closed()


class Peer:
    """Gives each request the same answer, and counts connections and requests."""

    def __init__(self, answer: bytes, then: Then) -> None:
        self._answer = answer
        self._then = then
        self._open = 0
        self._changed = asyncio.Condition()
        self.connections = self.requests = 0

    async def closed(self) -> None:
        """Wait until no connection is open, by whichever side each is closed."""
        async with asyncio.timeout(30), self._changed:
            await self._changed.wait_for(lambda: not self._open)

    async def done(self) -> None:
        """Wait until the connections are closed, where it closes them itself."""
        if self._then is not Then.KEEP:
            await self.closed()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open += 1
        with suppress(asyncio.IncompleteReadError, OSError):
            await self._answers(reader, writer)
        await self._end(writer)
        async with self._changed:
            self._open -= 1
            self._changed.notify_all()

    async def _answers(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.requests += 1
        writer.write(self._answer)
        await writer.drain()
        if self._then is Then.KEEP:
            await self._answers(reader, writer)

    async def _end(self, writer: asyncio.StreamWriter) -> None:
        if self._then is Then.RESET:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


@asynccontextmanager
async def peer(
    answer: bytes, then: Then, *, tls: ssl.SSLContext | None = None, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[Peer, str]]:
    """Run a peer; yields it and its address."""
    there = Peer(answer, then)
    async with listening(there.serve, tls=tls, host=host) as url:
        yield there, url


@asynccontextmanager
async def single_client(trust: ssl.SSLContext | None = None, **timeouts: float) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client of one connection; `timeouts` are shorter ones than half a minute, in seconds."""
    transport = SingleConnection(lambda: trust or ssl.create_default_context(), 30)
    async with httpx.AsyncClient(transport=transport, trust_env=False, timeout=httpx.Timeout(30, **timeouts)) as client:
        yield client


class Certificates:
    """What a server shows, and what a client trusts."""

    def __init__(self, *names: str) -> None:
        self.authority = trustme.CA()
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert(*names).configure_cert(self.server)
        self.trust = ssl.create_default_context()
        self.authority.configure_trust(self.trust)
