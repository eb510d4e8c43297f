"""Requests and answers as values: JSON, bytes in ranges, and the three shapes in which the service refuses."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl


@dataclass(frozen=True, slots=True)
class WireRequest:
    """One request. `path` is decoded and without the query; names in `headers` are in lower case.

    `origin` is scheme, host and port under which the client reached the service; absolute links start with it.
    """

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    origin: str = "https://eocanvas.invalid"

    def parameters(self) -> dict[str, str]:
        """Return the query's parameters; of two with one name the last."""
        return dict(parse_qsl(self.query, keep_blank_values=True))


@dataclass(frozen=True, slots=True)
class WireResponse:
    """One answer, and what the connection does to it.

    `lost`: the connection ends without an answer. `delay`: seconds before the answer leaves.
    `truncate_at`: the connection ends after so many bytes of the body, though Content-Length promises all of it.
    """

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    lost: bool = False
    delay: float = 0.0
    truncate_at: int | None = None

    def json(self) -> Any:
        """Return the body read as JSON."""
        return json.loads(self.body)


def as_json(document: object, status: int = 200) -> WireResponse:
    """Return an answer with a JSON document."""
    return WireResponse(status, {"content-type": "application/json"}, json.dumps(document).encode())


_OGC = "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/"


class Refusal(Exception):
    """The service will not do it; `answer` is what it sends instead."""

    def __init__(self, answer: WireResponse) -> None:
        super().__init__(f"{answer.status} {answer.body.decode(errors='replace')}")
        self.answer = answer


def message(status: int, text: str, headers: Mapping[str, str] | None = None) -> Refusal:
    """Return a refusal of the shape `{"message": ...}`."""
    return _refusal(status, {"message": text}, "application/json", headers)


def coded(status: int, code: str, description: str) -> Refusal:
    """Return a refusal of the shape `{"code", "type", "description"}`."""
    document = {"code": code, "type": "error", "description": description}
    return _refusal(status, document, "application/json", None)


def problem(status: int, kind: str, title: str, detail: str) -> Refusal:
    """Return an OGC problem document, `{"type", "title", "status", "detail"}`."""
    document = {"type": _OGC + kind, "title": title, "status": status, "detail": detail}
    return _refusal(status, document, "application/problem+json", None)


def _refusal(status: int, document: object, content_type: str, headers: Mapping[str, str] | None) -> Refusal:
    head = {"content-type": content_type, **(headers or {})}
    return Refusal(WireResponse(status, head, json.dumps(document).encode()))


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
