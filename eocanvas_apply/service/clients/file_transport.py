"""A transport of httpx for the bytes of files: urllib3 receives them in a thread, in large pieces.

For a gigabyte it takes 0.7 s of CPU where asyncio, httpcore and h11 take 2.7 s, for a file of 64 kB half a millisecond
instead of two.
"""

from __future__ import annotations

import asyncio
import http.client
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

import httpx

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse
    from urllib3.connection import HTTPConnection

T = TypeVar("T")
# A piece is full, or is what came within a moment. TLS gives 16 kB at a time.
_PIECE, _PIECE_S = 512 * 1024, 0.2


class FileTransport(httpx.AsyncBaseTransport):
    """A connection and the thread that uses it, for one download at a time.

    It is kept for the next file of the same host for `keepalive_s` seconds. `context` gives the certificates to trust;
    it is asked for https only.
    """

    def __init__(self, context: Callable[[], ssl.SSLContext], keepalive_s: float) -> None:
        self._context = context
        self._keepalive_s = keepalive_s
        self._thread = ThreadPoolExecutor(1, "download")
        self._open: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._origin: tuple[str, str, int | None] | None = None
        self._idle_since = 0.0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a GET; the body of the answer must be read or closed before the next one."""
        # Late, for it takes 30 ms; not in the threads, of which two would each find it half imported.
        import_module("urllib3.connection")
        answer = await self.in_thread(lambda: self._answer(request))
        head = {"http_version": answer.version_string.encode(), "reason_phrase": (answer.reason or "").encode()}
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers.items()]
        return httpx.Response(answer.status, headers=headers, stream=_Body(self, answer), extensions=head)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Do what waits for the other side; where it fails, or nobody waits any more, the connection is closed."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except BaseException:
            self.drop()
            raise

    def keep(self) -> None:
        """Keep the connection for the next file: the last one is whole."""
        self._idle_since = time.monotonic()

    def drop(self, answer: BaseHTTPResponse | None = None) -> None:
        """Close the connection with an answer that was not read, also while the thread waits for the other side."""
        if self._socket:
            with suppress(OSError):
                # Below TLS, which would begin to say good-bye.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            self._socket = None
        if self._open:
            self._thread.submit(self._open.close)
            self._open = None
        if answer:
            self._thread.submit(answer.close)

    async def aclose(self) -> None:
        """Close the connection."""
        self.drop()
        self._thread.shutdown(wait=False)

    def _answer(self, request: httpx.Request) -> BaseHTTPResponse:
        with _as_faults_of_httpx(httpx.ConnectTimeout, httpx.ConnectError):
            connection = self._connected(request)
        with _as_faults_of_httpx(httpx.ReadTimeout, httpx.ReadError):
            target = request.url.raw_path.decode("ascii")
            connection.request("GET", target, headers=request.headers, preload_content=False, decode_content=False)
            return connection.getresponse()

    def _connected(self, request: httpx.Request) -> HTTPConnection:
        from urllib3.connection import HTTPConnection, HTTPSConnection

        url, kept, timeout_s = request.url, self._open, request.extensions["timeout"]["read"]
        host, port = url.raw_host.decode("ascii"), url.port
        origin = (url.scheme, host, port)
        idle_s = time.monotonic() - self._idle_since
        if kept and self._origin == origin and idle_s < self._keepalive_s and kept.is_connected:
            return kept
        if kept:
            kept.close()
        if url.scheme == "https":
            made: HTTPConnection = HTTPSConnection(host, port, timeout=timeout_s, ssl_context=self._context())
        else:
            made = HTTPConnection(host, port, timeout=timeout_s)
        self._open, self._origin = made, origin
        made.connect()
        self._socket = made.sock
        return made


class _Body(httpx.AsyncByteStream):
    """The body of an answer, received as it is read."""

    def __init__(self, transport: FileTransport, answer: BaseHTTPResponse) -> None:
        self._transport = transport
        self._answer = answer
        self._ended = answer.length_remaining == 0
        self._begun = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while not self._ended:
            piece = await self._transport.in_thread(self._piece)
            if not piece and not self._begun and not self._answer.headers.get("transfer-encoding"):
                # Also the answer whose head was cut looks like this.
                self._transport.drop()
                raise httpx.RemoteProtocolError("the connection was closed before the answer")
            self._begun = True
            self._ended = not piece or self._answer.length_remaining == 0
            if piece:
                yield piece

    async def aclose(self) -> None:
        """Keep the connection where it has nothing more to receive."""
        self._transport.keep() if self._ended else self._transport.drop(self._answer)

    def _piece(self) -> bytes:
        """Return what has arrived, up to a full piece; nothing at the end. What came before a fault is returned."""
        pieces, size, until = list[bytes](), 0, time.monotonic() + _PIECE_S
        with _as_faults_of_httpx(httpx.ReadTimeout, httpx.ReadError):
            while size < _PIECE and time.monotonic() < until:
                try:
                    piece = self._answer.read1(_PIECE)
                except Exception:
                    # The next call meets it again, or misses the bytes that the head announced.
                    if not pieces:
                        raise
                    break
                if not piece:
                    break
                pieces.append(piece)
                size += len(piece)
        self._check_end(size)
        return b"".join(pieces)

    def _check_end(self, size: int) -> None:
        if not size and self._answer.length_remaining:
            raise httpx.RemoteProtocolError("the connection was closed before the end of the answer")


@contextmanager
def _as_faults_of_httpx(late: type[httpx.TransportError], broken: type[httpx.TransportError]) -> Iterator[None]:
    from urllib3.exceptions import HTTPError, NewConnectionError
    from urllib3.exceptions import TimeoutError as LateError

    try:
        yield
    except httpx.TransportError:
        raise
    except NewConnectionError as fault:
        raise broken(str(fault)) from fault
    except (LateError, TimeoutError) as fault:
        raise late(str(fault)) from fault
    except (HTTPError, http.client.HTTPException, OSError) as fault:
        raise broken(_in_words(fault)) from fault


def _in_words(fault: Exception) -> str:
    """Return what broke the connection; urllib3 puts the cause behind a text with its Python form."""
    from urllib3.exceptions import IncompleteRead

    cause = next((each for each in reversed(fault.args) if isinstance(each, Exception)), fault)
    if isinstance(cause, IncompleteRead) and cause.expected is not None:
        return f"the connection was closed after {cause.partial} of {cause.partial + cause.expected} bytes"
    return str(cause)
