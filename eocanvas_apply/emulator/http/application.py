"""The ASGI application: answers and faults on a real socket."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from eocanvas_apply.emulator.http.control import PREFIX, Control
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse

Connections = dict[tuple[str, int], asyncio.Transport]


class Application:
    """An ASGI application. It asks the frontend under `lock`, which also guards the model against other threads."""

    def __init__(self, frontend: Frontend, control: Control, lock: threading.RLock, latency: float) -> None:
        self.connections: Connections = {}
        self._frontend = frontend
        self._control = control
        self._lock = lock
        self._latency = latency

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request of the server's."""
        try:
            request = await _read(Request(scope, receive))
        except ClientDisconnect:
            return
        answer = await self._answer(request)
        if answer.lost:
            self._transport(scope).abort()
            await _closed(receive)
        elif answer.truncate_at is not None:
            await _send_part(answer, answer.truncate_at, send)
            self._transport(scope).close()
            await _closed(receive)
        else:
            await _response(answer)(scope, receive, send)

    async def _answer(self, request: WireRequest) -> WireResponse:
        if request.path.startswith(PREFIX):
            with self._lock:
                return self._control.handle(request)
        if self._latency:
            await asyncio.sleep(self._latency)
        with self._lock:
            answer = self._frontend.handle(request)
        if answer.delay:
            await asyncio.sleep(answer.delay)
        return answer

    def _transport(self, scope: Scope) -> asyncio.Transport:
        return self.connections[scope["client"]]


def protocol_class(connections: Connections) -> type[H11Protocol]:
    """Return a protocol that keeps its transports in `connections` by the client's address while they are open.

    An ASGI application cannot end a connection without an answer; with the transport it can.
    """

    class TrackedProtocol(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            # Over TLS the transport no longer knows its peer when the connection is gone.
            self.peer = _peer(transport)
            connections[self.peer] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            connections.pop(self.peer, None)
            super().connection_lost(exc)

    return TrackedProtocol


def _peer(transport: asyncio.Transport) -> tuple[str, int]:
    host, port = transport.get_extra_info("peername")[:2]
    return str(host), int(port)


async def _read(request: Request) -> WireRequest:
    headers = {name.lower(): value for name, value in request.headers.items()}
    return WireRequest(
        request.method,
        request.scope["path"],
        request.scope["query_string"].decode("latin-1"),
        headers,
        await request.body(),
        f"{request.scope['scheme']}://{headers.get('host', '127.0.0.1')}",
    )


def _response(answer: WireResponse) -> Response:
    return Response(answer.body, answer.status, dict(answer.headers))


async def _send_part(answer: WireResponse, length: int, send: Send) -> None:
    headers: list[Any] = [(name.encode(), value.encode("latin-1")) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body[:length], "more_body": True})


async def _closed(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
