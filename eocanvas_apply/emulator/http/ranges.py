"""Bytes served whole or in part, as a file server does it: Range, If-Range, ETag, HEAD."""

from __future__ import annotations

import hashlib
import re

from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse

_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def serve_bytes(request: WireRequest, content: bytes) -> WireResponse:
    """Return the content or the one range of it that is asked for; 416 when that lies outside."""
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"content-type": "application/octet-stream", "accept-ranges": "bytes", "etag": etag}
    wanted = request.headers.get("range", "")
    if request.headers.get("if-range", etag) != etag:
        wanted = ""
    span = _span(wanted, len(content))
    if span is None:
        return _whole(request, headers, content)
    start, end = span
    if start >= end:
        return WireResponse(416, {**headers, "content-range": f"bytes */{len(content)}"})
    headers["content-range"] = f"bytes {start}-{end - 1}/{len(content)}"
    return WireResponse(206, headers, content[start:end])


def _whole(request: WireRequest, headers: dict[str, str], content: bytes) -> WireResponse:
    headers["content-length"] = str(len(content))
    return WireResponse(200, headers, b"" if request.method == "HEAD" else content)


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """Return the first byte and the one behind the last; None for a range that is absent or cannot be read."""
    match = _RANGE.fullmatch(wanted.strip())
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size
