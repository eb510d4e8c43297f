"""Requests in the account's name: the token goes with them, and only to the service's own host."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

import httpx

from eocanvas_apply.errors import Refused
from eocanvas_apply.service.connection import Check, Connection, Request
from eocanvas_apply.service.outcome import Answer
from eocanvas_apply.service.tokens import Tokens
from eocanvas_apply.service.urls import Endpoints

T = TypeVar("T")


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

    async def read(self, path: str, parse: Callable[[object], T]) -> T:
        """GET a path of the service or a link it gave; `parse` takes the JSON, its ValueError becomes Doubt."""
        return await self.read_raw(path, lambda answer: answer.parsed(parse))

    async def read_raw(self, path: str, parse: Callable[[Answer], T], *, method: str = "GET") -> T:
        """GET, or HEAD, whose body is not JSON."""
        request = Request(method, self._endpoints.own(path))
        return await self._with_token(request, lambda r: self._connection.read(r, parse))

    async def ask(self, path: str, body: bytes, parse: Callable[[object], T]) -> T:
        """POST a question: it changes nothing, so that it may be repeated like a GET."""
        request = Request("POST", self._endpoints.own(path), {"Content-Type": "application/json"}, body)
        return await self._with_token(request, lambda r: self._connection.read(r, lambda answer: answer.parsed(parse)))

    async def change(self, method: str, path: str, body: bytes | None = None, *, check: Check | None = None) -> Answer:
        """Send a request that changes something, never twice, except that a bad token refused the first one.

        `check` is called right before each sending and may raise to keep it back.
        """
        headers = {"Content-Type": "application/json"} if body is not None else {}
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

            if self._endpoints.is_own(url):
                yield await self._with_token(request, opened)
            else:
                yield await opened(request)

    async def _with_token(self, request: Request, send: Callable[[Request], Awaitable[T]]) -> T:
        token = await self._tokens.current()
        try:
            return await send(_bearing(request, token))
        except Refused as refused:
            if refused.status not in self._denials:
                raise
        return await send(_bearing(request, await self._tokens.after(token)))


async def unless_absent(answer: Awaitable[T]) -> T | None:
    """Return the answer, None for a 404."""
    try:
        return await answer
    except Refused as refused:
        if refused.status != 404:
            raise
        return None


def _bearing(request: Request, token: str) -> Request:
    return request.with_headers({"Authorization": f"Bearer {token}"})
