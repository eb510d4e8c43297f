"""What `validate --online` checks against the live service: processes, existing keys, and fixed names.

It logs in and sends some reads, one more for each process with raw inputs. No secret is resolved, no ledger is opened,
and nothing is written.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from eocanvas_apply.diagnostics import Diagnostic, did_you_mean, error, info
from eocanvas_apply.engine.definition import Campaigns
from eocanvas_apply.engine.opening import Settings, open_service, review_of
from eocanvas_apply.errors import NotSent, Refused, ServiceError
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.observing.key_listing import observe_keys
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.findings.described_inputs import described_faults
from eocanvas_apply.planning.keys.comparison import is_tagged
from eocanvas_apply.planning.keys.key_faults import KeyFaults
from eocanvas_apply.planning.state.observed import Observed, Pass
from eocanvas_apply.service.eocanvas import EOCanvas

_NAMED = 5


async def online_findings(campaigns: Campaigns, settings: Settings) -> tuple[Diagnostic, ...]:
    """Return what the service shows to be wrong with a project.

    Raises ServiceError and CredentialsError where the service cannot be read.
    """
    project = campaigns.project
    async with open_service(project, settings) as service:
        desired = campaigns.desired(settings.timing)
        keys = await _key_faults(service, desired)
        shown = await _processes(service)
        processes = _process_faults(campaigns, shown)
        inputs = await _input_faults(service, desired, shown)
        return review_of(project)((*keys, *processes, *inputs, *service.irregularities.diagnostics()))


async def _processes(service: EOCanvas) -> Collection[str] | str:
    """Return the ids of the processes, or why they are not known."""
    try:
        found = await service.processes()
    except ServiceError as fault:
        if isinstance(fault, NotSent) or (isinstance(fault, Refused) and fault.concerns_account):
            raise
        return str(fault.diagnostics[0].message)
    if found is None:
        return "their list cannot be read whole"
    # The service has some: an empty list is a fault of it, and none of the manifest.
    return found or "their list is empty"


def _process_faults(campaigns: Campaigns, shown: Collection[str] | str) -> Iterator[Diagnostic]:
    """Yield each job whose process the service does not show, or once that its list could not be read."""
    if isinstance(shown, str):
        yield info("processes-not-checked", f"the processes of the jobs were not checked: {shown}", "try again later")
        return
    known = ", ".join(sorted(shown)[:_NAMED]) + (", ..." if len(shown) > _NAMED else "")
    for name, processes in _processes_of(campaigns).items():
        for process in sorted(processes - {*shown}):
            what = f"the service has no process {process!r}"
            hint = did_you_mean(process, shown) or f"it has {known}"
            yield campaigns.project.loaded.place(error("process-unknown", what, hint), ("jobs", name, "process"))


async def _input_faults(service: EOCanvas, desired: Desired, shown: Collection[str] | str) -> Sequence[Diagnostic]:
    """Return what the service's descriptions of processes say of the inputs of jobs."""
    raw = [job for job in desired.jobs.values() if job.raw and job.process in shown]
    patience = desired.timing.request_timeout.total_seconds()
    described = {process: await _described(service, process, patience) for process in sorted({j.process for j in raw})}
    return described_faults(raw, {process: inputs for process, inputs in described.items() if inputs})


async def _described(service: EOCanvas, process: str, patience: float) -> Mapping[str, Any] | None:
    """Return the described inputs, None where the service describes none in time, or not in a way that can be read."""
    try:
        async with asyncio.timeout(patience):
            return await service.described_inputs(process)
    except (TimeoutError, ServiceError):
        return None


def _processes_of(campaigns: Campaigns) -> Mapping[str, set[str]]:
    """Return the processes that each job names; of a campaign those of its rows, as far as they are known."""
    rows = campaigns.expansion.instances
    jobs = campaigns.project.manifest.jobs.items()
    return {name: {each.job.process for each in rows[name]} if name in rows else _written(job) for name, job in jobs}


def _written(job: Job) -> set[str]:
    return set() if "${" in job.process else {job.process}


async def _key_faults(service: EOCanvas, desired: Desired) -> tuple[Diagnostic, ...]:
    """Return the faults of existing keys and of fixed names, where there are any to ask for.

    Without the ledger a key counts as the project's own where its description says so.
    """
    named = [key for key in desired.keys.values() if key.fixed_name]
    if not named:
        return ()
    shown = await observe_keys(service, desired, Recorded())
    now = service.time.now()
    listed = Pass(now, complete=False, jobs={})
    observed = Observed(now, service.account, shown.by_name, listed, withheld=shown.withheld)
    judge = KeyFaults(desired.project, Recorded(), observed, _lives(desired))

    def own(name: str | None) -> bool:
        seen = shown.by_name.get(name or "")
        return seen is not None and is_tagged(seen.description, desired.project) and not judge.owners.exclude(seen)

    return tuple(fault for key in named if key.existing or not own(key.fixed_name) for fault in judge.of(key))


def _lives(desired: Desired) -> Mapping[str, timedelta]:
    """Return how long the longest job takes that names a key, by the key's address."""
    lives: dict[str, timedelta] = {}
    for job in desired.jobs.values():
        for address in job.keys:
            lives[address] = max(job.max_duration, lives.get(address, timedelta()))
    return lives
