"""Drift: where what is there now is not what the ledger says, and what is about to end."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, to_builtins
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.ledger.events import Adopted, AnyEvent
from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.key_records import Generation
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.fingerprint import Change
from eocanvas_apply.planning.failures import Failure
from eocanvas_apply.planning.keys.comparison import shown_otherwise
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import Plan, PlannedAction
from eocanvas_apply.planning.reasons import Reason
from eocanvas_apply.planning.state.at_keys import ResultAtKey
from eocanvas_apply.planning.state.observed import FileState, Observed, ObservedKey
from eocanvas_apply.planning.state.stored import stored_results
from eocanvas_apply.planning.tasks import AdoptJob
from eocanvas_apply.vocabulary import OgcStatus


class DriftKind(StrEnum):
    """What became of a key, a job or a result since the ledger was written."""

    EXPIRED = "expired"
    GONE = "gone"
    GONE_UNNEEDED = "gone-unneeded"
    CHANGED = "changed"
    FOUND = "found"
    EXPIRES_SOON = "expires-soon"
    STARTED = "started"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    DISMISSED = "dismissed"
    MISSING = "missing"
    VANISHED = "vanished"
    RESULTS_LISTED = "results-listed"
    FILE_REMOVED = "file-removed"
    FILE_EDITED = "file-edited"
    OBJECT_GONE = "object-gone"
    OBJECT_EMPTY = "object-empty"
    OBJECT_CHANGED = "object-changed"


class DriftRow(Struct, frozen=True):
    """The words for one kind, what to do (empty for nothing), and whether it counts as something that moved."""

    words: str
    advice: str = ""
    moved: bool = True


_K = DriftKind
_RECORDS = "the next apply records it"
_RUN_AGAIN = "eocanvas-apply apply --relaunch {address} makes it again"
DRIFT: Mapping[DriftKind, DriftRow] = {
    _K.GONE: DriftRow("the service no longer has it", "the next apply creates the next one if a job needs it"),
    # Nothing is lost, and no apply makes it again: a report of every day must not stay red for it.
    _K.GONE_UNNEEDED: DriftRow("the service no longer has it, and no job needs it", moved=False),
    _K.EXPIRED: DriftRow("expired", "the next apply creates the next one if a job needs it"),
    _K.CHANGED: DriftRow("changed at the service", "the next apply replaces it if a job needs it"),
    _K.FOUND: DriftRow("is at the service, and not on record", f"{_RECORDS}; see eocanvas-apply why {{address}}"),
    # The ledger says when it ends: nothing has changed but the time.
    _K.EXPIRES_SOON: DriftRow("ends soon", "the next apply renews it", moved=False),
    # The ordinary way of a job, of which an apply has nothing to do.
    _K.STARTED: DriftRow("started", moved=False),
    _K.SUCCEEDED: DriftRow("succeeded", f"{_RECORDS}, and its results"),
    _K.FAILED: DriftRow("failed", "eocanvas-apply why {address} says what to do"),
    _K.DISMISSED: DriftRow("was dismissed at the service", "eocanvas-apply apply --relaunch {address} runs it again"),
    _K.MISSING: DriftRow("the service does not show its job", "apply waits whether it comes back before it runs again"),
    _K.VANISHED: DriftRow("the service no longer has its job", "the next apply runs it again"),
    _K.RESULTS_LISTED: DriftRow("lists its results now", f"{_RECORDS}, and downloads what is not at a key"),
    _K.FILE_REMOVED: DriftRow("result was removed here", "eocanvas-apply results {address} --fetch --refetch"),
    _K.FILE_EDITED: DriftRow("result was edited here", "eocanvas-apply results {address} --fetch --refetch"),
    _K.OBJECT_GONE: DriftRow("result is no longer in its storage", _RUN_AGAIN),
    _K.OBJECT_EMPTY: DriftRow("result is empty in its storage", _RUN_AGAIN),
    _K.OBJECT_CHANGED: DriftRow("result was written again in its storage", f"where that is wrong, {_RUN_AGAIN}"),
}
# A status in a word that is not known says nothing yet.
_STATUSES = {
    OgcStatus.RUNNING.value: _K.STARTED,
    OgcStatus.SUCCESSFUL.value: _K.SUCCEEDED,
    OgcStatus.FAILED.value: _K.FAILED,
    OgcStatus.DISMISSED.value: _K.DISMISSED,
}
_FILES = {FileState.MISSING: _K.FILE_REMOVED, FileState.EDITED: _K.FILE_EDITED}
_SAID = {"result-edited", "result-missing"}
_NOT_ASKED = "storage-not-asked"
# The service tells times in whole seconds.
_ROUNDING = timedelta(seconds=2)


class Drifted(Struct, frozen=True):
    """One difference. `changes` are from what is recorded to what is there now.

    `job_id` is of the job that it is about, `place` the file of a result or its address in a storage, `ends` when a key
    ended or will; `failure` is why a job failed, None where that is not known.
    """

    address: str
    kind: DriftKind
    changes: tuple[Change, ...] = ()
    job_id: str | None = None
    place: str | None = None
    ends: datetime | None = None
    failure: Failure | None = None

    @property
    def row(self) -> DriftRow:
        """What is said of its kind."""
        return DRIFT[self.kind]


class DriftReport(Struct, frozen=True):
    """What drifted, and the plan that it was found beside, which tells how things stand."""

    plan: Plan
    drifted: tuple[Drifted, ...]

    @property
    def has_moved(self) -> bool:
        """Whether anything is not as it is recorded; what only ends soon, or has started, does not count."""
        return any(each.row.moved for each in self.drifted)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What is said beside it: that a file was touched stands in the report itself."""
        return tuple(each for each in self.plan.diagnostics if each.code not in _SAID)

    @property
    def is_whole(self) -> bool:
        """Whether everything was looked at."""
        return not any(d.severity is Severity.ERROR or d.code == _NOT_ASKED for d in self.diagnostics)

    @property
    def shown_plan(self) -> Plan:
        """The plan without what an apply would do, of which nothing is said."""
        return Plan(self.plan.origin, self.plan.created, (), self.diagnostics)

    @property
    def plan_id(self) -> str:
        """The digest of it without the moment it was made, `sha256:<hex>`."""
        found = json.dumps([self.shown_plan.plan_id, to_builtins(self.drifted, enc_hook=str)])
        return "sha256:" + hashlib.sha256(found.encode()).hexdigest()


def drift(recorded: Recorded, observed: Observed, objects: Iterable[Drifted]) -> tuple[Drifted, ...]:
    """Return what is no longer as the ledger says; `recorded` must not hold the notes of this observation.

    `objects` are the results in storages that are not as they were, as far as these were asked.
    """
    return (*_keys(recorded, observed), *_jobs(recorded, observed), *_files(recorded, observed), *objects)


def drifted_object(result: ResultAtKey, size: int | None, modified: datetime | None, *, there: bool) -> Drifted | None:
    """Return how a result in a storage is not as it was, None where nothing shows that; `size` None is of a folder."""
    kind = None if there else _K.OBJECT_GONE
    changes: tuple[Change, ...] = ()
    if there and size == 0:
        kind = _K.OBJECT_EMPTY
    elif result.listed and modified and modified > result.listed + _ROUNDING:
        # No size of it is on record; but a job's result is whole before the service lists it.
        kind, changes = _K.OBJECT_CHANGED, (Change("modified", result.listed, modified),)
    return Drifted(result.address, kind, changes, result.job_id, result.location) if kind else None


def with_plan(
    found: Iterable[Drifted], actions: Iterable[PlannedAction], facts: Iterable[AnyEvent], recorded: Recorded
) -> tuple[Drifted, ...]:
    """Return it with what only planning decides: what is found, what has vanished for sure, and what ends soon.

    `facts` are the notes of this observation, which `recorded` holds by now.
    """
    planned = {action.address: action for action in actions}
    known = [_decided(each, planned) for each in found if each.kind is not _K.EXPIRED or _is_missed(each, planned)]
    gone = {each.address for each in known if each.kind in (_K.GONE, _K.GONE_UNNEEDED, _K.EXPIRED)}
    late = (Drifted(fact.address, _K.FOUND, job_id=fact.job_id) for fact in facts if isinstance(fact, Adopted))
    ahead = (_of_action(action, recorded) for action in planned.values() if action.address not in gone)
    return (*known, *late, *filter(None, ahead))


def _decided(found: Drifted, planned: Mapping[str, PlannedAction]) -> Drifted:
    """Return it with the kind that the plan tells: a job that vanished for sure, a key that no job needs."""
    if _has_vanished(found, planned):
        return replace(found, kind=_K.VANISHED)
    action = planned.get(found.address)
    unneeded = found.kind is _K.GONE and action is not None and action.reason is Reason.NOT_NEEDED
    return replace(found, kind=_K.GONE_UNNEEDED) if unneeded else found


def _is_missed(expired: Drifted, planned: Mapping[str, PlannedAction]) -> bool:
    """Tell whether an expired key is needed: the end of any other is on record, and as it should be."""
    action = planned.get(expired.address)
    return action is not None and action.reason in (Reason.EXPIRED, Reason.DRAINING)


def _has_vanished(found: Drifted, planned: Mapping[str, PlannedAction]) -> bool:
    action = planned.get(found.address)
    return found.kind is _K.MISSING and action is not None and action.reason is Reason.VANISHED


def _of_action(action: PlannedAction, recorded: Recorded) -> Drifted | None:
    if action.reason is Reason.FOUND:
        return Drifted(
            action.address, _K.FOUND, job_id=action.task.job_id if isinstance(action.task, AdoptJob) else None
        )
    if action.reason is Reason.EXPIRES_SOON:
        record = recorded.keys.get(action.address)
        made = record.current.created if record and record.current else None
        return Drifted(action.address, _K.EXPIRES_SOON, ends=made.expires if made else None)
    return None


def _keys(recorded: Recorded, observed: Observed) -> Iterator[Drifted]:
    owners = Owners.of(observed, recorded)
    for record in recorded.keys.values():
        for generation in record.generations.values():
            # What we asked to be deleted may be gone.
            if generation.live and not generation.delete_intended and generation.name not in observed.withheld:
                current = generation is record.current
                address = record.address if current else f"{record.address}#{generation.number}"
                seen = observed.keys.get(generation.name)
                yield from _key(address, generation, None if seen and owners.exclude(seen) else seen, observed)


def _key(address: str, generation: Generation, seen: ObservedKey | None, observed: Observed) -> Iterator[Drifted]:
    ends = generation.created.expires if generation.created else None
    if ends and ends <= observed.at and (seen is None or not seen.expires or seen.expires <= observed.at):
        yield Drifted(address, _K.EXPIRED, ends=ends)
    elif seen is None:
        yield Drifted(address, _K.GONE)
    elif changes := (*_config(generation, observed), *_end(generation, seen)):
        yield Drifted(address, _K.CHANGED, changes)


def _config(generation: Generation, observed: Observed) -> tuple[Change, ...]:
    made = generation.intended
    found = shown_otherwise(generation, observed, made.storage, public=made.public) if made else ()
    # A plan goes from what is there to what shall be; this goes from what was to what is there.
    return tuple(Change(each.path, each.after, each.before) for each in found)


def _end(generation: Generation, seen: ObservedKey) -> Iterator[Change]:
    made = generation.created
    if made is None or not (made.end_known and seen.end_known):
        return
    was, now = made.expires, seen.expires
    if (was is None) is not (now is None) or (was and now and abs(was - now) > _ROUNDING):
        yield Change("expires", was, now)


def _jobs(recorded: Recorded, observed: Observed) -> Iterator[Drifted]:
    for record in recorded.jobs.values():
        if record.forgotten:
            continue
        for run in record.runs.values():
            if found := _run(record, run, observed):
                yield found


def _run(record: JobRecord, run: Run, observed: Observed) -> Drifted | None:
    seen = observed.jobs.jobs.get(run.job_id)
    if run.in_flight and seen is None:
        return Drifted(record.address, _K.MISSING, job_id=run.job_id) if run.job_id in observed.gone else None
    if run.in_flight and seen and seen.status != run.status and (kind := _STATUSES.get(seen.status)):
        changes = (Change("status", run.status, seen.status),)
        return Drifted(record.address, kind, changes, run.job_id, failure=observed.failures.get(run.job_id))
    if not run.in_flight and not run.results and observed.results.get(run.job_id):
        return Drifted(record.address, _K.RESULTS_LISTED, job_id=run.job_id)
    return None


def _files(recorded: Recorded, observed: Observed) -> Iterator[Drifted]:
    if not observed.files:
        return
    for stored in stored_results(recorded, recorded.jobs):
        if kind := _FILES.get(observed.files.get(stored.file, FileState.ELSEWHERE)):
            yield Drifted(stored.address, kind, job_id=stored.job_id, place=stored.file)
