"""A manifest for what an account has: its keys as they are, and its jobs with the graphs and chains of their logs.

Jobs with one graph or chain that differ only by where their inputs lie are one campaign, with a row each. Of jobs that
were given the same, one that succeeded counts before one that runs, then the youngest.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.instances import LONGEST_ID, instance_id
from eocanvas_apply.manifest.model.keys import EODATA
from eocanvas_apply.manifest.model.strict import PHYSICAL_NAME
from eocanvas_apply.manifest.naming import Names, name_like
from eocanvas_apply.planning.adoption.imported_job import SeenJob
from eocanvas_apply.planning.adoption.logged_job import LoggedJob, NotShownError, logged_job
from eocanvas_apply.planning.state.observed import ObservedKey
from eocanvas_apply.vocabulary import OgcStatus, StorageType

_OWN_TAG = re.compile(r"eocanvas-apply \S+ key\.\S+ [0-9a-f]{32}")


class Account(Struct, frozen=True):
    """What the service shows to an account: keys by name, which of them are its own; its jobs, the youngest first."""

    keys: Mapping[str, ObservedKey]
    own: frozenset[str]
    jobs: tuple[SeenJob, ...]


class NotTaken(Struct, frozen=True):
    """A job or key that the manifest leaves out, and why."""

    target: str
    why: str


class DraftKey(Struct, frozen=True):
    """A key that is used as it is: its name in the manifest, at the service, and its type of storage.

    `shown` is False for one that a job names and the service does not show any more.
    """

    name: str
    physical: str
    storage: StorageType
    shown: bool = True


class DraftJob(Struct, frozen=True):
    """A job of the manifest, or a campaign: its name, and the jobs of the service, by the ids of their instances."""

    name: str
    jobs: Mapping[str, LoggedJob]

    @property
    def is_campaign(self) -> bool:
        """Whether it has instances."""
        return len(self.jobs) > 1

    @property
    def example(self) -> LoggedJob:
        """One of its jobs: graph or chain, names of inputs, keys and options are those of all."""
        return next(iter(self.jobs.values()))

    @property
    def varying(self) -> tuple[str, ...]:
        """The names of the inputs that lie elsewhere for some instance."""
        first = self.example.inputs
        others = [job.inputs for job in self.jobs.values()]
        return tuple(name for name in first if any(each[name].location != first[name].location for each in others))

    def addresses(self) -> Iterator[tuple[str, LoggedJob]]:
        """Yield each address with its job of the service."""
        for instance, job in self.jobs.items():
            yield str(Address.job(self.name, instance if self.is_campaign else None)), job


class Draft(Struct, frozen=True):
    """What a manifest for an account holds."""

    project: str
    keys: tuple[DraftKey, ...]
    jobs: tuple[DraftJob, ...]
    left_out: tuple[NotTaken, ...]

    def addresses(self) -> Mapping[str, LoggedJob]:
        """Return the job of the service of each address."""
        return dict(each for job in self.jobs for each in job.addresses())


def draft(project: str, account: Account, unfit: Mapping[str, str]) -> Draft:
    """Return what a manifest holds for an account; `unfit` are ids of jobs that it shall not have, with the reason."""
    left: list[NotTaken] = []
    groups = [*_grouped([*_shown(account.jobs, unfit, left)], left)]
    names = Names()
    jobs = tuple(DraftJob(names.give(_name_of(group[0])), _by_instance(group)) for group in groups)
    return Draft(project, tuple(_keys(account, [job for group in groups for job in group], left)), jobs, tuple(left))


def _shown(jobs: Sequence[SeenJob], unfit: Mapping[str, str], left: list[NotTaken]) -> Iterator[LoggedJob]:
    """Yield what the jobs were given, the oldest first, so that another one later changes no name."""
    # Of several of one second the service's list has the order.
    oldest_first = [*reversed(jobs)]
    oldest_first.sort(key=_age)
    for seen in oldest_first:
        job_id = seen.shown.job_id
        try:
            if job_id in unfit:
                raise NotShownError(unfit[job_id])
            found = logged_job(seen)
            if strange := [name for name in found.keystores if not re.match(PHYSICAL_NAME, name)]:
                raise NotShownError(f"no key can be named {strange[0]!r}")
            yield found
        except NotShownError as why:
            left.append(NotTaken(job_id, str(why)))


def _age(seen: SeenJob) -> float:
    return seen.shown.created.timestamp() if seen.shown.created else 0.0


def _grouped(jobs: Sequence[LoggedJob], left: list[NotTaken]) -> Iterator[list[LoggedJob]]:
    """Yield the jobs that one job or campaign of the manifest stands for, each of them once."""
    groups: dict[object, dict[object, LoggedJob]] = {}
    for job in jobs:
        group = groups.setdefault(_kind(job), {})
        places = tuple(given.location for given in job.inputs.values())
        before = group.get(places)
        kept = before if before and _has_ended(before) and not _has_ended(job) else job
        if before:
            other = before if kept is job else job
            left.append(NotTaken(other.job_id, f"job {kept.job_id} was given the same"))
        group[places] = kept
    yield from ([*group.values()] for group in groups.values())


def _kind(job: LoggedJob) -> object:
    inputs = tuple((name, i.keystore, tuple(sorted(i.options.items()))) for name, i in job.inputs.items())
    return type(job.document), job.document.digest, inputs, job.output


def _has_ended(job: LoggedJob) -> bool:
    return job.seen.shown.status == OgcStatus.SUCCESSFUL


def _by_instance(group: Sequence[LoggedJob]) -> Mapping[str, LoggedJob]:
    names = Names(longest=LONGEST_ID)
    return {names.give(_instance(job)): job for job in group}


def _instance(job: LoggedJob) -> str:
    """Return an id after the file of the first input, in ASCII: every file system takes it."""
    first = next(iter(job.inputs.values()), None)
    file = first.location.rstrip("/").rpartition("/")[2] if first else ""
    return instance_id(re.sub(r"[^\x21-\x7e]+", "_", file)).strip(". ") or "job"


def _name_of(job: LoggedJob) -> str:
    return name_like(*_words(job.document))


def _words(document: Graph | Chain) -> tuple[str, str]:
    """Return what a job may be called after, and what else it is: the operators of a graph, the name of a chain."""
    if isinstance(document, Chain):
        named = (document.fields.get(field) for field in ("name", "id", "product"))
        return str(next(filter(None, named), "")), "chain"
    operators = [each.text.strip() for node in document.nodes if (each := node.child("operator"))]
    return "-".join([each for each in operators if each not in ("Read", "Write")][:2] or operators[:2]), "graph"


def _keys(account: Account, jobs: Sequence[LoggedJob], left: list[NotTaken]) -> Iterator[DraftKey]:
    """Yield the account's own keys, and those that jobs name; another project's only where a job names it."""
    used = {name for job in jobs for name in job.keystores}
    wanted = {*used, *_unused(account, used, left)} - {EODATA}
    outputs, names = {job.output for job in jobs}, Names(EODATA)
    for physical in sorted(wanted):
        shown = account.keys.get(physical)
        # Of one that is gone: a Drive takes results only, and most buckets are read from.
        guess = StorageType.WEBDAV if physical in outputs else StorageType.S3
        storage = StorageType(shown.storage) if shown and shown.storage in {*StorageType} else guess
        yield DraftKey(names.give(name_like(physical, "key")), physical, storage, shown is not None)


def _unused(account: Account, used: set[str], left: list[NotTaken]) -> Iterator[str]:
    """Yield the names of the account's own keys that no job names, without those that it cannot have."""
    for name in sorted(account.own - used):
        if _OWN_TAG.search(account.keys[name].description):
            left.append(NotTaken(name, "a project of eocanvas-apply manages it"))
        elif account.keys[name].storage not in {*StorageType}:
            left.append(NotTaken(name, "the service does not show its type of storage"))
        else:
            yield name
