"""One project, one emulated service, one virtual clock, and runners that may be killed, cut off or frozen."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa

from eocanvas_apply.emulator.accounts import User
from eocanvas_apply.emulator.behaviour import Behaviour
from eocanvas_apply.emulator.clock import VirtualClock
from eocanvas_apply.emulator.credentials import SealingKey
from eocanvas_apply.emulator.messages import WireRequest, WireResponse
from eocanvas_apply.emulator.service import Eocanvas
from eocanvas_apply.emulator.settings import Quota
from eocanvas_apply.emulator.settings import Settings as EmulatorSettings
from eocanvas_apply.emulator.wire import Wire
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.ledger.events import Entry
from eocanvas_apply.ledger.journal import Journal
from eocanvas_apply.ledger.local import LocalBackend
from eocanvas_apply.manifest.documents import load_documents
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.observing.observer import Observer
from eocanvas_apply.observing.vault import Vault
from eocanvas_apply.planning.desired import Desired, Timing, desired
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.planning.progress import ApplyResult, Progress
from eocanvas_apply.secret import Secret
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.settings import Addresses, Credentials
from eocanvas_apply.sources.expansion import Expansion, expand
from eocanvas_apply.sources.files import read_bytes
from eocanvas_apply.sources.lock import Lock
from eocanvas_apply.sources.searching import Catalogue
from eocanvas_apply.sources.secrets import SecretSources

T = TypeVar("T")
ACCOUNT, PASSWORD = "jane", "open-sesame"
URL = "https://eocanvas.invalid/serverless"
GRAPH = """<graph id="Graph"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file></parameters></node></graph>
"""


class Killed(BaseException):
    """The machine went off: nothing of the runner happens any more."""


@cache
def private_key() -> rsa.RSAPrivateKey:
    # 2048 bits take a while to make; one for all worlds of a process.
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class RunnerClock:
    """The virtual clock as a runner sees it; sleeping moves it."""

    clock: VirtualClock

    def now(self) -> datetime:
        return self.clock()

    def monotonic(self) -> float:
        return self.clock().timestamp()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)
        self.clock.advance(seconds)


Step = Callable[[str], Awaitable[None]]


async def undisturbed(step: str) -> None:
    """Let every step pass."""


@dataclass
class WireTransport(httpx.AsyncBaseTransport):
    """Carries requests to the emulator's model in this process; `step` may raise, or wait, before and after."""

    wire: Wire
    clock: VirtualClock
    step: Step = undisturbed

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        name = f"{request.method} {request.url.path}"
        await self.step(f"before {name}")
        answer = self.wire.handle(
            WireRequest(
                method=request.method,
                path=request.url.path,
                query=request.url.query.decode(),
                headers={k.lower(): v for k, v in request.headers.items()},
                body=body,
                origin="https://eocanvas.invalid",
            )
        )
        self.clock.advance(answer.delay + 0.05)
        await self.step(f"after {name}")
        return _response(answer, request)


def in_its_own_loop(work: Coroutine[Any, Any, T]) -> T:
    """Wait for it, also where an event loop runs already."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def _response(answer: WireResponse, request: httpx.Request) -> httpx.Response:
    if answer.lost:
        raise httpx.RemoteProtocolError("the connection was lost", request=request)
    headers = dict(answer.headers)
    if answer.truncate_at is not None:
        stream = CutStream(answer.body[: answer.truncate_at])
        return httpx.Response(answer.status, headers=headers, stream=stream, request=request)
    return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)


@dataclass
class CutStream(httpx.AsyncByteStream):
    """A body of which only the beginning arrives."""

    beginning: bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.beginning
        raise httpx.RemoteProtocolError("the connection ended before the answer did")


@dataclass
class SteppedBackend(LocalBackend):
    """The local ledger with a step before and after each append."""

    def __init__(self, path: Path, step: Step) -> None:
        super().__init__(path)
        self._step = step

    async def append(self, expected_head: int, entries) -> None:  # type: ignore[no-untyped-def]
        await self._step("before append")
        await super().append(expected_head, entries)
        await self._step("after append")


@dataclass
class World:
    """A project folder and a service, with time between them."""

    folder: Path
    behaviour: Behaviour = field(default_factory=Behaviour)
    job_time: float = 300.0
    quotas: tuple[Quota, ...] = ()
    results_per_job: int = 1
    hda_quotas: tuple[Quota, ...] = ()
    seed: int = 1
    lock: Lock | None = None
    environ: dict[str, str] = field(default_factory=lambda: {"ACCESS": "AKIA", "SECRET": "s3cr3t"})

    def __post_init__(self) -> None:
        self.clock = VirtualClock()
        settings = EmulatorSettings(
            users=(User(ACCOUNT, PASSWORD),),
            job_time=self.job_time,
            results_per_job=self.results_per_job,
            quotas=self.quotas,
            hda_quotas=self.hda_quotas,
            behaviour=self.behaviour,
        )
        service = Eocanvas(self.clock, random.Random(self.seed), settings, SealingKey(private_key()))
        self.wire = Wire(service)
        self.random = random.Random(self.seed + 1)
        self.progress: list[Progress] = []
        (self.folder / "graph.xml").write_text(GRAPH, encoding="utf-8")

    @property
    def ledger(self) -> Path:
        return self.folder / ".eocanvas" / "default.jsonl"

    def entries(self) -> list[Entry]:
        """Return what the ledger holds."""
        return [Entry.from_json(json.loads(line)) for line in self.ledger.read_text(encoding="utf-8").splitlines()]

    def token(self) -> str:
        return f"{self.random.getrandbits(128):032x}"

    def desired(self, manifest: str, **timing: timedelta) -> Desired:
        loaded = load(manifest, "eocanvas.yaml")
        documents = load_documents(loaded, partial(read_bytes, folder=self.folder))
        assert loaded.manifest is not None, loaded.diagnostics
        own = loaded.manifest.timing
        times = {"poll": own.poll, "settle": own.settle, "send_within": own.send_within}
        waits = Timing(**{**times, "request_timeout": own.request_timeout, **timing})
        return desired(loaded.manifest, loaded.digest, documents, self.rows(loaded), waits)

    def rows(self, loaded: LoadedManifest) -> Mapping[str, tuple[Instance, ...]]:
        """Return the rows of every campaign; searches are asked of the emulated HDA, now."""
        read = partial(read_bytes, folder=self.folder)

        async def expanded() -> Expansion:
            async with self.service() as service:
                search = Catalogue(service.hda)
                return await expand(loaded, read, now=self.clock(), search=search, lock=self.lock)

        found = in_its_own_loop(expanded())
        assert not found.unknown
        assert not found.diagnostics, found.diagnostics
        return found.instances

    def service(self, step: Step = undisturbed) -> EOCanvas:
        """Return the account's client, over the emulator in this process."""
        clock = RunnerClock(self.clock)
        transport = WireTransport(self.wire, self.clock, step)
        return EOCanvas(Addresses(URL), Credentials(ACCOUNT, Secret(PASSWORD)), clock, transport=transport)

    def runner(self, manifest: str, step: Step = undisturbed) -> Engine:
        """Return a fresh runner: it knows nothing but the ledger and what the service shows."""
        wanted, clock = self.desired(manifest), RunnerClock(self.clock)
        service = self.service(step)
        vault = Vault.opened(wanted.keys, SecretSources(self.environ, self.folder))
        backend = SteppedBackend(self.ledger, step)
        return Engine(
            desired=wanted,
            service=service,
            journal=Journal(backend, "runner", clock.now, self.token),
            observer=Observer(service, vault, self.folder),
            clock=clock,
            token=self.token,
            report=self.progress.append,
        )

    def apply(
        self,
        manifest: str,
        wait: timedelta | None = timedelta(hours=12),
        step: Step = undisturbed,
        requests: Requests = Requests(),  # noqa: B008
    ) -> ApplyResult:
        return asyncio.run(self.runner(manifest, step).apply(requests, wait, lambda plan: None))

    def plan(self, manifest: str, requests: Requests = Requests()) -> Plan:  # noqa: B008
        return asyncio.run(self.runner(manifest).plan(requests))[0]
