"""A lost ledger, made anew from what the service shows: which keys and jobs are of which address of the manifest.

A key names its address in its description. The mark of a job holds a digest of its address, so that it is found by the
digests of all addresses of the manifest. The index of a results folder names jobs too, also those that show no mark.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.mark import mark_for
from eocanvas_apply.documents.trace import LoggedRequest, Trace, inputs_digest
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.event_values import TraceDigests
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.adoption.adoption import Adoption
from eocanvas_apply.planning.adoption.refusals import other_type
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.keys.ownership import Owners
from eocanvas_apply.planning.plan import Plan
from eocanvas_apply.planning.state.observed import Observed, ObservedJob, ObservedKey
from eocanvas_apply.planning.state.reconciling import Evidence


class OwnKey(Struct, frozen=True):
    """A key of the service that stands for an address, and the intent that its description holds."""

    address: str
    shown: ObservedKey
    intent: str


class OwnJob(Struct, frozen=True):
    """A job of the service that is an address's, and the intent in its mark; None where an index says it."""

    address: str
    shown: ObservedJob
    intent: str | None


class Undecided(Struct, frozen=True):
    """An address without a job of its own, and the jobs that may be its: what a person decides between."""

    address: str
    suspects: tuple[ObservedJob, ...]


class LeftOut(Struct, frozen=True):
    """A key or job of this project that is not recorded, and why; `target` is its name or id."""

    address: str
    target: str
    why: str


class Rebuilt(Struct, frozen=True):
    """What a new ledger would hold, and what the next plan makes of it.

    `unread` is the number of entries of the list of jobs that cannot be read.
    """

    events: tuple[e.AnyEvent, ...]
    adoptions: tuple[Adoption, ...]
    undecided: tuple[Undecided, ...]
    left_out: tuple[LeftOut, ...]
    unread: int
    next: Plan


def own_keys(desired: Desired, observed: Observed) -> tuple[list[OwnKey], list[LeftOut]]:
    """Return the youngest key of each address, and the other keys of this project."""
    tag = re.compile(rf"eocanvas-apply {re.escape(desired.project)} (key\.\S+) ([0-9a-f]{{32}})")
    owners, found, left = Owners.of(observed, Recorded()), dict[str, OwnKey](), list[LeftOut]()
    for shown in sorted(observed.keys.values(), key=_age_of_key):
        match = tag.search(shown.description)
        if match is None or owners.exclude(shown):
            continue
        address = match[1]
        if why := _not_taken(desired, address, shown):
            left.append(LeftOut(address, shown.name, why))
            continue
        if older := found.get(address):
            left.append(LeftOut(address, older.shown.name, f"{shown.name} is younger"))
        found[address] = OwnKey(address, shown, match[2])
    return [*found.values()], left


def _not_taken(desired: Desired, address: str, shown: ObservedKey) -> str | None:
    key = desired.keys.get(address)
    if key is None or key.existing:
        return "the manifest has no such key to manage"
    if other_type(key, shown):
        return f"it opens a storage of type {shown.storage}, and {address} is of type {key.storage}"
    if key.fixed_name not in (None, shown.name):
        return f"the manifest names it {key.fixed_name}"
    return None


def _age_of_key(key: ObservedKey) -> tuple[bool, float, str]:
    return key.created is not None, key.created.timestamp() if key.created else 0.0, key.name


def own_jobs(
    desired: Desired,
    jobs: Sequence[ObservedJob],
    requests: Mapping[str, LoggedRequest],
    indexed: Mapping[str, str],
) -> tuple[list[OwnJob], list[LeftOut]]:
    """Return the youngest job of each address by the marks in the logs, and the older ones.

    `jobs` are as the service lists them, the youngest first: several may be of one second. An address without a mark
    has the job that is `indexed` for it, where that shows no mark either.
    """
    addresses = {mark_for("", desired.project, address).target: address for address in desired.jobs}
    found, left = dict[str, OwnJob](), list[LeftOut]()
    oldest_first = [*reversed(jobs)]
    oldest_first.sort(key=_age_of_job)
    for shown in oldest_first:
        request = requests.get(shown.job_id)
        known = (mark for mark in sorted(request.marks) if mark.target in addresses) if request else iter(())
        if (mark := next(known, None)) is None:
            continue
        address = addresses[mark.target]
        if older := found.get(address):
            left.append(LeftOut(address, older.shown.job_id, f"{shown.job_id} is younger"))
        found[address] = OwnJob(address, shown, mark.intent)
    unmarked = {job.job_id: job for job in jobs if not (job.job_id in requests and requests[job.job_id].marks)}
    # One that two addresses would have was edited into an index.
    once = {job_id for job_id, count in Counter(indexed.values()).items() if count == 1}
    for address, job_id in indexed.items():
        job = unmarked.get(job_id) if job_id in once and address not in found else None
        if job and job.process in ("", desired.jobs[address].process):
            found[address] = OwnJob(address, job, None)
    return [*found.values()], left


def _age_of_job(job: ObservedJob) -> float:
    return job.created.timestamp() if job.created else 0.0


def shown_trace(request: LoggedRequest) -> Trace:
    """Return what a log shows as digests."""
    documents = frozenset(document.digest for document in request.documents)
    return Trace(request.marks, documents, frozenset(map(inputs_digest, request.inputs)), request.cut)


def undecided_launches(
    desired: Desired, recorded: Recorded, observed: Observed, at_key: Mapping[str, bool], intents: Iterator[str]
) -> Iterator[tuple[Undecided, e.JobIntended]]:
    """Yield the addresses without a job that one of the jobs without a mark may be, each with a launch left open.

    The open launch makes a plan ask what became of it. It is never launched before that is decided. `at_key` tells of
    jobs whether their results lie at a key, as far as the service lists results: an address whose results go
    elsewhere is not theirs.
    """
    evidence = Evidence.of(desired.project, desired.timing, recorded, observed)
    for job in desired.jobs.values():
        if job.address in recorded.jobs or not (unmarked := evidence.unmarked.get(job.process)):
            continue
        since = _earliest([each.job for each in unmarked], observed.at)
        intended = _open_launch(job, next(intents), since)
        fits = (None, job.output_key is not None)
        if suspects := [each for each in evidence.suspects(intended) if at_key.get(each.job_id) in fits]:
            since = _earliest(suspects, observed.at)
            # If it was sent, the service has shown its job by now: there is nothing to wait for.
            settled = since - desired.timing.settle - desired.timing.request_timeout
            yield Undecided(job.address, tuple(suspects)), replace(intended, decided=since, send_before=settled)


def _earliest(jobs: Sequence[ObservedJob], now: datetime) -> datetime:
    return min((job.created for job in jobs if job.created), default=now)


def _open_launch(job: DesiredJob, intent: str, decided: datetime) -> e.JobIntended:
    document = job.document.fill(job.params) if isinstance(job.document, Graph) else job.document
    return e.JobIntended(
        address=job.address,
        intent=intent,
        process=job.process,
        fingerprint=job.fingerprint,
        components=dict(job.components),
        # The physical names of the keys of then are not known, and so not the inputs as they were sent.
        trace=TraceDigests(document=document.digest if document and not job.marked else None),
        marked=job.marked,
        body_sha256="",
        output=job.output,
        max_duration_s=int(job.max_duration.total_seconds()),
        decided=decided,
        send_before=decided,
    )
