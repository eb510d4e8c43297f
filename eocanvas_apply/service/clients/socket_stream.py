"""The network below httpcore's connections: TCP, plain or with TLS, over the transports of asyncio.

It takes a third of the CPU time of the one that httpcore brings: what arrives is handed on in the pieces in which the
system gives it, and no clock is set where nothing is waited for. Nothing is used that some event loop lacks.
"""

from __future__ import annotations

import asyncio
import re
import selectors
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import httpcore

# So many bytes are kept for a reader that is slower than the network; then the other side has to wait.
_ENOUGH = 1024 * 1024
# A name may have several addresses; the next one is tried after this (RFC 8305).
_NEXT_ADDRESS_S = 0.25
# Not epoll, which opens a file to ask once.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)
# What asyncio calls what httpcore asks for.
_INFO = {"ssl_object": "ssl_object", "socket": "socket", "client_addr": "sockname", "server_addr": "peername"}


async def connected(host: str, port: int, timeout_s: float | None) -> SocketStream:
    """Connect to that address of a host which answers first; raises ConnectTimeout and ConnectError of httpcore."""
    with _faults(httpcore.ConnectTimeout, httpcore.ConnectError):
        async with asyncio.timeout(timeout_s):
            return await _connected(host, port)


async def _connected(host: str, port: int) -> SocketStream:
    connect = asyncio.get_running_loop().create_connection
    try:
        return SocketStream(*await connect(_Received, host, port, happy_eyeballs_delay=_NEXT_ADDRESS_S))
    except UnicodeError:
        raise socket.gaierror(socket.EAI_NONAME, f"{host!r} cannot be the name of a host") from None
    except OSError as fault:
        raise _one_of(fault) from fault


def _one_of(fault: OSError) -> OSError:
    """Return the last of several faults, which asyncio joins to one text without a kind."""
    numbers = [] if fault.errno else re.findall(r"\[Errno (\d+)\]", str(fault))
    return OSError(int(numbers[-1]), str(fault)) if numbers else fault


class SocketStream(httpcore.AsyncNetworkStream):
    """An open connection; its faults are those of httpcore."""

    def __init__(self, transport: asyncio.Transport, received: _Received) -> None:
        self._transport = transport
        self._received = received

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Return what has arrived, waiting for it if need be; nothing means the end."""
        with _faults(httpcore.ReadTimeout, httpcore.ReadError):
            if self._received.is_waited_for:
                async with asyncio.timeout(timeout):
                    await self._received.something()
            return self._received.taken(max_bytes)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send bytes; return when all but a few are with the system."""
        with _faults(httpcore.WriteTimeout, httpcore.WriteError):
            self._transport.write(buffer)
            if self._received.is_held_up:
                async with asyncio.timeout(timeout):
                    await self._received.room()
            self._received.check()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> SocketStream:
        """Return the connection with TLS, which takes the place of this one; where that fails, it is closed."""
        with _faults(httpcore.ConnectTimeout, httpcore.ConnectError):
            try:
                async with asyncio.timeout(timeout):
                    return await self._secured(ssl_context, server_hostname)
            except BaseException:
                self._transport.abort()
                raise

    async def aclose(self) -> None:
        """Close at once, without the farewell of TLS, which the other side may keep us waiting for."""
        # A transport that is closed does not bear it.
        if not self._received.closed.is_set():
            self._transport.abort()
            await self._received.closed.wait()

    def get_extra_info(self, info: str) -> Any:
        """Return what httpcore asks for; an idle connection that is readable is at its end."""
        if info == "is_readable":
            return self._is_readable()
        return self._transport.get_extra_info(_INFO[info]) if info in _INFO else None

    async def _secured(self, context: ssl.SSLContext, host: str | None) -> SocketStream:
        if self._is_readable():
            # Read as if TLS had brought it, it could be an answer of anybody on the way.
            raise ssl.SSLError("the other side spoke, or hung up, before TLS began")
        received = _Received()
        start_tls = asyncio.get_running_loop().start_tls
        transport = await start_tls(self._transport, received, context, server_hostname=host)
        if transport is None:
            raise ConnectionResetError("closed when TLS began")
        received.connection_made(transport)
        return SocketStream(transport, received)

    def _is_readable(self) -> bool:
        """Return whether bytes or the end have arrived.

        The system is asked too, for a busy event loop may not have seen them yet.
        """
        if not self._received.is_waited_for or self._transport.is_closing():
            return True
        with _Selector() as selector:
            selector.register(self._transport.get_extra_info("socket"), selectors.EVENT_READ)
            return bool(selector.select(0))


class _Received(asyncio.Protocol):
    """What a connection has received and nobody has taken yet, and whether more can be sent."""

    def __init__(self) -> None:
        self.closed = asyncio.Event()
        self._pieces: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._fault: Exception | None = None
        self._arrived, self._writable = asyncio.Event(), asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    @property
    def is_waited_for(self) -> bool:
        """Whether neither a byte nor the end is here."""
        return not self._pieces and not self._ended

    async def something(self) -> None:
        """Wait for bytes or the end."""
        while self.is_waited_for:
            self._arrived.clear()
            await self._arrived.wait()

    def taken(self, most: int) -> bytes:
        """Return the oldest piece, or the beginning of it; at the end nothing, or raise the fault that came last."""
        if not self._pieces:
            if self._fault:
                raise self._fault
            return b""
        piece = self._pieces.popleft()
        if len(piece) > most:
            self._pieces.appendleft(piece[most:])
            piece = piece[:most]
        self._size -= len(piece)
        if self._transport and self._size <= _ENOUGH // 2:
            self._transport.resume_reading()
        return piece

    @property
    def is_held_up(self) -> bool:
        """Whether much of what was to be sent is still here."""
        return not self._writable.is_set()

    async def room(self) -> None:
        """Wait until the system has taken most of what was to be sent, or the connection is closed."""
        await self._writable.wait()

    def check(self) -> None:
        """Raise where the connection is closed."""
        if self.closed.is_set():
            raise self._fault or ConnectionResetError("the connection is closed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        if self._transport and self._size > _ENOUGH:
            self._transport.pause_reading()
        self._arrived.set()

    def eof_received(self) -> None:
        self._ended = True
        self._arrived.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended, self._fault = True, exc
        for event in (self.closed, self._arrived, self._writable):
            event.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()


@contextmanager
def _faults(late: type[Exception], broken: type[Exception]) -> Iterator[None]:
    """Raise TimeoutError as `late`, any other OSError as `broken`."""
    try:
        yield
    except TimeoutError as fault:
        raise late from fault
    except OSError as fault:
        raise broken(str(fault)) from fault
