"""How the service says no: three shapes of JSON, after OGC API - Processes and what clients have met."""

from __future__ import annotations

import json
from collections.abc import Mapping

from eocanvas_apply.emulator.model.messages import WireResponse

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
