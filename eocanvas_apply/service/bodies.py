"""The bodies of answers: how large each may be, their bytes, decompressed piece by piece, and their JSON.

Only gzip and deflate are asked for. Both are decompressed here with a bound on each piece, because a few bytes may
stand for gigabytes. JSON is decoded within a bound on memory, because two bytes may stand for a value of two hundred.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from enum import IntEnum

import httpx

ENCODINGS = "gzip, deflate"
_PIECE = 256 * 1024
MOST_MEMORY = 256 * 1024 * 1024
# What each takes at most once it is decoded, in bytes: an object, a list, a text or number behind a comma.
_TAKES = {b"{": 200, b"[": 90, b",": 75}
# Recognises gzip and zlib by their first bytes; some servers send deflate without either.
_GZIP_OR_ZLIB, _RAW_DEFLATE = 47, -15


class BodyLimit(IntEnum):
    """How many bytes the body of an answer may have when it is decompressed."""

    ERROR_PAGE = 64 * 1024
    PUBLIC_KEY = 64 * 1024
    TOKEN = 256 * 1024
    OBJECT = 4 * 1024 * 1024
    LIST = 16 * 1024 * 1024
    LOG = 32 * 1024 * 1024

    @property
    def words(self) -> str:
        """The limit as people write it."""
        return f"{self // 1024**2} MiB" if self >= 1024**2 else f"{self // 1024} KiB"


async def beginning(response: httpx.Response, most: int) -> tuple[bytes, bool]:
    """Return the body, or its first `most` bytes, and whether that is all of it.

    A body that says to be longer is not read. Raises httpx.DecodingError and the faults of the transport.
    """
    length = response.headers.get("content-length", "")
    if response.is_success and length.isascii() and length.isdigit() and int(length[:20]) > most:
        return b"", False
    content = bytearray()
    async with aclosing(pieces(response)) as body:
        async for piece in body:
            content += piece
            if len(content) > most:
                return bytes(content[:most]), False
    return bytes(content), True


async def pieces(response: httpx.Response) -> AsyncGenerator[bytes]:
    """Yield the body decompressed, in pieces of bounded size.

    Raises httpx.DecodingError for a compression that was not asked for, and for damaged bytes.
    """
    if response.is_stream_consumed:
        # A transport that answers with a whole body, as those of tests do, has decompressed it.
        yield response.content
        return
    encoding = response.headers.get("content-encoding", "").strip().lower()
    if encoding in ("", "identity"):
        async for raw in response.aiter_raw():
            yield raw
        return
    inflater = _Inflater(encoding)
    async for raw in response.aiter_raw():
        for piece in inflater.pieces(raw):
            yield piece
    inflater.end()


class _Inflater:
    """Decompresses one body."""

    def __init__(self, encoding: str) -> None:
        if encoding not in ("gzip", "x-gzip", "deflate"):
            raise httpx.DecodingError(f"it is compressed as {encoding[:40]!r}, which was not asked for")
        self._zlib = zlib.decompressobj(_GZIP_OR_ZLIB)
        self._begun = False
        # The first bytes, as long as they may turn out to be deflate without a head.
        self._head: bytes | None = b"" if encoding == "deflate" else None

    def pieces(self, raw: bytes) -> Iterator[bytes]:
        """Yield what these bytes stand for."""
        self._begun = self._begun or bool(raw)
        piece = self._piece(raw)
        while piece:
            yield piece
            piece = self._piece(self._zlib.unconsumed_tail)

    def _piece(self, raw: bytes) -> bytes:
        if self._zlib.eof:
            return b""
        head = None if self._head is None else self._head + raw
        try:
            piece = self._zlib.decompress(raw, _PIECE)
        except zlib.error as fault:
            if head is None:
                raise httpx.DecodingError(f"it cannot be decompressed: {fault}") from None
            self._zlib, self._head = zlib.decompressobj(_RAW_DEFLATE), None
            return self._piece(head)
        self._head = None if piece else head
        return piece

    def end(self) -> None:
        """Raise httpx.DecodingError where more should have come."""
        if self._begun and not self._zlib.eof:
            raise httpx.DecodingError("its compressed bytes end too early")


class NotDecoded(ValueError):
    """A body is no JSON, or JSON that would take too much memory; the text says which, as `with ...`."""


def memory_of(content: bytes) -> int:
    """Return about how many bytes a JSON text takes once it is decoded, and rather too many than too few."""
    return len(content) + sum(content.count(sign) * size for sign, size in _TAKES.items())


def decoded(content: bytes) -> object:
    """Return the decoded JSON; raise NotDecoded. Bytes that are no UTF-8, and halves of characters, become `?`."""
    if memory_of(content) > MOST_MEMORY:
        raise NotDecoded(f"with more values than fit into {MOST_MEMORY // 1024**2} MiB")
    try:
        return _loaded(content.decode(json.detect_encoding(content), "replace"))
    except (ValueError, RecursionError):
        start = content[:200].lstrip()
    kind = "an HTML page, not JSON" if start.startswith(b"<") else "a body that is not JSON"
    raise NotDecoded(f"with {kind if start else 'an empty body'}")


def _loaded(text: str) -> object:
    document = json.loads(text, strict=False)
    if "\\ud" in text or "\\uD" in text:
        text = json.dumps(document, ensure_ascii=False)
        # Two of them would be too much.
        del document
        document = json.loads(text.encode("utf-8", "replace"), strict=False)
    return document
