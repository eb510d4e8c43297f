"""An emulated service on a virtual clock, the runners that work against it, and a ledger in memory for them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from cryptography.hazmat.primitives.asymmetric import rsa

from eocanvas_apply.diagnostics import error
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Settings
from eocanvas_apply.emulator.model.clock import VirtualClock
from eocanvas_apply.emulator.model.job_failures import JobFaults
from eocanvas_apply.emulator.model.keystore import SealingKey
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
from eocanvas_apply.simulation.transport import ORIGIN, InProcessTransport, Step, undisturbed
from eocanvas_apply.simulation.virtual_time import LoopClock

T = TypeVar("T")
ACCOUNT, PASSWORD = "jane", "open-sesame"
URL = f"{ORIGIN}/serverless"


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
        folder: Path,
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
            observer=Observer(service, vault, folder),
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
