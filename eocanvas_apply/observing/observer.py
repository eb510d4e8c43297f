"""One observation: keys, jobs as far back as matters, traces of candidates, listings, secrets, stored files."""

from __future__ import annotations

import asyncio
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import structs

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.documents.trace import Trace, trace_of
from eocanvas_apply.errors import Refused, ServiceError
from eocanvas_apply.ledger.event_values import ListedResult, Remark
from eocanvas_apply.ledger.events import JobIntended
from eocanvas_apply.ledger.fold.job_records import Run
from eocanvas_apply.ledger.fold.order_records import Order
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.observing.inquiries import Inquiries
from eocanvas_apply.observing.key_listing import observe_keys
from eocanvas_apply.observing.log_ends import end_of_log
from eocanvas_apply.observing.shown_processes import ShownProcesses
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.failures import Failure, classify
from eocanvas_apply.planning.log_rules import remarks_in
from eocanvas_apply.planning.logged_software import software_in
from eocanvas_apply.planning.schedule.windows import longest
from eocanvas_apply.planning.state.observed import (
    Download,
    DownloadState,
    Observed,
    ObservedJob,
    ObservedKey,
    Pass,
    Sealing,
)
from eocanvas_apply.planning.state.order_book import awaited_orders
from eocanvas_apply.planning.state.reconciling import SKEW, candidates, unanswered
from eocanvas_apply.planning.state.runs import (
    STUCK,
    Runs,
    definition,
    has_output_key,
    log_unread,
    status_of,
    unsettled_runs,
)
from eocanvas_apply.results.presence import StoredFiles
from eocanvas_apply.secrets.fingerprints import scheme_of
from eocanvas_apply.secrets.vault import Vault
from eocanvas_apply.service.entries import Unreadable
from eocanvas_apply.service.eocanvas import EOCanvas
from eocanvas_apply.service.hda_client import Hda
from eocanvas_apply.service.pages import JobList
from eocanvas_apply.service.wire import JobInfo, ResultInfo
from eocanvas_apply.vocabulary import OgcStatus, has_ended

_DOWNLOADS_AT_ONCE = 4
# For so long a round waits for the list of processes when all else is read.
_PROCESSES_S = 2.0
_GONE = 410
# The service tells its time in whole seconds.
_ROUNDING = timedelta(seconds=2)


class _Said(NamedTuple):
    """What the log of a successful job says."""

    remarks: tuple[Remark, ...]
    software: Mapping[str, str]


@dataclass(slots=True)
class Observer:
    """Observes for one run; what cannot change any more (the logs of ended jobs) is read once.

    With `reads_processes` what the service shows of processes is read too, once.
    """

    service: EOCanvas
    vault: Vault
    boundary: Boundary
    reads_processes: bool = False
    _traces: dict[str, Trace] = field(default_factory=dict)
    _listed: Mapping[str, ObservedJob] = field(default_factory=dict)
    _counted_to: datetime | None = None
    _files: StoredFiles = field(init=False)
    _inquiries: Inquiries = field(default_factory=Inquiries)
    # When an entry of the list of jobs that cannot be read was seen first.
    _unreadable: dict[str, datetime] = field(default_factory=dict)
    _processes: ShownProcesses = field(init=False)

    def __post_init__(self) -> None:
        self._files = StoredFiles(self.boundary)
        self._processes = ShownProcesses(self.service)

    @property
    def folder(self) -> Path:
        """The manifest's folder."""
        return self.boundary.folder

    async def observe(self, desired: Desired, recorded: Recorded, again: Container[str] = ()) -> Observed:
        """Return what is there now; raises ServiceError where the service cannot be read.

        `again` are the addresses of jobs that are asked to be launched once more.
        """
        self._inquiries.patience = 4 * desired.timing.request_timeout
        # What these find is needed at the end: they go on beside the lists. Fingerprints take as long as a request.
        fingerprints = asyncio.create_task(asyncio.to_thread(self._fingerprints, recorded))
        sealing = asyncio.create_task(self._sealing(desired))
        processes = (
            asyncio.create_task(self._processes.read(desired, recorded, again)) if self.reads_processes else None
        )
        try:
            observed = await self._observed(desired, recorded, fingerprints, sealing)
            if processes:
                # A plan does not wait long for what only warns.
                done, _ = await asyncio.wait({processes}, timeout=_PROCESSES_S)
                for task in done:
                    task.result()
            return structs.replace(
                observed,
                processes=self._processes.versions,
                described=self._processes.described,
                irregular=(*observed.irregular, *self._irregular()),
            )
        finally:
            await _ended(fingerprints, sealing, *([processes] if processes else []))

    def _fingerprints(self, recorded: Recorded) -> Mapping[tuple[str, str], str]:
        """Return the fingerprints of all secrets, of each key by the scheme that its generation of now was made by."""
        salt = bytes.fromhex(recorded.opened.salt) if recorded.opened else None
        sealed = {address: found for address, record in recorded.keys.items() if (found := record.sealed)}
        names = {address: found.address for address, found in sealed.items()}
        return self.vault.fingerprints(salt, recorded_schemes(recorded), names)

    async def _observed(
        self,
        desired: Desired,
        recorded: Recorded,
        fingerprints: asyncio.Task[Mapping[tuple[str, str], str]],
        sealed: asyncio.Task[tuple[Sealing | None, tuple[Diagnostic, ...]]],
    ) -> Observed:
        seen = await observe_keys(self.service, desired, recorded)
        keys, now = seen.by_name, self.service.time.now()
        intended, runs = unanswered(recorded, now), unsettled_runs(recorded, now, desired.timing)
        jobs = await self._pass(self._with_windows(desired, self._look_back(desired, intended, runs, keys)))
        self._listed = _counting({**self._listed, **jobs.jobs}, jobs.begun - longest(desired.limits) - SKEW)
        jobs, gone = await self._absentees(runs, jobs)
        unclear = frozenset(run.job_id for _, run in runs if run.in_flight and _unclear(run, jobs, gone))
        at = self.service.time.now()
        listings = await self._listings(runs, jobs)
        sealing, unusable = await sealed
        logs = await self._logs(desired, runs, jobs, at)
        return Observed(
            at=at,
            account=self.service.account,
            service=self.service.endpoints.base_url,
            keys=keys,
            withheld=seen.withheld,
            jobs=jobs,
            gone=gone,
            listed=self._listed,
            traces=await self._candidate_traces(intended, recorded, jobs),
            failures=await self._failures(runs, jobs),
            remarks={job_id: said.remarks for job_id, said in logs.items()},
            software={job_id: said.software for job_id, said in logs.items()},
            results=listings,
            secrets=await fingerprints,
            unreadable=self.vault.faults,
            sealing=sealing,
            files=await asyncio.to_thread(self._files.changed, recorded),
            downloads=await observe_downloads(
                self.service.hda, awaited_orders(desired, recorded, at), desired.timing.request_timeout
            ),
            unclear=unclear,
            irregular=unusable,
        )

    def _irregular(self) -> tuple[Diagnostic, ...]:
        return (*self.service.irregularities.diagnostics(), *self._inquiries.diagnostics())

    def _look_back(
        self, desired: Desired, intended: Iterable[JobIntended], runs: Runs, keys: Mapping[str, ObservedKey]
    ) -> datetime | None:
        """Return how far back the list of jobs matters; None where nothing in it does."""
        now = self.service.time.now()
        since = [each.decided - SKEW for each in intended]
        running = (run for _, run in runs if run.in_flight)
        since += [run.created - SKEW if run.created else now - STUCK for run in running]
        rotating = (key.fixed_name for key in desired.keys.values() if not key.existing)
        if any(name in keys for name in rotating if name):
            since.append(now - STUCK)
        if desired.max_running is not None:
            # Running jobs count, also those launched elsewhere.
            since.append(now - STUCK)
        return min(since, default=None)

    def _with_windows(self, desired: Desired, back_to: datetime | None) -> datetime | None:
        """Look back as far as the quota counts once, and from then on to the last complete look."""
        if not desired.limits:
            return back_to
        counts = self._counted_to - SKEW if self._counted_to else self.service.time.now() - longest(desired.limits)
        return min(counts, back_to) if back_to else counts

    async def _pass(self, back_to: datetime | None) -> Pass:
        if back_to is None:
            return Pass(self.service.time.now(), complete=False, jobs={})
        listed = await self.service.jobs(back_to)
        if listed.complete:
            self._counted_to = listed.begun
        jobs = {job.job_id: observed_job(job) for job in listed.jobs}
        return Pass(listed.begun, listed.complete, jobs, self._hidden_until(listed))

    def _hidden_until(self, listed: JobList) -> datetime | None:
        """Return until when a job may have been created that an unreadable entry stands for, None without one."""
        self._unreadable = {e.digest: self._unreadable.get(e.digest, listed.begun) for e in listed.unreadable}
        return max((_latest(each, self._unreadable[each.digest]) for each in listed.unreadable), default=None)

    async def _absentees(self, runs: Runs, jobs: Pass) -> tuple[Pass, frozenset[str]]:
        """Ask for the runs in flight that the list does not show, each by its own address."""
        absent = [run.job_id for _, run in runs if run.in_flight and run.job_id not in jobs.jobs]
        found = await self._inquiries.each("the status", absent, self.service.job)
        present = {job_id: observed_job(job) for job_id, job in found.items() if job}
        gone = frozenset(job_id for job_id, job in found.items() if job is None)
        return structs.replace(jobs, jobs={**jobs.jobs, **present}), gone

    async def _candidate_traces(
        self, intended: Iterable[JobIntended], recorded: Recorded, jobs: Pass
    ) -> Mapping[str, Trace]:
        found = {job.job_id: job for job in candidates(intended, recorded, jobs.jobs.values())}
        unread = [job_id for job_id in found if job_id not in self._traces]
        fresh = await self._inquiries.each("the trace in the log", unread, self._trace)
        known = {job_id: trace for job_id, trace in {**self._traces, **fresh}.items() if trace and job_id in found}
        # Only an ended job's log that says something will not change any more.
        self._traces = {job_id: trace for job_id, trace in known.items() if has_ended(found[job_id].status)}
        return known

    async def _trace(self, job_id: str) -> Trace | None:
        text = await self.log(job_id)
        # A log of many megabytes takes seconds, in which the other requests go on.
        return await asyncio.to_thread(trace_of, text) if text else None

    async def _failures(self, runs: Runs, jobs: Pass) -> Mapping[str, Failure | None]:
        """Read the logs of the failed jobs of which the ledger does not say yet why they failed, where they can be."""
        unexplained = (run for _, run in runs if not run.failure)
        failed = [run.job_id for run in unexplained if status_of(run, jobs.jobs) == OgcStatus.FAILED]
        return await self._inquiries.each("the log", failed, self._failure)

    async def _failure(self, job_id: str) -> Failure | None:
        return self.failure_in(await self.log(job_id))

    def failure_in(self, log: str) -> Failure | None:
        """Return why a job failed by its log, None for an empty one."""
        end = end_of_log(log)
        return classify(self.service.scrubber.hide(end).splitlines()) if end else None

    async def _logs(self, desired: Desired, runs: Runs, jobs: Pass, at: datetime) -> Mapping[str, _Said]:
        """Read the logs of jobs that ended well just now: what makes a result doubtful, and what made it."""
        unread: dict[str, str | None] = {}
        for record, run in runs:
            if log_unread(record, run, jobs.jobs, at, desired.timing):
                intended = definition(record, run)
                unread[run.job_id] = intended.process if intended else None

        async def read(job_id: str) -> _Said | None:
            try:
                log = await self.log(job_id)
            except Refused:
                # A result is good without it: nothing stops here.
                return None
            found = await asyncio.to_thread(remarks_in, log, unread[job_id]) if log else None
            hide = self.service.scrubber.hide
            if found is None:
                return None
            return _Said(
                tuple(structs.replace(each, line=hide(each.line)) for each in found),
                software_in(log, unread[job_id]),
            )

        found = await self._inquiries.each("the log", unread, read)
        return {job_id: said for job_id, said in found.items() if said is not None}

    async def log(self, job_id: str) -> str:
        """Return the log of a job, its messages joined by line breaks; empty where there is none."""
        return "\n".join(entry.message for entry in await self.service.logs(job_id) or ())

    async def _listings(self, runs: Runs, jobs: Pass) -> Mapping[str, tuple[ListedResult, ...] | None]:
        ended = (each for each in runs if status_of(each[1], jobs.jobs) == OgcStatus.SUCCESSFUL)
        at_key = {run.job_id: has_output_key(record, run) for record, run in ended if not run.results}
        found = await self._inquiries.each("the list of results", at_key, self.service.results)
        return {job_id: listing(listed, at_key=at_key[job_id]) for job_id, listed in found.items()}

    async def _sealing(self, desired: Desired) -> tuple[Sealing | None, tuple[Diagnostic, ...]]:
        """Return how keys are sealed, or why that is unknown: then no key can be created, and all else goes on."""
        if all(key.existing for key in desired.keys.values()):
            return None, ()
        try:
            public_key = await self.vault.public_key(self.service.public_key)
        except ServiceError as fault:
            if isinstance(fault, Refused) and fault.concerns_account:
                raise
            return None, (structs.replace(fault.diagnostics[0], severity=Severity.WARNING),)
        return Sealing(public_key.limit, public_key.bits, self.vault.sealed_sizes(), public_key.digest), ()


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what is still at work; what went wrong in it does not matter any more."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def recorded_schemes(recorded: Recorded) -> Mapping[str, str]:
    """Return, by the address of each key, the scheme by which the secrets of its generation of now are recorded."""
    made = {address: found.secrets for address, record in recorded.keys.items() if (found := record.sealed)}
    return {address: scheme_of(next(iter(secrets.values()))) for address, secrets in made.items() if secrets}


def _counting(listed: Mapping[str, ObservedJob], since: datetime) -> Mapping[str, ObservedJob]:
    """Return the jobs that may still count in a window: a run of weeks sees more jobs than it could keep."""
    return {job_id: job for job_id, job in listed.items() if job.created is None or job.created > since}


def _unclear(run: Run, jobs: Pass, gone: frozenset[str]) -> bool:
    seen = jobs.jobs.get(run.job_id)
    return run.job_id not in gone if seen is None else seen.status not in {*OgcStatus}


def _latest(entry: Unreadable, first_seen: datetime) -> datetime:
    seen = first_seen + _ROUNDING
    return min(seen, entry.created + SKEW) if entry.created else seen


def observed_job(info: JobInfo) -> ObservedJob:
    """Return a job of the service as it is observed."""
    return ObservedJob(info.job_id, info.process, info.status, info.created, info.started, info.finished)


def listing(results: Sequence[ResultInfo] | None, *, at_key: bool) -> tuple[ListedResult, ...] | None:
    """Return the listed results, None where the service had none yet; with `at_key` the job wrote them to its key."""
    if results is None:
        return None
    return tuple(ListedResult(title=r.title or r.href, name=r.name, at_key=at_key or r.at_key) for r in results)


async def observe_downloads(hda: Hda, orders: Iterable[Order], patience: timedelta) -> Mapping[str, Download]:
    """Ask for each download, a few at a time, and for all of them no longer than `patience`.

    Those without an answer by then are unknown: jobs that need nothing of the HDA must not wait for it.
    """
    ids = list(dict.fromkeys(order.download_id for order in orders if order.download_id))
    inquiries = Inquiries(patience, at_once=_DOWNLOADS_AT_ONCE)
    states = await inquiries.each("the order", ids, partial(_download_state, hda))
    return {each: Download(states.get(each, DownloadState.UNKNOWN), hda.download_url(each)) for each in ids}


async def _download_state(hda: Hda, download_id: str) -> DownloadState:
    try:
        return DownloadState.READY if await hda.ready(download_id) else DownloadState.WAITING
    except Refused as refused:
        # Failed orders are refused with several statuses; none of them has a file.
        return DownloadState.UNKNOWN if refused.concerns_account else DownloadState.GONE
    except ServiceError as fault:
        return DownloadState.GONE if fault.status == _GONE else DownloadState.UNKNOWN
