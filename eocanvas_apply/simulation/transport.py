"""The transport between a runner and the emulated service: in this process, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import httpx

from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse

ORIGIN = "https://eocanvas.invalid"
# How long an answer takes, in seconds.
LATENCY_S = 0.05
Step = Callable[[str], Awaitable[None]]


async def undisturbed(step: str) -> None:
    """Let every step pass."""


@dataclass(frozen=True, slots=True)
class InProcessTransport(httpx.AsyncBaseTransport):
    """Carries requests to the emulator's model.

    `step` is called with `before GET /path` and, when the service has acted, `after GET /path`; what it raises
    ends the request, and it may wait.
    """

    frontend: Frontend
    step: Step = undisturbed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, `LATENCY_S` and the fault's delay later."""
        body = await request.aread()
        name = f"{request.method} {request.url.path}"
        await self.step(f"before {name}")
        answer = self.frontend.handle(
            WireRequest(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode(),
                headers={k.lower(): v for k, v in request.headers.items()},
                body=body,
                origin=ORIGIN,
            )
        )
        await asyncio.sleep(answer.delay + LATENCY_S)
        await self.step(f"after {name}")
        return _response(answer, request)


def _response(answer: WireResponse, request: httpx.Request) -> httpx.Response:
    if answer.lost:
        raise httpx.RemoteProtocolError("the connection was lost", request=request)
    headers = dict(answer.headers)
    if answer.truncate_at is not None:
        stream = _CutStream(answer.body[: answer.truncate_at])
        return httpx.Response(answer.status, headers=headers, stream=stream, request=request)
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


@dataclass(frozen=True, slots=True)
class _CutStream(httpx.AsyncByteStream):
    """A body of which only the first part arrives."""

    start: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.start
        raise httpx.RemoteProtocolError("the connection ended before the answer did")
