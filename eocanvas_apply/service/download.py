"""The bytes of a result, from the beginning or from where an earlier download ended."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt
from eocanvas_apply.service.bodies import pieces
from eocanvas_apply.service.clock import Clock
from eocanvas_apply.service.gateway import Gateway
from eocanvas_apply.service.outcome import TRANSPORT_FAULTS, transport_fault
from eocanvas_apply.service.wire import whole

# A compressed answer would have another size, and other ranges, than the file.
_HEADERS = {"Accept": "*/*", "Accept-Encoding": "identity"}
# A download that brings less than this in a window of time is broken off, and resumed later.
_WINDOW_S, _LEAST_IN_A_WINDOW = 60.0, 16 * 1024
_WHOLE = (200, 203)
_RANGE = re.compile(r"\s*bytes\s+(?:(\d{1,18})-\d+|\*)/(\d{1,18}|\*)\s*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Download:
    """An open result. `total` is the size of the whole file in bytes, None where the service does not say.

    `resumed` means that `chunks` begins at the offset asked for, and not at the first byte.
    Taking chunks raises Doubt when the connection breaks off.
    """

    total: int | None
    resumed: bool
    chunks: AsyncIterator[bytes] = field(repr=False)


@asynccontextmanager
async def opened(gateway: Gateway, address: str, offset: int, *, is_page: bool) -> AsyncIterator[Download]:
    """Open the result at an address at an offset in bytes; one beyond its end is opened from the beginning.

    Raises Doubt for an answer that is no file: an HTML page, such as that of a log-in, unless the result `is_page`.
    """
    if offset:
        async with gateway.stream(address, _HEADERS | {"Range": f"bytes={offset}-"}) as response:
            if download := _resumed(response, offset, gateway.clock, is_page=is_page):
                yield download
                return
    async with gateway.stream(address, _HEADERS) as response:
        yield _whole(response, gateway.clock, is_page=is_page)


def _resumed(response: httpx.Response, offset: int, clock: Clock, *, is_page: bool) -> Download | None:
    if response.status_code not in (206, 416):
        return _whole(response, clock, is_page=is_page)
    found = _RANGE.fullmatch(response.headers.get("content-range", ""))
    first, total = (int(n) if n and n != "*" else None for n in found.groups()) if found else (None, None)
    if response.status_code == 416:
        return Download(total, resumed=True, chunks=_chunks(response, clock)) if total == offset else None
    if first != offset:
        raise _unreadable(response, f"with bytes from {first} instead of {offset}")
    return Download(total, resumed=True, chunks=_chunks(response, clock))


def _unreadable(response: httpx.Response, why: str) -> Doubt:
    status, path = response.status_code, response.request.url.path
    hint = "It is asked for again; if this persists, report it to the service."
    return Doubt(error("service-answer-unreadable", f"GET {path} answered {status}, {why}", hint), status)


def _whole(response: httpx.Response, clock: Clock, *, is_page: bool) -> Download:
    if response.status_code not in _WHOLE:
        raise _unreadable(response, "which is not an answer with a whole file")
    if not is_page and response.headers.get("content-type", "").strip().lower().startswith("text/html"):
        raise _unreadable(response, "but with an HTML page, not the file")
    length = response.headers.get("content-length", "")
    plain = response.headers.get("content-encoding", "identity").lower() == "identity"
    total = whole(length) if plain and length.isascii() and length.isdigit() else None
    return Download(total, resumed=False, chunks=_chunks(response, clock))


async def _chunks(response: httpx.Response, clock: Clock) -> AsyncIterator[bytes]:
    if response.status_code == 416:
        return
    request = response.request
    try:
        # Against answers that drip: each byte comes in time, and the file never.
        begun, arrived = clock.monotonic(), 0
        async for chunk in pieces(response):
            arrived += len(chunk)
            if clock.monotonic() - begun > _WINDOW_S:
                if arrived < _LEAST_IN_A_WINDOW:
                    raise httpx.ReadTimeout(f"only {arrived} bytes came in {_WINDOW_S:.0f} s")
                begun, arrived = clock.monotonic(), 0
            yield chunk
    except TRANSPORT_FAULTS as fault:
        raise transport_fault(request.method, str(request.url), fault, unsent=False) from fault
