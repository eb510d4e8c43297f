"""The state that a simulated run starts from: the manifest without outside inputs, and a copy of what was observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from msgspec import structs

from eocanvas_apply.emulator.model.behaviour import Quota, Settings
from eocanvas_apply.emulator.model.clock import VirtualClock
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_failures import JobFaults
from eocanvas_apply.emulator.model.job_files import Output
from eocanvas_apply.emulator.model.keystore import S3Credentials, StoredKey
from eocanvas_apply.emulator.model.submissions import Execution
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredInput, DesiredJob
from eocanvas_apply.planning.state.observed import Observed, ObservedJob, ObservedKey
from eocanvas_apply.planning.state.runs import definition
from eocanvas_apply.secrets.secret import Secret
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.simulation.simulated_service import ACCOUNT, URL, SimulatedService

# Polling more often takes long to simulate and tells nothing more.
_SHORTEST_POLL = timedelta(seconds=30)
_NO_LIFE = timedelta(hours=1)
_OPENS_NOTHING = S3Credentials("", "", "bucket", "https://s3.invalid", "r")


@dataclass
class StandIns(Vault):
    """Stand-ins for secrets, with the fingerprints of the real ones where these were read."""

    seen: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def fingerprints(
        self,
        salt: bytes | None,
        schemes: Mapping[str, str] | None = None,  # noqa: ARG002 - the real ones are as they were recorded
        names: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> Mapping[tuple[str, str], str]:
        """Return the real fingerprints, and a made-up one for each secret that could not be read."""
        return {name: self.seen.get(name, "scrypt:stand-in") for name in self._names()} if salt else {}

    def _names(self) -> Iterator[tuple[str, str]]:
        return ((address, name) for address, fields in self.secrets.items() for name in fields)


@dataclass(frozen=True)
class InitialState:
    """A project as it stands, to be run as often as wanted; every run has its own simulated service and record."""

    desired: Desired
    recorded: Recorded
    observed: Observed
    job_time: timedelta

    @property
    def known(self) -> frozenset[str]:
        """The jobs that were there before."""
        return frozenset(self.observed.listed) | frozenset(self.recorded.owner_of)

    def simulated_service(self, seed: int, job_faults: JobFaults | None = None) -> SimulatedService:
        """Return an emulated service that shows the keys and jobs that were seen."""
        quotas = tuple(Quota(limit.jobs, limit.per.total_seconds()) for limit in self.desired.limits)
        settings = Settings(job_time=self.job_time.total_seconds(), quotas=quotas, result_size=1)
        simulated = SimulatedService(settings, seed, VirtualClock(self.observed.at), job_faults)
        for key in self._keys():
            simulated.frontend.service.keystore.take(key)
        for job in sorted(self._jobs(), key=lambda job: job.created):
            simulated.frontend.service.jobs.take(job)
        return simulated

    def record(self) -> Recorded:
        """Return what is on record, as if it had happened at the simulated service."""
        copy = deepcopy(self.recorded)
        if copy.opened:
            copy.opened = structs.replace(copy.opened, service=URL, account=ACCOUNT)
        return copy

    def manifest(self) -> Desired:
        """Return what is desired, with inputs that the simulated service has: products are ready, any result fits."""
        jobs = {address: job.with_inputs(_inputs(job)) for address, job in self.desired.jobs.items()}
        own = self.desired.timing
        timing = own.model_copy(update={"poll": max(own.poll, _SHORTEST_POLL)})
        return structs.replace(self.desired, jobs=jobs, timing=timing)

    def vault(self) -> Vault:
        """Return stand-ins for the secrets of all keys."""
        keys = self.desired.keys
        values = {a: {name: Secret("stand-in") for name in key.secrets} for a, key in keys.items() if key.secrets}
        return StandIns(keys, values, seen=self.observed.secrets)

    def _keys(self) -> Iterator[StoredKey]:
        seen = {key.name: _stored(key, self.observed.at) for key in self.observed.keys.values() if key.name != "eodata"}
        existing = (key for key in self.desired.keys.values() if key.existing and key.fixed_name)
        for key in existing:
            # The plan says what is missing at the real service; a simulation assumes that it will be there.
            seen.setdefault(str(key.fixed_name), _existing(str(key.fixed_name), key.storage, self.observed.at))
        return iter(seen.values())

    def _jobs(self) -> Iterator[Job]:
        ours = {run.job_id: (record, run) for record, run in self.recorded.runs()}
        shown = {**self.observed.listed, **self.observed.jobs.jobs}
        for number, seen in enumerate(shown.values(), start=1):
            yield self._job(seen, number, ours.get(seen.job_id, (None, None))[1])
        for record, run in (found for job_id, found in ours.items() if job_id not in shown and found[1].in_flight):
            intended = definition(record, run)
            process = intended.process if intended else "snap-function"
            yield self._job(ObservedJob(run.job_id, process, run.status, run.created), 0, run)

    def _job(self, seen: ObservedJob, number: int, run: Run | None) -> Job:
        now, created = self.observed.at, seen.created or self.observed.at
        names = [result.name for result in (run.results or ()) if run] if run else []
        execution = Execution(seen.process, {}, None, (), None, "")
        ends = max(created + self.job_time, now + timedelta(seconds=1))
        starts = min(created + self.job_time * 0.1, ends)
        outputs = tuple(Output(name, 1) for name in names or ["result.nc"])
        job = Job(seen.job_id, number, ACCOUNT, execution, created, starts, ends, "", outputs)
        job.status, job.finished = seen.status, seen.finished  # type: ignore[assignment]
        return job


def _inputs(job: DesiredJob) -> tuple[DesiredInput, ...]:
    return tuple(_at_hand(given) for given in job.inputs)


def _at_hand(given: DesiredInput) -> DesiredInput:
    if given.product:
        return structs.replace(given, product=None, location=f"https://products.invalid/{given.product.id}")
    return structs.replace(given, result=structs.replace(given.result, match="*")) if given.result else given


def _stored(key: ObservedKey, now: datetime) -> StoredKey:
    created = key.created or now
    ends = key.expires or (None if key.end_known else now + _NO_LIFE)
    life = int((ends - created).total_seconds()) if ends else 0
    public = bool(key.public)
    return StoredKey(key.name, key.storage, public, key.description, ACCOUNT, created, life, None, _OPENS_NOTHING)


def _existing(name: str, storage: str, now: datetime) -> StoredKey:
    return _stored(ObservedKey(name, storage, public=False, description="", created=now, expires=None), now)
