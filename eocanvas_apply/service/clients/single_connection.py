"""A transport of httpx that holds one connection of httpcore, without a pool around it and over a network of our own.

A pool looks through its connections, and locks and wraps each request, to share what is not shared here: it takes more
CPU time than the request itself (measured: 0.8 ms of 1.5).
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx

from eocanvas_apply.service.clients.socket_stream import SocketStream, connected

# The same fault has the same name in both.
_FAULTS: dict[type[Exception], type[httpx.TransportError]] = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
}


class SingleConnection(httpx.AsyncBaseTransport):
    """One connection for one request at a time, kept open for the next one to the same host.

    It is opened anew where it was closed, was idle for longer than `keepalive_s`, or leads to another host. `context`
    gives the certificates to trust; it is asked for https only.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext], keepalive_s: float) -> None:
        self._context = context
        self._keepalive_s = keepalive_s
        self._open: _Connection | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; the body of the answer must be read or closed before the next one."""
        if request.url.scheme not in ("http", "https"):
            raise httpx.UnsupportedProtocol(f"{request.url.scheme}: is no address to send a request to")
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        with _as_faults_of_httpx():
            connection = await self._connected_to(url.origin, request.extensions)
            answer = await connection.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=url,
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            answer.status, headers=answer.headers, stream=_Body(answer.stream), extensions=answer.extensions
        )

    async def aclose(self) -> None:
        """Close the connection."""
        if self._open:
            await self._open.aclose()
            self._open = None

    @property
    def is_open(self) -> bool:
        """Whether there is a connection that is not closed."""
        return self._open is not None and not self._open.is_closed()

    async def _connected_to(self, origin: httpcore.Origin, extensions: Mapping[str, Any]) -> _Connection:
        kept = self._open
        if kept and kept.can_handle_request(origin) and kept.is_available() and not kept.has_expired():
            return kept
        await self.aclose()
        if trace := extensions.get("trace"):
            await trace("connection.connect_tcp.started", {})
        stream = await self._stream(origin, extensions.get("timeout", {}).get("connect"))
        self._open = _Connection(origin, stream, self._keepalive_s)
        return self._open

    async def _stream(self, origin: httpcore.Origin, timeout_s: float | None) -> SocketStream:
        host = origin.host.decode("ascii")
        # Before there is a connection, which would be left open where certificates cannot be read.
        context = self._context() if origin.scheme == b"https" else None
        stream = await connected(host, origin.port, timeout_s)
        if context is None:
            return stream
        context.set_alpn_protocols(["http/1.1"])
        return await stream.start_tls(context, host, timeout_s)


class _Connection(httpcore.AsyncHTTP11Connection):
    # As much as asyncio reads at once: each piece costs the same, whatever its size (a gigabyte 0.8 s instead of 1.2).
    READ_NUM_BYTES = 256 * 1024

    def is_available(self) -> bool:
        # What came behind an answer would be read as that to the next request, which may be a launch. Only h11 has it.
        unasked, _ = self._h11_state.trailing_data
        return super().is_available() and not unasked


class _Body(httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream: AsyncIterable[bytes] = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_faults_of_httpx():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]


@contextmanager
def _as_faults_of_httpx() -> Iterator[None]:
    try:
        yield
    except tuple(_FAULTS) as fault:
        ours = next(ours for theirs, ours in _FAULTS.items() if isinstance(fault, theirs))
        raise ours(str(fault)) from fault
