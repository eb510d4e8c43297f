"""One project, one emulated service, one virtual clock, and runners that may be killed, cut off or frozen."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from msgspec.structs import replace

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.campaign.lock import Lock, LockFile
from eocanvas_apply.campaign.readers.hda import Catalogue
from eocanvas_apply.emulator.http.frontend import Frontend
from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota
from eocanvas_apply.emulator.model.behaviour import Settings as EmulatorSettings
from eocanvas_apply.emulator.model.clock import VirtualClock
from eocanvas_apply.engine.definition import Campaigns, Rows, find_rows, parse_project
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.files import read_bytes
from eocanvas_apply.ledger.backends.local import LocalBackend
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import Plan, Requests
from eocanvas_apply.report.progress import ApplyResult, Progress
from eocanvas_apply.secrets.secret_sources import SecretSources
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.simulation.simulated_service import SimulatedService, Step, undisturbed

T = TypeVar("T")
GRAPH = """<graph id="Graph"><version>1.0</version>
<node id="Read"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="Write"><operator>Write</operator><sources><sourceProduct refid="Read"/></sources>
<parameters><file>$output</file></parameters></node></graph>
"""


class Killed(BaseException):
    """The machine was switched off: the runner does nothing more."""


@dataclass(frozen=True)
class Stepped:
    """A ledger with a step before and after each append."""

    kept: Backend
    step: Step

    @property
    def url(self) -> str:
        return self.kept.url

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        return await self.kept.read(after, part=part)

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        await self.step("before append")
        await self.kept.append(expected_head, entries)
        await self.step("after append")


async def all_the_same(work: Coroutine[Any, Any, T]) -> T:
    """Return the result of the work, also when its caller is cancelled: a frozen runner does not notice that."""
    task = asyncio.ensure_future(work)
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            continue
    return task.result()


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
    allowed: tuple[Path, ...] = ()
    environ: dict[str, str] = field(default_factory=lambda: {"ACCESS": "AKIA", "SECRET": "s3cr3t"})

    def __post_init__(self) -> None:
        settings = EmulatorSettings(
            job_time=self.job_time,
            results_per_job=self.results_per_job,
            quotas=self.quotas,
            hda_quotas=self.hda_quotas,
            behaviour=self.behaviour,
        )
        self.simulated = SimulatedService(settings, self.seed)
        self.progress: list[Progress] = []
        (self.folder / "graph.xml").write_text(GRAPH, encoding="utf-8")

    @property
    def clock(self) -> VirtualClock:
        return self.simulated.clock

    @property
    def frontend(self) -> Frontend:
        return self.simulated.frontend

    @property
    def ledger(self) -> Path:
        return self.folder / ".eocanvas" / "default.jsonl"

    def entries(self) -> list[Entry]:
        """Return what the ledger holds."""
        return [Entry.from_json(json.loads(line)) for line in self.ledger.read_text(encoding="utf-8").splitlines()]

    @property
    def boundary(self) -> Boundary:
        return Boundary(self.folder, self.allowed)

    def token(self) -> str:
        return self.simulated.token()

    def desired(self, manifest: str, **timing: timedelta) -> Desired:
        """Return what a manifest asks for; searches are asked of the emulated HDA, now."""
        read = partial(read_bytes, boundary=self.boundary)
        lock_file = LockFile(lock=self.lock)
        parsed = parse_project(manifest, self.folder / "eocanvas.yaml", read, lock_file=lock_file)
        project = replace(parsed, allowed=self.allowed)
        named = {term for job in project.manifest.jobs.values() for term in job.accept_terms}

        async def searched() -> Campaigns:
            async with self.service() as service:
                search = Catalogue(service.hda, named, service.hda.accept_term)
                return await find_rows(project, Rows.ASKED, self.clock(), search.search)

        # In a thread, for the world's loop may be running: then it stands still meanwhile.
        with ThreadPoolExecutor(1) as pool:
            found = pool.submit(self.run, searched()).result()
        assert not found.expansion.unknown
        return found.desired(timing)

    def service(self, step: Step = undisturbed) -> EOCanvas:
        """Return the account's client, over the emulator in this process."""
        return self.simulated.client(step=step)

    def runner(self, manifest: str, step: Step = undisturbed, ledger: Backend | None = None) -> Engine:
        """Return a fresh runner: it knows nothing but the ledger (by default the file) and what the service shows."""
        wanted = self.desired(manifest)
        vault = Vault.opened(wanted.keys, SecretSources(self.environ, self.folder))
        kept = Stepped(ledger or LocalBackend(self.ledger), step)
        return self.simulated.runner(wanted, kept, vault, self.boundary, step, self.progress.append)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run to its end in the world's time."""
        return self.simulated.run(work)

    def apply(
        self,
        manifest: str,
        wait: timedelta | None = timedelta(hours=12),
        step: Step = undisturbed,
        requests: Requests = Requests(),  # noqa: B008
    ) -> ApplyResult:
        return self.run(self.runner(manifest, step).apply(requests, wait, lambda plan: None))

    def plan(self, manifest: str, requests: Requests = Requests()) -> Plan:  # noqa: B008
        return self.run(self.runner(manifest).plan(requests))[0]
