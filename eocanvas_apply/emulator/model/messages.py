"""Requests and answers as values, with the faults of the line spelled out in the answer."""

from __future__ import annotations

import json
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
    """One answer, and what the line does to it.

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


def empty(status: int) -> WireResponse:
    """Return an answer without a body."""
    return WireResponse(status)
