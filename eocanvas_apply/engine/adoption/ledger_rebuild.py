"""Making a lost ledger anew: keys and jobs are found at the service, and recorded for their addresses."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.engine.adoption.job_reading import Heard, JobReading, SeenLog
from eocanvas_apply.engine.engine import Engine
from eocanvas_apply.errors import LedgerError, ManifestError
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.fold.job_records import Run, ordinal_of
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.observing.observer import observed_job
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.adoption.imported_job import SeenJob, job_adoption
from eocanvas_apply.planning.adoption.imported_key import SeenKey, key_adoption
from eocanvas_apply.planning.adoption.rebuilding import (
    OwnJob,
    OwnKey,
    Rebuilt,
    own_jobs,
    own_keys,
    shown_trace,
    undecided_launches,
)
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.plan import Requests, instance_of
from eocanvas_apply.planning.planner import plan
from eocanvas_apply.planning.state.observed import Observed, ObservedJob, Pass
from eocanvas_apply.results.index import IndexFiles, place
from eocanvas_apply.results.names import file_names


class Rebuilding(Struct):
    """Finds what a new ledger holds; nothing is written. `recorded` is the record as it will be."""

    engine: Engine
    reading: JobReading
    observed: Observed
    recorded: Recorded

    @classmethod
    async def of(cls, engine: Engine, heard: Heard) -> Rebuilding:
        """Look at the service; raises LedgerError where the ledger has entries, and what a plan raises."""
        engine.require_policy()
        _require_empty(engine.journal.url, await engine.recorded())
        _, observed = await engine.plan(Requests())
        # The plan has read the ledger again: another run may have rebuilt it meanwhile.
        recorded = deepcopy(engine.journal.recorded)
        _require_empty(engine.journal.url, recorded)
        return cls(engine, JobReading(engine, heard), observed, recorded)

    async def rebuilt(self) -> Rebuilt:
        """Return what is found; raises ServiceError, and ManifestError where the secrets of a key cannot be read."""
        desired, opening = self.engine.desired, self.engine.opening()
        events: list[e.AnyEvent] = [opening] if opening else []
        self.recorded.note(events)
        keys, left_keys = own_keys(desired, self.observed)
        adoptions = await self._keys(keys)
        # The list may not show the process of a job.
        processes = {"", *(job.process for job in desired.jobs.values())}
        listed = await self.engine.service.jobs()
        jobs = [observed_job(each) for each in listed.jobs if each.process in processes]
        logs = await self.reading.logs(jobs)
        indexed = await asyncio.to_thread(self._indexed)
        found, left_jobs = own_jobs(desired, jobs, {job_id: log.request for job_id, log in logs.items()}, indexed)
        adoptions += await self._jobs(found, logs)
        at_key = await self._at_key(jobs, logs)
        seen = Pass(listed.begun, listed.complete, {job.job_id: job for job in jobs})
        traces = {job_id: shown_trace(log.request) for job_id, log in logs.items()}
        observed = replace(self.observed, jobs=seen, traces=traces)
        tokens: Iterator[str] = iter(self.engine.token, None)
        undecided = [*undecided_launches(desired, self.recorded, observed, at_key, tokens)]
        self.recorded.note([intended for _, intended in undecided])
        events += [event for each in adoptions for event in each.events]
        return Rebuilt(
            (*events, *(intended for _, intended in undecided)),
            tuple(adoptions),
            tuple(each for each, _ in undecided),
            (*left_keys, *left_jobs),
            len(listed.unreadable),
            plan(desired, Requests(), self.recorded, observed),
        )

    async def _keys(self, keys: Sequence[OwnKey]) -> list[Adoption]:
        vault, opened = self.engine.observer.vault, self.recorded.opened
        if unread := [fault for key in keys for fault in vault.faults.get(key.address, ())]:
            raise ManifestError(*unread)
        salt = bytes.fromhex(opened.salt) if opened else None
        prints = await asyncio.to_thread(vault.fingerprints, salt)
        self.observed = replace(self.observed, secrets={**self.observed.secrets, **prints})
        return [await self._key(key, {f: v for (of, f), v in prints.items() if of == key.address}) for key in keys]

    async def _key(self, key: OwnKey, fingerprints: Mapping[str, str]) -> Adoption:
        engine = self.engine
        info = await engine.service.key(key.shown.name)
        found = key_adoption(
            engine.desired.project,
            engine.desired.keys[key.address],
            SeenKey(key.shown, info.expire_s if info else None),
            self.recorded,
            self.observed,
            fingerprints=fingerprints,
            intent=key.intent,
        )
        self.recorded.note(found.events)
        return found

    async def _jobs(self, jobs: Sequence[OwnJob], logs: Mapping[str, SeenLog]) -> list[Adoption]:
        seen = await self.reading.seen([job.shown for job in jobs], logs)
        indexes = IndexFiles(self.engine.observer.boundary)
        return [await asyncio.to_thread(self._job, *each, indexes) for each in zip(jobs, seen, strict=True)]

    def _job(self, job: OwnJob, seen: SeenJob, indexes: IndexFiles) -> Adoption:
        desired = self.engine.desired
        wanted = desired.jobs[job.address]
        adopt = partial(job_adoption, desired, wanted, seen, self.recorded)
        adoption = adopt(intent=job.intent or self.engine.token(), at=self.observed.at)
        self.recorded.note(adoption.events)
        run = self.recorded.jobs[job.address].runs[job.shown.job_id]
        stored = [*stored_before(wanted, run, indexes)]
        self.recorded.note(stored)
        return replace(adoption, events=(*adoption.events, *stored))

    def _indexed(self) -> Mapping[str, str]:
        """Return the jobs that the indexes of the results folders name, by the address of each."""
        indexes, found = IndexFiles(self.engine.observer.boundary), dict[str, str]()
        for address, job in self.engine.desired.jobs.items():
            folder = place(indexes.boundary.folder, job.index_folder or job.folder or ".")
            if job.output_key is None and (job_id := indexes.jobs(folder).get(instance_of(address))):
                found[address] = job_id
        return found

    async def _at_key(self, jobs: Sequence[ObservedJob], logs: Mapping[str, SeenLog]) -> Mapping[str, bool]:
        """Return whether the results lie at a key, of the jobs without an address whose log shows no mark."""
        nobodys = [job for job in jobs if job.job_id not in self.recorded.owner_of]
        unmarked = [job for job in nobodys if job.job_id not in logs or not logs[job.job_id].request.marks]
        where = {
            seen.shown.job_id: {result.at_key for result in seen.results or ()}
            for seen in await self.reading.seen(unmarked, logs)
        }
        return {job_id: True in kinds for job_id, kinds in where.items() if len(kinds) == 1}


def _require_empty(url: str, recorded: Recorded) -> None:
    if recorded.keys or recorded.jobs:
        what = f"{url} has entries: it is not lost"
        hint = "`ledger rebuild` writes into an empty ledger only; name another by --ledger, or use this one"
        raise LedgerError(error("ledger-not-empty", what, hint))


def stored_before(job: DesiredJob, run: Run, indexes: IndexFiles) -> Iterator[e.ResultStored]:
    """Yield the results of a job that its index lists: what was downloaded is not downloaded again."""
    folder, base = place(indexes.boundary.folder, job.folder or "."), indexes.boundary.folder

    def is_of_another(name: str) -> bool:
        entry = indexes.entry(folder / name)
        return entry is not None and entry.job_id != run.job_id

    for key, name in file_names(run, is_of_another).items():
        path = folder / name.name
        entry = indexes.entry(path)
        if key not in run.pending or entry is None or entry.job_id != run.job_id:
            continue
        title = run.listed[key].title
        yield e.ResultStored(
            address=job.address,
            job_id=run.job_id,
            title=title,
            ordinal=ordinal_of(key, title),
            file=os.path.relpath(path, base).replace(os.sep, "/"),
            size=entry.size,
            sha256=entry.sha256,
        )


async def record(engine: Engine, found: Rebuilt) -> None:
    """Put it on record in one append; raises LedgerConflict where another run was first."""
    await engine.journal.claim(engine.journal.recorded.head, found.events)
