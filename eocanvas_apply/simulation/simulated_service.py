"""An emulated service on a virtual clock; for runners that work against it a transport and a ledger in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from random import Random
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Settings
from eocanvas_apply.emulator.model.clock import VirtualClock
from eocanvas_apply.emulator.model.job_failures import JobFaults
from eocanvas_apply.emulator.model.keystore import SealingKey
from eocanvas_apply.emulator.model.messages import WireRequest, WireResponse
from eocanvas_apply.emulator.model.service import Eocanvas
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import LedgerConflict
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.journal import Backend, Journal
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.report.progress import Progress
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.service.credentials import Credentials
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.urls import Endpoints
from eocanvas_apply.simulation import virtual_time
from eocanvas_apply.simulation.virtual_time import LoopClock

T = TypeVar("T")
ORIGIN = "https://eocanvas.invalid"
# How long an answer takes, in seconds.
LATENCY_S = 0.05
Step = Callable[[str], Awaitable[None]]
ACCOUNT, PASSWORD = "jane", "open-sesame"
URL = f"{ORIGIN}/serverless"


async def undisturbed(step: str) -> None:
    """Let every step pass."""


@cache
def _private_key() -> rsa.RSAPrivateKey:
    # 2048 bits take a while to make; one for all simulated services of a process.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class SimulatedService:
    """An emulated service; `seed` decides all random values of the service and of its runners."""

    settings: Settings = field(default_factory=Settings)
    seed: int = 1
    clock: VirtualClock = field(default_factory=VirtualClock)
    job_faults: JobFaults | None = None
    frontend: Frontend = field(init=False)

    def __post_init__(self) -> None:
        settings = replace(self.settings, users=(User(ACCOUNT, PASSWORD),))
        chance, sealing = Random(self.seed), SealingKey(_private_key())  # noqa: S311 - its tokens open nothing
        service = Eocanvas(self.clock, chance, settings, sealing, self.job_faults)
        self.frontend = Frontend(service)
        self._random = Random(self.seed + 1)  # noqa: S311 - its tokens open nothing

    def token(self) -> str:
        """Return the next random name, 128 bits in hex."""
        return f"{self._random.getrandbits(128):032x}"

    def client(self, request_timeout: float = 30.0, step: Step = undisturbed) -> EOCanvas:
        """Return a client of the service, over a transport that `step` may disturb."""
        account, clock = Credentials(ACCOUNT, Secret(PASSWORD)), LoopClock(self.clock)
        transport = InProcessTransport(self.frontend, step)
        return EOCanvas(Endpoints(URL), account, clock, request_timeout=request_timeout, transport=transport)

    def runner(
        self,
        desired: Desired,
        ledger: Backend,
        vault: Vault,
        boundary: Boundary,
        step: Step = undisturbed,
        report: Callable[[Progress], None] = lambda progress: None,  # noqa: ARG005
    ) -> Engine:
        """Return a fresh runner: it knows nothing but the ledger and what the service shows."""
        clock = LoopClock(self.clock)
        service = self.client(desired.timing.request_timeout.total_seconds(), step)
        return Engine(
            desired=desired,
            service=service,
            journal=Journal(ledger, "runner", clock.now, self.token),
            observer=Observer(service, vault, boundary),
            clock=clock,
            token=self.token,
            report=report,
        )

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to its end in virtual time."""
        return virtual_time.run(self.clock, work)


@dataclass(slots=True)
class MemoryLedger:
    """Keeps entries for as long as the process lives; `begins_after` is the number of the entry before the first."""

    begins_after: int = 0
    entries: list[Entry] = field(default_factory=list)

    @property
    def url(self) -> str:
        """What it is, for messages."""
        return "a ledger in memory"

    @property
    def head(self) -> int:
        """The number of the last entry."""
        return self.begins_after + len(self.entries)

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:  # noqa: ARG002 - the protocol's
        """Return the entries after a number, always all of them."""
        return self.entries[max(after - self.begins_after, 0) :]

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Keep them; raises LedgerConflict when another run was first."""
        if expected_head != self.head:
            raise LedgerConflict(error("ledger-conflict", "another run is at work on this ledger"))
        self.entries.extend(entries)


@dataclass(frozen=True, slots=True)
class InProcessTransport(httpx.AsyncBaseTransport):
    """Carries requests to the emulator's model.

    `step` is called with `before GET /path` and, when the service has acted, `after GET /path`; what it raises
    ends the request, and it may wait.
    """

    frontend: Frontend
    step: Step = undisturbed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Return the answer, `LATENCY_S` and the fault's delay later."""
        body = await request.aread()
        name = f"{request.method} {request.url.path}"
        await self.step(f"before {name}")
        answer = self.frontend.handle(
            WireRequest(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode(),
                headers={k.lower(): v for k, v in request.headers.items()},
                body=body,
                origin=ORIGIN,
            )
        )
        await asyncio.sleep(answer.delay + LATENCY_S)
        await self.step(f"after {name}")
        return _response(answer, request)


def _response(answer: WireResponse, request: httpx.Request) -> httpx.Response:
    if answer.lost:
        raise httpx.RemoteProtocolError("the connection was lost", request=request)
    headers = dict(answer.headers)
    if answer.truncate_at is not None:
        stream = _CutStream(answer.body[: answer.truncate_at])
        return httpx.Response(answer.status, headers=headers, stream=stream, request=request)
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


@dataclass(frozen=True, slots=True)
class _CutStream(httpx.AsyncByteStream):
    """A body of which only the first part arrives."""

    start: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.start
        raise httpx.RemoteProtocolError("the connection ended before the answer did")
