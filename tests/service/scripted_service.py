"""A scripted service and a virtual clock for the tests of the client."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import httpx

from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints

BASE = "https://canvas.test/serverless"
START = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)
Step = Callable[[httpx.Request], httpx.Response] | Exception


class VirtualClock:
    """Time that passes only in sleeps and when a test advances it."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.slept: list[float] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return 1000.0 + self.elapsed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.elapsed += seconds


def says(status: int, document: Any = None, *, content: bytes | None = None, **headers: str) -> Step:
    """Answer with a status and JSON or bytes; `retry_after="3"` is the header Retry-After."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = content if content is not None else (b"" if document is None else json.dumps(document).encode())
    return lambda request: httpx.Response(status, content=body, headers=named, request=request)


class Stage:
    """Answers each `METHOD /path` with its steps in turn, the last one again and again, and keeps what it got."""

    def __init__(self) -> None:
        self.clock = VirtualClock()
        self.got: list[httpx.Request] = []
        self._steps: dict[str, list[Step]] = {}
        self._logins = 0
        self.on("POST https://canvas.test/identity/gettoken", self._new_token)

    def on(self, route: str, *steps: Step) -> None:
        """Script a route; a path alone is below the base address."""
        method, _, where = route.partition(" ")
        self._steps[f"{method} {where if '://' in where else BASE + where}"] = list(steps)

    def canvas(self, token_url: str | None = None) -> EOCanvas:
        return EOCanvas(
            Endpoints(BASE + "/", token_url),
            Credentials("jane", Secret("pass:word"), "environment"),
            self.clock,
            transport=httpx.MockTransport(self._answer),
        )

    def sent(self, method: str, ending: str) -> list[httpx.Request]:
        """Return the requests of a method whose path ends so."""
        return [r for r in self.got if r.method == method and r.url.path.endswith(ending)]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.got.append(request)
        whole = str(request.url)
        steps = self._steps.get(f"{request.method} {whole}")
        steps = steps or self._steps.get(f"{request.method} {whole.partition('?')[0]}")
        if not steps:
            return httpx.Response(404, json={"message": "no such thing"})
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        if isinstance(step, Exception):
            raise step
        return step(request)

    def _new_token(self, request: httpx.Request) -> httpx.Response:
        self._logins += 1
        token = {
            "access_token": f"token-{self._logins}",
            "refresh_token": f"refresh-{self._logins}",
            "expires_in": 1744,
        }
        return httpx.Response(200, json=token, request=request)


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
