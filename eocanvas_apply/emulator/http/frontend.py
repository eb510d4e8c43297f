"""The service without a socket: one request in, one answer out, faults included.

frontend = Frontend(Eocanvas(VirtualClock(), Random(1)))
answer = frontend.handle(WireRequest("GET", "/serverless/keys", headers={"authorization": "Bearer ..."}))
"""

from __future__ import annotations

import heapq
import itertools
import json
import re
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from eocanvas_apply.emulator.http import endpoints
from eocanvas_apply.emulator.http.endpoints import DOWNLOAD, HDA_ROUTES, ROUTES, Call, Endpoint, Routes
from eocanvas_apply.emulator.http.received import Received
from eocanvas_apply.emulator.http.request_faults import Fault, FaultQueue
from eocanvas_apply.emulator.model import clock
from eocanvas_apply.emulator.model.accounts import User, unauthorized
from eocanvas_apply.emulator.model.messages import Refusal, WireRequest, WireResponse, coded, message
from eocanvas_apply.emulator.model.product_orders import HDA
from eocanvas_apply.emulator.model.service import Eocanvas
from eocanvas_apply.emulator.model.submissions import BASE

_LOG_IN = re.compile(r"/(identity|hda-broker)/(gettoken|refreshtoken)")
_PAGE = b"<!DOCTYPE html><html><head><title>WEkEO</title></head><body><h1>Please wait</h1></body></html>"
_REMEMBERED = 20_000


class Frontend:
    """The addresses of a service in front of its model. It is synchronous, and fast enough for simulations.

    `faults` may be added to at any time; `received` holds the latest requests, also those whose connection was lost.
    """

    def __init__(self, service: Eocanvas, faults: Iterable[Fault] = ()) -> None:
        self.service = service
        self.faults = FaultQueue(faults)
        self.received: deque[Received] = deque(maxlen=_REMEMBERED)
        self._numbers = itertools.count(1)
        self._late: list[tuple[datetime, int, WireRequest]] = []
        self._order = itertools.count()

    def handle(self, request: WireRequest) -> WireResponse:
        """Return the answer to a request at the service's present time, and what the connection does to it.

        Every answer has a `Date` and a `Content-Length`. A lost one has no meaning but `lost`.
        """
        at = self.service.now()
        self.settle(at)
        fault, delay = self.faults.meet(request)
        self.received.append(Received(next(self._numbers), at, request, fault.kind if fault else ""))
        answer = self._carry_out(request, at) if fault is None else self._fault(fault, request, at)
        return replace(answer, delay=delay, headers=_completed(answer, at))

    def settle(self, at: datetime | None = None) -> None:
        """Carry out what is due by a moment (by default now): late requests and the course of the jobs."""
        at = at or self.service.now()
        while self._late and self._late[0][0] <= at:
            due, _, request = heapq.heappop(self._late)
            self.service.settle(due)
            self._carry_out(request, due)
        self.service.settle(at)

    def next_change(self) -> datetime | None:
        """Return when the clock alone changes something next, None when nothing waits for it."""
        job = self.service.jobs.next_change()
        order = self.service.orders.next_change(self.service.now())
        late = self._late[0][0] if self._late else None
        return min((moment for moment in (job, order, late) if moment is not None), default=None)

    def _fault(self, fault: Fault, request: WireRequest, at: datetime) -> WireResponse:
        if fault.kind == "drop-before":
            return _lost()
        if fault.kind == "late":
            due = at + timedelta(seconds=fault.seconds)
            heapq.heappush(self._late, (due, next(self._order), request))
            return _lost()
        if fault.kind == "unauthorized":
            return unauthorized().answer
        if fault.kind == "html":
            return WireResponse(200, {"content-type": "text/html; charset=utf-8"}, _PAGE)
        if fault.kind == "status" and fault.when == "before":
            return _answer_of(fault)
        return self._fault_after(fault, self._carry_out(request, at))

    def _fault_after(self, fault: Fault, answer: WireResponse) -> WireResponse:
        if fault.kind == "drop-after":
            return _lost()
        if fault.kind == "truncate":
            return replace(answer, truncate_at=len(answer.body) // 2 if fault.at is None else fault.at)
        return _answer_of(fault)

    def _carry_out(self, request: WireRequest, at: datetime) -> WireResponse:
        try:
            return self._answer(request, at)
        except Refusal as refusal:
            return refusal.answer

    def _answer(self, request: WireRequest, at: datetime) -> WireResponse:
        log_in = _LOG_IN.fullmatch(request.path)
        if log_in is not None:
            return self._log_in(log_in[1], log_in[2], request, at)
        routes = _routes_of(request)
        elsewhere = request.origin == self.service.behaviour.href_origin
        link = DOWNLOAD.fullmatch(request.path.removeprefix(BASE)) if elsewhere else None
        if link is not None:
            return endpoints.download_elsewhere(self.service, request, *link.groups())
        user = self._user(request, routes[0], at)
        endpoint, arguments = _route(request, *routes)
        return endpoint(Call(self.service, request, at, user), *arguments)

    def _user(self, request: WireRequest, base: str, at: datetime) -> User:
        try:
            return self.service.accounts.user_of(request.headers.get("authorization", ""), at)
        except Refusal:
            if base == HDA and self.service.behaviour.hda_denies == "403":
                raise coded(403, "Forbidden", "The access token is invalid or has expired") from None
            raise

    def _log_in(self, place: str, action: str, request: WireRequest, at: datetime) -> WireResponse:
        if self.service.behaviour.token_at not in ("both", place):
            raise message(404, f"no route for {request.path}")
        if request.method != "POST":
            raise coded(405, "MethodNotAllowed", f"{request.method} is not allowed here")
        endpoint = endpoints.log_in if action == "gettoken" else endpoints.renew
        return endpoint(self.service, request, at)


def _routes_of(request: WireRequest) -> tuple[str, Routes]:
    for base, routes in ((BASE, ROUTES), (HDA, HDA_ROUTES)):
        if request.path.startswith(base + "/"):
            return base, routes
    raise message(404, f"no route for {request.path}")


def _route(request: WireRequest, base: str, routes: Routes) -> tuple[Endpoint, tuple[str, ...]]:
    path = request.path.removeprefix(base)
    for pattern, methods in routes:
        match = pattern.fullmatch(path)
        if match is not None:
            if request.method not in methods:
                raise coded(405, "MethodNotAllowed", f"{request.method} is not allowed here")
            return methods[request.method], match.groups()
    raise message(404, f"no route for {request.path}")


def _completed(answer: WireResponse, at: datetime) -> dict[str, str]:
    headers = {"date": clock.http_date(at), **answer.headers}
    if answer.status != 204:
        headers.setdefault("content-length", str(len(answer.body)))
    return headers


def _lost() -> WireResponse:
    return WireResponse(0, lost=True)


def _answer_of(fault: Fault) -> WireResponse:
    body = fault.body if isinstance(fault.body, str) else json.dumps(fault.body or {"message": "Internal error"})
    return WireResponse(fault.status, {"content-type": fault.content_type, **fault.headers}, body.encode())
