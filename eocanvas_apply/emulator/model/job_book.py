"""The jobs of all users: launched, staged in and out, ended; results of earlier jobs as inputs of later ones."""

from __future__ import annotations

import heapq
import re
import uuid
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from urllib.parse import parse_qs, urlsplit

from eocanvas_apply.emulator.model import quotas
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour, Settings
from eocanvas_apply.emulator.model.job import Job
from eocanvas_apply.emulator.model.job_failures import (
    Failure,
    JobFaults,
    built_in,
    judge,
    lost_key,
    missing_file,
    not_fetched,
)
from eocanvas_apply.emulator.model.job_files import (
    AtHand,
    Fetch,
    Output,
    StagedFile,
    StageIn,
    StageOut,
    Work,
    outputs_of,
)
from eocanvas_apply.emulator.model.keystore import Credentials, Keystore, S3Credentials
from eocanvas_apply.emulator.model.messages import message, problem
from eocanvas_apply.emulator.model.product_orders import ProductOrders
from eocanvas_apply.emulator.model.submissions import BASE, Execution, JobInput

_ADDRESS = re.compile(rf"{re.escape(BASE)}/download/([^/]+)/output/([^/]+)")
_PATH = re.compile(r"/?([^/]+)/([^/]+)")
_NAMESPACE = uuid.UUID("6f1c6d1e-52a7-4a52-9d3c-7f6a2f0e9b41")
_WAITING_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Handover:
    """A result that another job is given; `output` is None where that result is not there."""

    source: Job
    output: Output | None


def handed_over(given: JobInput, jobs: Mapping[str, Job]) -> Handover | None:
    """Return the result that an input is, None for an input that is no result of any job."""
    found = _PATH.fullmatch(given.location) if given.key else _ADDRESS.fullmatch(urlsplit(given.location).path)
    source = jobs.get(found[1]) if found else None
    if source is None or found is None:
        return None
    there = source.outputs if source.status == "successful" and not source.vanished else ()
    at_a_key = source.execution.output_key is not None
    fits = (output for output in there if output.name == found[2] and at_a_key is (given.key is not None))
    return Handover(source, next(fits, None))


def failure_of(job: Job, given: JobInput, handover: Handover, behaviour: Behaviour) -> Failure | None:
    """Return how a job fails that stages this result, None when nothing speaks against it."""
    if given.key:
        written = handover.source.credentials.get(handover.source.execution.output_key or "")
        elsewhere = _place(written) != _place(job.credentials.get(given.key))
        return missing_file(given.location) if handover.output is None or elsewhere else None
    if behaviour.own_links == "denied":
        return not_fetched(f"{given.location}: 401 Unauthorized")
    if handover.output is None or handover.source.owner != job.owner:
        return not_fetched(f"{given.location}: 404 Not Found")
    return not_fetched(f"{given.location}: 403 Forbidden") if over(given.location, job.starts) else None


def over(link: str, at: datetime) -> bool:
    """Tell whether a link is not honoured any more."""
    (ends,) = parse_qs(urlsplit(link).query).get("expires", [""])
    return ends.isdecimal() and datetime.fromtimestamp(int(ends), UTC) <= at


def _place(credentials: Credentials | None) -> tuple[str, str]:
    if credentials is None:
        return "", ""
    return credentials.endpoint, credentials.bucket if isinstance(credentials, S3Credentials) else ""


class JobBook:
    """The jobs of all users. `settle` must be called with the time before anything is asked of it."""

    def __init__(
        self, settings: Settings, keystore: Keystore, orders: ProductOrders, faults: JobFaults, random: Random
    ) -> None:
        self.behaviour: Behaviour = settings.behaviour
        self.work: deque[Work] = deque()
        self._settings = settings
        self._keystore = keystore
        self._orders = orders
        self.faults = faults
        self._random = random
        self._jobs: dict[str, Job] = {}
        # When the clock changes which job: a heap, so that a request costs the same however many jobs there are.
        # What an entry says may have been overtaken; then the job does not change at that moment.
        self._due: list[tuple[datetime, int, str]] = []

    def launch(self, user: User, execution: Execution, at: datetime) -> Job:
        """Make a job of a launch. Raises Refusal (400, 403 for its keys, 429 when the quota is used up)."""
        for name in execution.keys:
            self._keystore.usable_by(user, name, at)
        self._check_quota(user, at)
        job_id = self._identifier(user, execution)
        if job_id in self._jobs:
            return self._jobs[job_id]
        job = self._made(job_id, user, execution, at)
        self._jobs[job_id] = job
        self._await(job)
        return job

    def take(self, job: Job) -> None:
        """Take in a job that was launched before the model began."""
        self._jobs[job.id] = job
        self._await(job)

    def settle(self, at: datetime) -> None:
        """Carry out everything that the clock has brought about up to a moment."""
        while (moment := self.next_change()) is not None and moment <= at:
            job = self._jobs[heapq.heappop(self._due)[2]]
            if job.status == "accepted":
                self._begin(job)
            else:
                self._finish(job, moment)
            self._await(job)

    def find(self, user: User, job_id: str) -> Job:
        """Return a job of the user. Raises Refusal (404)."""
        job = self._jobs.get(job_id)
        if job is None or job.owner != user.name or job.vanished:
            raise problem(404, "no-such-job", "NoSuchJob", f"job {job_id} not found")
        return job

    def listed(self, user: User, at: datetime) -> list[Job]:
        """Return the jobs that the list shows to the user, newest first."""
        lag = timedelta(seconds=self.behaviour.list_lag)
        mine = (job for job in reversed(self._jobs.values()) if job.owner == user.name)
        return [job for job in mine if not job.vanished and job.created + lag <= at]

    def dismiss(self, user: User, job_id: str, at: datetime) -> Job:
        """End a job that waits or runs; one that has ended stays as it is. Raises Refusal."""
        if self.behaviour.dismiss != "supported":
            raise message(int(self.behaviour.dismiss), "DELETE is not available for jobs")
        job = self.find(user, job_id)
        if job.in_flight:
            job.dismiss(at)
        return job

    def vanish(self, job_id: str) -> None:
        """Hide a job from every list and request, as if the service had lost it. Raises KeyError."""
        self._jobs[job_id].vanished = True

    def every(self) -> tuple[Job, ...]:
        """Return all jobs of all users in the order of their launches, vanished ones too."""
        return tuple(self._jobs.values())

    def next_change(self) -> datetime | None:
        """Return when the clock alone changes a job next, None when nothing waits for it."""
        while self._due and self._jobs[self._due[0][2]].next_change() != self._due[0][0]:
            heapq.heappop(self._due)
        return self._due[0][0] if self._due else None

    def staged_in(self, job_id: str, files: tuple[StagedFile, ...], outputs: tuple[Output, ...], at: datetime) -> None:
        """Note that a job's inputs were read, and the outputs that it makes of them."""
        job = self._jobs[job_id]
        if job.busy == "staging-in":
            job.busy, job.staged, job.outputs = "", files, outputs
            job.ends = max(job.ends, at)
            self._await(job)

    def storage_failed(self, job_id: str, failure: Failure, at: datetime) -> None:
        """Note that a job could not read its inputs or write its outputs."""
        job = self._jobs[job_id]
        if job.busy:
            job.failure = failure
            job.end(max(job.starts, at))

    def staged_out(self, job_id: str, at: datetime) -> None:
        """Note that a job's outputs were written."""
        job = self._jobs[job_id]
        if job.busy == "staging-out":
            job.end(at)

    def _await(self, job: Job) -> None:
        """Note when the clock changes a job next."""
        moment = job.next_change()
        if moment is not None:
            heapq.heappush(self._due, (moment, job.number, job.id))

    def _made(self, job_id: str, user: User, execution: Execution, at: datetime) -> Job:
        settings = self._settings
        starts = at + timedelta(seconds=settings.job_time * _WAITING_SHARE)
        ends = at + timedelta(seconds=settings.job_time)
        password = f"{self._random.getrandbits(64):016x}"
        job = Job(job_id, len(self._jobs) + 1, user.name, execution, at, starts, ends, password)
        failure = judge(execution) or self.faults.next_for(execution)
        if failure is not None:
            job.fail(failure)
        if job.gives_results:
            job.outputs = outputs_of(job_id, execution, settings.results_per_job, settings.result_size)
        if self.behaviour.key_read == "submission":
            self._read_keys(job, execution.keys, at)
        return job

    def _identifier(self, user: User, execution: Execution) -> str:
        name = f"{user.name} {execution.digest}"
        if not self.behaviour.equal_ids:
            name = f"{name} {len(self._jobs)} {self._random.getrandbits(64)}"
        return str(uuid.uuid5(_NAMESPACE, name))

    def _check_quota(self, user: User, at: datetime) -> None:
        if self._settings.quotas:
            mine = [job.created for job in self._jobs.values() if job.owner == user.name]
            words = "Job quota exceeded, try again later"
            quotas.check(self._settings.quotas, mine, at, self.behaviour.quota_answer, words)

    def _begin(self, job: Job) -> None:
        job.begin()
        read = self.behaviour.key_read
        if read != "submission":
            names = job.execution.keys if read == "staging-in" else _input_keys(job.execution)
            self._read_keys(job, names, job.starts)
        self._stage_orders(job)
        self._stage_results(job)
        if self._settings.storage == "real" and job.gives_results and job.execution.inputs:
            job.busy = "staging-in"
            fetches = tuple(Fetch(i, job.credentials.get(i.key or ""), self._at_hand(i)) for i in job.execution.inputs)
            self.work.append(StageIn(job.id, fetches, job.outputs))

    def _stage_orders(self, job: Job) -> None:
        for given in job.execution.inputs:
            failure = None if given.key else self._orders.failure_of(job.owner, given.location, job.starts)
            if failure is not None:
                job.fail(failure)

    def _stage_results(self, job: Job) -> None:
        for given in job.execution.inputs:
            handover = handed_over(given, self._jobs)
            # What lies in a real storage is really read.
            judged = handover is not None and not (given.key and self._settings.storage == "real")
            failure = failure_of(job, given, handover, self.behaviour) if handover and judged else None
            if failure is not None:
                job.fail(failure)

    def _at_hand(self, given: JobInput) -> AtHand | None:
        if given.key:
            return None
        if order := self._orders.behind(given.location):
            return AtHand(order.file, order.content())
        handover = handed_over(given, self._jobs)
        output = handover.output if handover else None
        return AtHand(output.name, output.content(handover.source.id)) if handover and output else None

    def _finish(self, job: Job, at: datetime) -> None:
        key = job.execution.output_key
        if key is not None and self.behaviour.key_read == "staging-out" and job.gives_results:
            self._read_keys(job, (key,), at)
        if key is not None and self._settings.storage == "real" and job.gives_results:
            job.busy = "staging-out"
            self.work.append(StageOut(job.id, job.credentials[key], job.outputs))
        else:
            job.end(at)

    def _read_keys(self, job: Job, names: Iterable[str], at: datetime) -> None:
        for name in names:
            key = self._keystore.alive(name, at)
            if key is None or (key.credentials is None and name != "eodata"):
                job.fail(replace(lost_key(name), share=_share(job, at)))
                return
            if key.credentials is not None:
                job.credentials = {**job.credentials, name: key.credentials}


def _share(job: Job, at: datetime) -> float:
    """Return when a job that reads its keys now notices that one is missing: never before it runs."""
    usual = built_in("key").share
    if at <= job.starts or not job.span:
        return usual
    return max(usual, (at - job.starts) / job.span)


def _input_keys(execution: Execution) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i.key for i in execution.inputs if i.key is not None))
