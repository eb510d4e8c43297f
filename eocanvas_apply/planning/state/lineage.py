"""Jobs that are given results of other jobs, named by the definitions that these were launched with.

A job's fingerprint holds that of the job before it, so a change upstream runs again what stands downstream of it.
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping

from msgspec.structs import replace

from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import Deferred, DesiredInput, DesiredJob
from eocanvas_apply.planning.desired.fingerprint import same
from eocanvas_apply.planning.state.runs import counted_definition, counted_run, definition


def as_launched(desired: Desired, recorded: Recorded) -> Desired:
    """Return what is desired, naming jobs before by the fingerprints they were launched with where those are theirs.

    A newer algorithm gives a job another fingerprint and leaves it the same job: what follows it must not run again.
    """
    changed: dict[str, DesiredJob] = {}
    jobs = ChainMap(changed, dict(desired.jobs))
    for address in desired.following:
        job = _as_launched(desired.jobs[address], jobs, recorded)
        if job is not desired.jobs[address]:
            changed[address] = job
    return replace(desired, jobs={**desired.jobs, **changed}) if changed else desired


def _as_launched(job: DesiredJob, jobs: Mapping[str, DesiredJob], recorded: Recorded) -> DesiredJob:
    record = recorded.jobs.get(job.address)
    if record and record.finished and record.fingerprint == job.fingerprint:
        # It ran as the manifest has it, and so did what stands before it.
        return job
    intended = counted_definition(record)
    known = intended.components.get("inputs", {}) if intended else {}
    inputs = tuple(_with_known(given, known.get(given.name), jobs, recorded) for given in job.inputs)
    if inputs == job.inputs:
        return job
    identities = {i.name: i.result.identity for i in inputs if i.result}
    components = {**job.components, "inputs": {**job.components["inputs"], **identities}}
    definition = replace(job.definition(), inputs=inputs, components=components, fingerprint=fingerprint(components))
    return replace(job, definition=Deferred.known(definition))


def _with_known(given: DesiredInput, known: object, jobs: Mapping[str, DesiredJob], recorded: Recorded) -> DesiredInput:
    if given.result is None:
        return given
    source = jobs[given.result.address]
    record = recorded.jobs.get(source.address)
    meant, components = _meant(source, record)
    before = known.get("fingerprint") if isinstance(known, Mapping) else None
    if record and before not in (None, meant) and _is_of(record, before, components):
        meant = str(before)
    return replace(given, result=replace(given.result, fingerprint=meant))


def _meant(source: DesiredJob, record: JobRecord | None) -> tuple[str, Mapping[str, object]]:
    """Return the definition whose results are handed on: the desired one, or that of the results that are kept."""
    run = counted_run(record)
    kept = definition(record, run) if source.keep and record and run and run.results else None
    return (kept.fingerprint, kept.components) if kept else (source.fingerprint, source.components)


def _is_of(record: JobRecord, known: object, components: Mapping[str, object]) -> bool:
    """Tell whether a fingerprint on record is that of the same definition."""
    earlier = (intent.intended for intent in record.intents.values())
    return any(each.fingerprint == known and same(each.components, components) for each in earlier if each)
