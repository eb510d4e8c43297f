"""What cannot be taken over: what another address has, or an address that has something else already."""

from __future__ import annotations

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger.fold.job_records import IntentState
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.state.observed import Observed, ObservedKey
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.vocabulary import StorageType


def job_refusal(recorded: Recorded, address: str, job_id: str) -> Diagnostic | None:
    """Return why the record speaks against a job for an address, None where it does not."""
    owner = recorded.owner_of.get(job_id)
    if owner not in (None, address):
        return error("job-taken", f"job {job_id} belongs to {owner}", "choose another job", address=address)
    record = recorded.jobs.get(address)
    if record is None or record.forgotten:
        return None
    last, run = record.last_intent, counted_run(record)
    if last and last.state is IntentState.OPEN:
        hint = f"apply settles it; or decide: eocanvas-apply resolve {typed(address)} --adopt {job_id}"
        return _recorded(address, f"the answer to the last launch of {address} is still open", hint)
    if run and run.job_id != job_id:
        hint = f"to take this one instead: eocanvas-apply forget {typed(address)}, then import it"
        return _recorded(address, f"{address} has the job {run.job_id} already", hint)
    return None


def key_refusal(recorded: Recorded, key: DesiredKey, name: str, observed: Observed) -> Diagnostic | None:
    """Return why the record, or the manifest, speaks against a key for an address, None where nothing does."""
    if key.existing:
        what = f"{key.address} has type: existing: it is used as it is, and there is nothing to take over"
        hint = "to manage the key with this project, declare it with the type of its storage"
        return error("nothing-to-import", what, hint, address=key.address)
    for record in recorded.keys.values():
        if record.address != key.address and any(g.live and g.name == name for g in record.generations.values()):
            what = f"the key {name!r} belongs to {record.address}"
            return error("key-taken", what, "choose another key", address=key.address)
    own = recorded.keys.get(key.address)
    if own is None:
        return None
    if own.latest and own.latest.open:
        what = f"it is not known yet whether the last creation of {key.address} succeeded"
        return _recorded(key.address, what, "the next apply finds out")
    if own.current and own.current.name != name and own.current.name in observed.keys:
        hint = "what was imported instead would leave this one behind; delete it at the service first"
        return _recorded(key.address, f"{key.address} has the key {own.current.name!r} already", hint)
    return None


def _recorded(address: str, what: str, hint: str) -> Diagnostic:
    return error("already-recorded", what, hint, address=address)


def other_process(job: DesiredJob, job_id: str, process: str) -> Diagnostic | None:
    """Return that a job of the service is of another process than an address, None where it is not."""
    if process in ("", job.process):
        return None
    what = f"job {job_id} is of the process {process}, and {job.address} of {job.process}"
    return error("kind-differs", what, "name another job, or correct the manifest", address=job.address)


def other_type(key: DesiredKey, shown: ObservedKey) -> Diagnostic | None:
    """Return that a key opens another type of storage than an address says, None where it does not."""
    if shown.storage not in {*StorageType} or shown.storage == key.storage:
        return None
    what = f"the key {shown.name!r} opens a storage of type {shown.storage}, and {key.address} is of type {key.storage}"
    return error("kind-differs", what, "name another key, or correct the manifest", address=key.address)
