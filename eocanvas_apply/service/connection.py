"""One request, one outcome: the HTTP client, its time-outs, and the repetition of reads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, NotSent, ServiceError, UsageError
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.service.client_pool import ClientPool
from eocanvas_apply.service.clock import Clock, ServiceClock
from eocanvas_apply.service.outcome import TRANSPORT_FAULTS, Answer, status_fault, transport_fault
from eocanvas_apply.service.urls import Endpoints, is_loopback, origin_of

T = TypeVar("T")
Check = Callable[[], None]
log = logging.getLogger("eocanvas_apply.service")

# A creating POST must not go out on a connection that the other side may have closed meanwhile.
KEEPALIVE_S = 5.0
PAUSES_S = (0.5, 2.0)
LIMITS = httpx.Limits(max_connections=1, keepalive_expiry=KEEPALIVE_S)
LARGEST_ANSWER = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `url` is whole; `headers` carry the token only where it may go.

    `check` is called in the last moment before the request leaves, the connection already open; what it raises
    keeps the request from being sent.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    check: Check | None = None

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """Return the same request with more headers."""
        return replace(self, headers={**self.headers, **headers})

    @property
    def path(self) -> str:
        """The path without the query, which may hold signatures."""
        return urlsplit(self.url).path


class Connection:
    """The HTTP client of a run: connections reused, redirects never followed, a time-out on everything.

    `request_timeout` is in seconds. A request that changes something is cancelled as a whole after it, so that
    it cannot reach the service later.
    """

    def __init__(
        self,
        endpoints: Endpoints,
        clock: Clock,
        *,
        request_timeout: float,
        transport: httpx.AsyncBaseTransport | None,
        scrubber: Scrubber,
    ) -> None:
        self.clock = clock
        self.time = ServiceClock(clock)
        self.scrubber = scrubber
        self._origin = endpoints.origin
        self._timeout = request_timeout
        self._clients = _client_pool(endpoints, request_timeout, transport)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._clients.aclose()

    async def once(self, request: Request) -> Answer:
        """Send a request one time only; return the 2xx answer, raise NotSent, Refused or Doubt."""
        return await self._whole(request, self._timeout)

    async def read(self, request: Request, parse: Callable[[Answer], T]) -> T:
        """Send a request that changes nothing, up to three times; return what `parse` makes of the answer."""
        for pause in PAUSES_S:
            try:
                return parse(await self._whole(request, 4 * self._timeout))
            except (Doubt, NotSent) as fault:
                log.info("%s %s again in %.1f s: %s", request.method, request.path, pause, fault)
            await self.clock.sleep(pause)
        return parse(await self._whole(request, 4 * self._timeout))

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Open an answer whose body is read by the caller; anything but a 2xx or 416 is raised."""
        async with self._opened(request, _Trace(request.check)) as response:
            if not response.is_success and response.status_code != 416:
                raise self._refusal(request, response, await _body(response))
            yield response

    async def _whole(self, request: Request, limit: float) -> Answer:
        trace = _Trace(request.check)
        try:
            async with asyncio.timeout(limit), self._opened(request, trace) as response:
                content = await _body(response)
        except TRANSPORT_FAULTS as fault:
            raise transport_fault(request.method, request.url, fault, unsent=trace.unsent) from fault
        if not response.is_success:
            raise self._refusal(request, response, content)
        return _answer(request, response, content)

    @asynccontextmanager
    async def _opened(self, request: Request, trace: _Trace) -> AsyncIterator[httpx.Response]:
        try:
            client = await self._clients.take()
        except httpx.PoolTimeout as fault:
            raise transport_fault(request.method, request.url, fault, unsent=True) from fault
        try:
            async with aclosing(await self._sent(client, request, trace)) as response:
                yield response
        finally:
            self._clients.give_back(client)

    async def _sent(self, client: httpx.AsyncClient, request: Request, trace: _Trace) -> httpx.Response:
        built = _built(client, request, trace)
        # Also here, for transports in tests report no events.
        if request.check:
            request.check()
        begun = time.perf_counter()
        try:
            response = await client.send(built, stream=True)
        except TRANSPORT_FAULTS as fault:
            log.info("%s %s: %s", request.method, request.path, type(fault).__name__)
            raise transport_fault(request.method, request.url, fault, unsent=trace.unsent) from fault
        took = (time.perf_counter() - begun) * 1000
        log.info("%s %s %d %.0f ms", request.method, request.path, response.status_code, took)
        if origin_of(request.url) == self._origin:
            self.time.observe(response.headers.get("date"))
        return response

    def _refusal(self, request: Request, response: httpx.Response, content: bytes) -> ServiceError:
        answer = _answer(request, response, content)
        return status_fault(answer, self.time.now(), self.scrubber)


class _Trace:
    """Follows the transport: calls `check` when a request is about to leave, and knows whether sending began."""

    def __init__(self, check: Check | None) -> None:
        self._check = check
        self._heard = self._sending = False

    async def __call__(self, event: str, info: Mapping[str, object]) -> None:  # noqa: ARG002 - httpcore's shape
        self._heard = True
        if self._check and event.endswith(".send_request_headers.started"):
            self._check()
        self._sending = self._sending or ".send_request" in event

    @property
    def unsent(self) -> bool:
        return self._heard and not self._sending


def _built(client: httpx.AsyncClient, request: Request, trace: _Trace) -> httpx.Request:
    try:
        return client.build_request(
            request.method,
            request.url,
            headers=dict(request.headers),
            content=request.content,
            extensions={"trace": trace},
        )
    except httpx.InvalidURL as fault:
        raise ServiceError(error("bad-link", f"the service gave an unusable address: {fault}")) from None


def _client_pool(
    endpoints: Endpoints, request_timeout: float, transport: httpx.AsyncBaseTransport | None
) -> ClientPool:
    try:
        make = partial(
            httpx.AsyncClient,
            # Loaded once for all clients: it takes longer than a request. A transport that is given has its own.
            verify=transport is not None or httpx.create_ssl_context(),
            transport=transport,
            mounts=_no_proxy_on_loopback(endpoints),
            timeout=request_timeout,
            limits=LIMITS,
            follow_redirects=False,
            headers={"User-Agent": "eocanvas-apply", "Accept": "application/json, */*;q=0.5"},
        )
        return ClientPool(make, patience_s=request_timeout / 2)
    except (OSError, ValueError, ImportError, httpx.InvalidURL) as fault:
        hint = "Look at HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR."
        message = f"the network settings of the environment cannot be used: {fault}"
        raise UsageError(error("bad-network-settings", message, hint)) from None


def _no_proxy_on_loopback(endpoints: Endpoints) -> dict[str, httpx.AsyncBaseTransport | None]:
    # Else HTTP_PROXY would carry the token in clear to the proxy.
    hosts = {urlsplit(url).hostname or "" for url in (endpoints.base_url, endpoints.hda_url, *endpoints.token_urls)}
    return {f"all://{f'[{h}]' if ':' in h else h}": None for h in hosts if is_loopback(h)}


def _answer(request: Request, response: httpx.Response, content: bytes) -> Answer:
    return Answer(request.method, request.path, response.status_code, response.headers, content)


async def _body(response: httpx.Response) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > LARGEST_ANSWER:
            raise httpx.DecodingError("the answer is larger than 256 MiB")
        chunks.append(chunk)
    return b"".join(chunks)
