"""One request, one outcome: the HTTP client, its time-outs, and the repetition of reads."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt, NotSent, ServiceError
from eocanvas_apply.secrets.scrubbing import Scrubber
from eocanvas_apply.service.bodies import BodyLimit, beginning
from eocanvas_apply.service.clients.client_pool import client_pool
from eocanvas_apply.service.clock import Clock, ServiceClock
from eocanvas_apply.service.entries import Irregularities
from eocanvas_apply.service.outages import Outages
from eocanvas_apply.service.outcome import TRANSPORT_FAULTS, Answer, late_answer, status_fault, transport_fault
from eocanvas_apply.service.urls import Endpoints, origin_of

T = TypeVar("T")
Check = Callable[[], None]
log = logging.getLogger("eocanvas_apply.service")

PAUSES_S = (0.5, 2.0)
# What is wrong is in the status; the words that come with it are waited for only so long.
_ERROR_PAGE_S = 5.0
# A read that takes longer is worth a word.
_SILENT_S = 10.0


@dataclass(frozen=True, slots=True)
class Request:
    """What to send. `url` is whole; `headers` carry the token only where it may go.

    `most` is how large the answer may be, `reads` that nothing is changed, whatever the method. `check` is called in
    the last moment before the request leaves, the connection already open; what it raises keeps the request from
    being sent.
    """

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes | None = field(default=None, repr=False)
    check: Check | None = None
    most: BodyLimit = BodyLimit.OBJECT
    reads: bool = False

    def bearing(self, token: str) -> Request:
        """Return the same request with a token."""
        return replace(self, headers={**self.headers, "Authorization": f"Bearer {token}"})

    def fault(self, fault: Exception, *, unsent: bool) -> ServiceError:
        """Return the error for this request without a whole answer."""
        return transport_fault(self.method, self.url, fault, unsent=unsent, reads=self.reads)

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
        self.irregularities = Irregularities()
        self.outages = Outages(self.time.now)
        self._origin = endpoints.origin
        self._timeout = request_timeout
        self._clients = client_pool(endpoints, request_timeout, transport)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._clients.aclose()

    async def once(self, request: Request) -> Answer:
        """Send a request one time only; return the 2xx answer, raise NotSent, Refused or Doubt."""
        return await self._whole(request, self._timeout)

    async def read(self, request: Request, parse: Callable[[Answer], T]) -> T:
        """Send a request that changes nothing, up to three times; return what `parse` makes of the answer."""
        request = replace(request, reads=True)
        for pause in PAUSES_S:
            begun = self.clock.monotonic()
            try:
                return parse(await self._waited_for(request))
            except (Doubt, NotSent) as fault:
                log.info("%s %s again in %.1f s: %s", request.method, request.path, pause, fault)
                if self.clock.monotonic() - begun > _SILENT_S:
                    self.outages.goes_on(fault.diagnostics[0], timedelta(seconds=pause))
            await self.clock.sleep(pause)
        return parse(await self._waited_for(request))

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """Open an answer whose body is read by the caller; anything but a 2xx or 416 is raised."""
        async with self._opened(request, _Trace(request.check)) as response:
            if not response.is_success and response.status_code != 416:
                await self._answered(request, response)
            yield response

    async def _waited_for(self, request: Request) -> Answer:
        """Return the answer of a read; one that does not come is reported before it is given up."""
        late = late_answer(request.method, request.url, _SILENT_S)
        word = asyncio.get_running_loop().call_later(_SILENT_S, self.outages.goes_on, late, None)
        try:
            return await self._whole(request, 4 * self._timeout)
        finally:
            word.cancel()

    async def _whole(self, request: Request, limit: float) -> Answer:
        trace = _Trace(request.check)
        try:
            async with asyncio.timeout(limit), self._opened(request, trace) as response:
                return await self._answered(request, response)
        except TRANSPORT_FAULTS as fault:
            raise request.fault(fault, unsent=trace.unsent) from fault

    async def _answered(self, request: Request, response: httpx.Response) -> Answer:
        answer = Answer(request.method, request.path, response.status_code, response.headers)
        if not response.is_success:
            raise status_fault(answer.with_content(await _error_page(response)), self.time.now(), self.scrubber)
        try:
            content, whole = await beginning(response, request.most)
        except httpx.DecodingError as fault:
            raise answer.unreadable(f"with a body that cannot be read: {fault}") from None
        if not whole:
            raise answer.unreadable(f"with a body of more than {request.most.words}")
        return answer.with_content(content)

    @asynccontextmanager
    async def _opened(self, request: Request, trace: _Trace) -> AsyncIterator[httpx.Response]:
        try:
            client = await self._clients.take()
        except httpx.PoolTimeout as fault:
            raise request.fault(fault, unsent=True) from fault
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
            raise request.fault(fault, unsent=trace.unsent) from fault
        took = (time.perf_counter() - begun) * 1000
        log.info("%s %s %d %.0f ms", request.method, request.path, response.status_code, took)
        if origin_of(request.url) == self._origin:
            self.time.observe(response.headers.get("date"))
        return response


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


async def _error_page(response: httpx.Response) -> bytes:
    """Return the beginning of an error's body, nothing where it does not come: the status says enough."""
    try:
        async with asyncio.timeout(_ERROR_PAGE_S):
            return (await beginning(response, BodyLimit.ERROR_PAGE))[0]
    except TRANSPORT_FAULTS:
        return b""
