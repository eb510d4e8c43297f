"""What the emulator was sent, kept so that a test or a person can look at it; secrets are masked."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.messages import WireRequest

_MASKED_FIELDS = frozenset({"password", "refresh_token"})
_JSON_INPUTS = frozenset({"eo_input", "eo_config", "epct_input", "epct_config"})
_BASE64_INPUTS = frozenset({"snap_graph", "epct_chain"})


@dataclass(frozen=True, slots=True)
class Received:
    """One request. `fault` is the kind of the fault that it met, empty for none."""

    number: int
    at: datetime
    request: WireRequest
    fault: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON: the body parsed where it is JSON or a form, and `decoded` inputs of a launch."""
        body = _parsed(self.request)
        return {
            "number": self.number,
            "at": clock.nanoseconds(self.at),
            "method": self.request.method,
            "path": self.request.path,
            "query": self.request.query,
            "headers": {name: _shown(name, value) for name, value in self.request.headers.items()},
            "body": body,
            "decoded": _decoded(body),
            "fault": self.fault,
        }


def _shown(name: str, value: str) -> str:
    return f"{value.partition(' ')[0]} ***" if name == "authorization" else value


def _parsed(request: WireRequest) -> Any:
    text = request.body.decode("utf-8", "replace")
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return _masked(dict(parse_qsl(text)))
    try:
        return _masked(json.loads(text))
    except ValueError:
        return text


def _masked(document: Any) -> Any:
    if not isinstance(document, dict):
        return document
    return {name: "***" if name in _MASKED_FIELDS else value for name, value in document.items()}


def _decoded(body: Any) -> dict[str, Any] | None:
    inputs = body.get("inputs") if isinstance(body, dict) else None
    if not isinstance(inputs, dict):
        return None
    return {name: _decoded_input(name, value) for name, value in inputs.items()}


def _decoded_input(name: str, value: Any) -> Any:
    try:
        if name in _JSON_INPUTS:
            return json.loads(value)
        if name in _BASE64_INPUTS:
            return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, TypeError, ValueError):
        return value
    return value
