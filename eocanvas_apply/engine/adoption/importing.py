"""Taking over a key or job that exists already: it is looked at, compared, and recorded for an address."""

from __future__ import annotations

import asyncio
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.applying.document_store import keep_texts
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.documents.trace import request_in
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import ManifestError, Refused, SafetyRefusal, UsageError
from eocanvas_apply.ledger.events import AnyEvent, LedgerOpened
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import typed
from eocanvas_apply.observing.key_listing import observed_key
from eocanvas_apply.observing.observer import listing, observed_job
from eocanvas_apply.planning.adoption.adoption import Adoption, as_if_recorded
from eocanvas_apply.planning.adoption.imported_job import SeenJob, job_adoption
from eocanvas_apply.planning.adoption.imported_key import SeenKey, key_adoption
from eocanvas_apply.planning.adoption.refusals import job_refusal, key_refusal, other_process, other_type
from eocanvas_apply.planning.desired.desired import DesiredKey
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import PlannedAction, Requests
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.observed import Observed
from eocanvas_apply.service.wire import JobInfo, KeyInfo
from eocanvas_apply.vocabulary import OgcStatus

_NOT_OURS = (401, 403)


class Import(Struct, frozen=True):
    """What an import would record, decided on this head of the ledger, and what the next plan says of the address."""

    adoption: Adoption
    events: tuple[AnyEvent, ...]
    decided_on: int
    next: PlannedAction | None


async def look(engine: Engine, address: str, target: str, allowed: frozenset[str] = frozenset()) -> Import:
    """Compare a key (by its name) or a job (by its id) of the service with an address; nothing is written.

    Raises UsageError where it cannot be that, ManifestError where the secrets of a key cannot be read, SafetyRefusal
    where no ledger may be opened, and what a plan raises.
    """
    engine.require_policy()
    _, observed = await engine.plan(Requests())
    recorded = engine.journal.recorded
    opening = engine.opening()
    if opening and (refused := engine.new_ledger_refusal(Requests(allowed=allowed), observed, "import")):
        raise SafetyRefusal(refused)
    if job := engine.desired.jobs.get(address):
        adoption, observed = await _job(engine, job, target, observed)
    else:
        key = engine.desired.keys[address]
        adoption, observed = await _key(engine, key, target, observed, opening or recorded.opened)
    events = (*((opening,) if opening and adoption.is_new else ()), *adoption.events)
    then = plan(engine.desired, Requests(), as_if_recorded(recorded, address, events), observed)
    return Import(adoption, events, recorded.head, then.by_address().get(address))


async def record(engine: Engine, found: Import) -> None:
    """Put an import on record; raises LedgerConflict where another run was first."""
    if found.adoption.documents:
        changed = next(each for each in found.adoption.differences if each.path == DOCUMENT)
        texts = {str(changed.before): found.adoption.documents[0]}
        await asyncio.to_thread(keep_texts, engine.observer.folder, texts)
    if found.events:
        await engine.journal.claim(found.decided_on, found.events)


async def _job(engine: Engine, job: DesiredJob, job_id: str, observed: Observed) -> tuple[Adoption, Observed]:
    recorded = engine.journal.recorded
    if refused := job_refusal(recorded, job.address, job_id):
        raise UsageError(refused)
    if recorded.owner_of.get(job_id) == job.address and not recorded.jobs[job.address].forgotten:
        return Adoption(job.address, job_id), observed
    info = await engine.service.job(job_id)
    if info is None:
        raise UsageError(_no_job(job.address, job_id, observed))
    if refused := other_process(job, info.job_id, info.process):
        raise UsageError(refused)
    seen = await _seen_job(engine, info)
    at = engine.service.time.now()
    adoption = job_adoption(engine.desired, job, seen, recorded, intent=engine.token(), at=at)
    if info.status == OgcStatus.SUCCESSFUL:
        observed = replace(observed, results={**observed.results, job_id: seen.results})
    return adoption, observed


async def _seen_job(engine: Engine, info: JobInfo) -> SeenJob:
    log = await engine.observer.log(info.job_id)
    listed = await engine.service.results(info.job_id) if info.status == OgcStatus.SUCCESSFUL else None
    return SeenJob(
        observed_job(info),
        await asyncio.to_thread(request_in, log) if log else None,
        () if info.status == OgcStatus.FAILED else listing(listed, at_key=False),
        engine.observer.failure_in(log) if info.status == OgcStatus.FAILED else None,
    )


def _no_job(address: str, job_id: str, observed: Observed) -> Diagnostic:
    hint = f"a key has this name; its address begins with key.: eocanvas-apply import key.NAME {job_id}"
    what = f"the service knows no job {job_id}"
    return error("no-such-job", what, hint if job_id in observed.keys else "check the id", address=address)


async def _key(
    engine: Engine, key: DesiredKey, name: str, observed: Observed, opened: LedgerOpened | None
) -> tuple[Adoption, Observed]:
    recorded = engine.journal.recorded
    if refused := key_refusal(recorded, key, name, observed):
        raise UsageError(refused)
    record = recorded.keys.get(key.address)
    if record and record.current and record.current.name == name:
        return Adoption(key.address, name), observed
    info = await _shown(engine, key.address, name, observed)
    seen = SeenKey(observed_key(info), info.expire_s)
    observed = replace(observed, keys={**observed.keys, name: seen.shown})
    if refused := other_type(key, seen.shown):
        raise UsageError(refused)
    if Owners.of(observed, recorded).exclude(seen.shown):
        raise UsageError(_not_own(key.address, name, f"it is of the owner {seen.shown.owner!r}"))
    if unread := engine.observer.vault.faults.get(key.address):
        raise ManifestError(*unread)
    found = await asyncio.to_thread(engine.observer.vault.fingerprints, _salt(opened))
    own = {field: value for (of, field), value in found.items() if of == key.address}
    observed = replace(observed, secrets={**observed.secrets, **{(key.address, f): v for f, v in own.items()}})
    adopt = partial(key_adoption, engine.desired.project, key, seen, recorded, observed)
    return adopt(fingerprints=own, intent=engine.token()), observed


async def _shown(engine: Engine, address: str, name: str, observed: Observed) -> KeyInfo:
    """Return a key by its name; raises UsageError where there is none, or only one of another account."""
    try:
        info = await engine.service.key(name)
    except Refused as fault:
        if fault.status in _NOT_OURS:
            raise UsageError(_not_own(address, name, "the service refuses to show it")) from None
        raise
    if info is None:
        raise UsageError(await _no_key(engine, address, name, observed))
    return info


async def _no_key(engine: Engine, address: str, name: str, observed: Observed) -> Diagnostic:
    own = sorted(key.name for key in observed.keys.values() if not Owners.of(observed, Recorded()).differ(key))
    if name in observed.jobs.jobs or await engine.service.job(name):
        hint = f"a job has this id; its address begins with job.: eocanvas-apply import job.NAME {name}"
    elif own:
        hint = f"the keys of the account: {', '.join(own[:10])}" + (" and more" if len(own) > 10 else "")
    else:
        hint = "the account has no keys"
    return error("no-such-key", f"the service knows no key {name}", hint, address=address)


def _not_own(address: str, name: str, why: str) -> Diagnostic:
    what = f"the key {name!r} is not of this account: {why}"
    hint = f"only its owner can manage it; a public one can be used: declare {typed(address)} with type: existing"
    return error("key-not-own", what, hint, address=address)


def _salt(opened: LedgerOpened | None) -> bytes | None:
    return bytes.fromhex(opened.salt) if opened else None
