"""Requests in the account's name: log-in, and a token that goes with them, only to the service's own host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar
from urllib.parse import urlencode

import httpx
from msgspec import Struct

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import CredentialsError, NotSent, Refused, ServiceError
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.bodies import BodyLimit
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.connection import Check, Connection, Request
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.entries import Irregularities
from eocanvas_apply.service.outages import Outages
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.urls import Endpoints

T = TypeVar("T")
_JSON = {"Content-Type": "application/json"}
# Accounts of partners are known only with the name of their organisation; None asks without one.
_ORIGINS: tuple[str | None, ...] = (None, "eumetsat", "cmems")
_LOGIN_DENIALS = (400, 401, 403)
_UNKNOWN_LIFE_S = 300.0
_LONGEST_TOKEN = 16 * 1024


class _Token(Struct, frozen=True):
    access: str
    refresh: str
    renew_at: float  # of the monotonic clock


class Tokens:
    """One token for all tasks of a run, renewed shortly before it ends.

    Every error means that the request which wanted the token was not sent: CredentialsError when the log-in is
    refused, NotSent for anything that may succeed on another attempt.
    """

    def __init__(self, connection: Connection, endpoints: Endpoints, credentials: Credentials) -> None:
        self._connection = connection
        self._urls = list(endpoints.token_urls)
        self._asked = endpoints.token_urls
        self._credentials = credentials
        self._origins = list(_ORIGINS)
        self._token: _Token | None = None
        self._refused: CredentialsError | None = None
        self._lock = asyncio.Lock()
        connection.scrubber.learn([credentials.password])

    @property
    def url(self) -> str:
        """The log-in address in use; before the first log-in, the first one that will be tried."""
        return self._urls[0]

    async def current(self) -> str:
        """Return a token that is valid for a while."""
        async with self._lock:
            if self._token is None or self._connection.clock.monotonic() >= self._token.renew_at:
                self._token = await self._fresh()
            return self._token.access

    async def after(self, refused: str) -> str:
        """Return a token other than one that the service has just refused; a task that comes second shares it."""
        async with self._lock:
            if self._token is None or self._token.access == refused:
                self._token = None
                self._token = await self._logged_in_or_not_sent()
            return self._token.access

    async def _fresh(self) -> _Token:
        if self._token is not None and self._token.refresh:
            url = self.url.rpartition("/")[0] + "/refreshtoken"
            content = urlencode({"refresh_token": self._token.refresh}).encode()
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            request = Request("POST", url, form, content, most=BodyLimit.TOKEN)
            try:
                return await self._connection.read(request, lambda answer: answer.parsed(self._read))
            except ServiceError:
                self._token = None
        return await self._logged_in_or_not_sent()

    async def _logged_in_or_not_sent(self) -> _Token:
        if self._refused is not None:
            raise self._refused
        try:
            return await self._logged_in()
        except CredentialsError as refused:
            self._refused = refused  # asking again with the same password would only lock the account
            raise
        except ServiceError as fault:
            raise NotSent(fault.diagnostics[0], fault.status, fault.retry_after) from fault

    async def _logged_in(self) -> _Token:
        for origin in list(self._origins):
            try:
                token = await self._requested(origin)
            except Refused as refused:
                if refused.status == 429:
                    raise
                last = refused
                if refused.status not in _LOGIN_DENIALS:
                    break
            else:
                self._origins = [origin]
                return token
        raise self._refusal(last)

    async def _requested(self, origin: str | None) -> _Token:
        body = {"username": self._credentials.username, "password": self._credentials.password.reveal()}
        content = json.dumps(body if origin is None else {**body, "origin": origin}).encode()
        while True:
            request = Request("POST", self.url, _JSON, content, most=BodyLimit.TOKEN)
            try:
                return await self._connection.read(request, lambda answer: answer.parsed(self._read))
            except Refused as refused:
                if refused.status != 404 or len(self._urls) == 1:
                    raise
            del self._urls[0]

    def _read(self, document: object) -> _Token:
        fields = document if isinstance(document, dict) else {}
        texts = {name: value for name, value in fields.items() if isinstance(value, str)}
        access, refresh = texts.get("access_token", ""), texts.get("refresh_token", "")
        # A token of other than printable ASCII cannot be a header, nor a very long one.
        if not access.strip() or not access.isascii() or not access.isprintable() or len(access) > _LONGEST_TOKEN:
            raise ValueError("without an access_token")
        self._connection.scrubber.learn([Secret(access), Secret(refresh)])
        return _Token(access, refresh, self._connection.clock.monotonic() + _usable(fields.get("expires_in")))

    def _refusal(self, refused: Refused) -> CredentialsError:
        who = f"user {self._credentials.username!r} (credentials from {self._credentials.origin})"
        words = refused.diagnostics[0].message
        if refused.status in _LOGIN_DENIALS:
            hint = "Check user name and password; HDA_USER and HDA_PASSWORD take precedence over a .hdarc file."
            return CredentialsError(error("login-refused", f"{self.url} refused {who}: {words}", hint))
        hint = "Set EOCANVAS_TOKEN_URL to the whole address of gettoken, or unset it."
        if 300 <= (refused.status or 0) < 400:
            hint = f"The network may want a log-in first: open a page in a browser, then try again. {hint}"
        where = " and ".join(self._asked)
        return CredentialsError(error("login-address", f"{who} cannot log in at {where}: {words}", hint))


def _usable(expires_in: object) -> float:
    """Return how many seconds to use a token: a tenth of its life, at most a minute, is left as a margin."""
    if isinstance(expires_in, bool) or not isinstance(expires_in, int | float) or not 0 < expires_in < 1e9:
        return _UNKNOWN_LIFE_S
    return expires_in - min(60.0, expires_in / 10)


class Gateway:
    """Sends requests with a token; a 401 is answered by one new token and one repetition, then it stands.

    `denials` are the statuses that may mean a bad token where 401 is not the only one.
    """

    def __init__(
        self, endpoints: Endpoints, connection: Connection, tokens: Tokens, denials: tuple[int, ...] = (401,)
    ) -> None:
        self._denials = denials
        self._endpoints = endpoints
        self._connection = connection
        self._tokens = tokens

    @property
    def irregularities(self) -> Irregularities:
        """What is wrong with the lists that were read."""
        return self._connection.irregularities

    @property
    def outages(self) -> Outages:
        """What hears of answers that do not come, or take long."""
        return self._connection.outages

    @property
    def clock(self) -> Clock:
        """The clock of the run."""
        return self._connection.clock

    def same_path(self, link: str, path: str) -> str | None:
        """Return the whole address of a link that leads to this path of the service, None for any other link."""
        return self._endpoints.same_path(link, path)

    async def read(self, path: str, parse: Callable[[object], T], most: BodyLimit = BodyLimit.LIST) -> T:
        """GET a path of the service or a link it gave; `parse` takes the JSON, its ValueError becomes Doubt."""
        return await self.read_raw(path, lambda answer: answer.parsed(parse), most)

    async def read_raw(
        self, path: str, parse: Callable[[Answer], T], most: BodyLimit = BodyLimit.OBJECT, *, method: str = "GET"
    ) -> T:
        """GET, or HEAD, whose body is not JSON."""
        request = Request(method, self._endpoints.own(path), most=most)
        return await self._with_token(request, lambda r: self._connection.read(r, parse))

    async def ask(self, path: str, body: bytes, parse: Callable[[Answer], T]) -> T:
        """POST a question: it changes nothing, so that it may be repeated like a GET."""
        request = Request("POST", self._endpoints.own(path), _JSON, body, most=BodyLimit.LIST)
        return await self._with_token(request, lambda r: self._connection.read(r, parse))

    async def change(self, method: str, path: str, body: bytes | None = None, *, check: Check | None = None) -> Answer:
        """Send a request that changes something, never twice, except that a bad token refused the first one.

        `check` is called right before each sending and may raise to keep it back.
        """
        headers = _JSON if body is not None else {}
        request = Request(method, self._endpoints.own(path), headers, body, check)
        return await self._with_token(request, self._connection.once)

    @asynccontextmanager
    async def stream(self, href: str, headers: dict[str, str]) -> AsyncIterator[httpx.Response]:
        """GET a file; an address of another host is asked without the token."""
        url = self._endpoints.resolved(href)
        request = Request("GET", url, headers)
        async with AsyncExitStack() as stack:

            async def opened(r: Request) -> httpx.Response:
                return await stack.enter_async_context(self._connection.stream(r))

            yield await (self._with_token(request, opened) if self._endpoints.is_own(url) else opened(request))

    async def _with_token(self, request: Request, send: Callable[[Request], Awaitable[T]]) -> T:
        token = await self._tokens.current()
        try:
            return await send(request.bearing(token))
        except Refused as refused:
            if refused.status not in self._denials:
                raise
        return await send(request.bearing(await self._tokens.after(token)))


async def unless_absent(answer: Awaitable[T]) -> T | None:
    """Return the answer, None for a 404."""
    try:
        return await answer
    except Refused as refused:
        if refused.status != 404:
            raise
        return None
