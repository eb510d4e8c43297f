"""A job or campaign with its results, each with what made it: what a catalogue of them says."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.plan import campaign_of
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.report.provenance.job_origin import JobOrigin, job_origin, run_before, source_names
from eocanvas_apply.report.provenance.place_and_time import PlaceAndTime, place_and_time


class ResultFacts(Struct, frozen=True):
    """One result as it stands: `file` is relative to the project's folder, None where it lies at a key.

    `location` is its address there, None where the ledger does not know it. `size` is in bytes, `sha256` in hex.
    """

    address: str
    title: str
    file: str | None = None
    location: str | None = None
    size: int | None = None
    sha256: str | None = None

    @property
    def name(self) -> str:
        """The last part of its path."""
        return posixpath.basename((self.file or self.location or self.title).rstrip("/")) or "result"


class DefinedJob(Struct, frozen=True):
    """What the manifest says of a job now: the fields of its row, its fingerprint, and its graph or chain's path."""

    fields: Mapping[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    document_file: str | None = None


class DescribedRun(Struct, frozen=True):
    """One job of the service with its results. `before` are the ids of the jobs whose results it was given.

    `as_in_manifest` tells whether the manifest of now defines the very same job; None where that is not known.
    """

    origin: JobOrigin
    results: tuple[ResultFacts, ...]
    where: PlaceAndTime
    fields: Mapping[str, Any]
    before: Mapping[str, str] = field(default_factory=dict)
    as_in_manifest: bool | None = None
    document_file: str | None = None


class DescribedJob(Struct, frozen=True):
    """A job or a campaign: `folder` is the one that holds all of its files, `left` counts what is not described."""

    address: str
    project: str
    folder: str
    runs: tuple[DescribedRun, ...]
    left: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name of the job in the manifest."""
        return Address.parse(self.address).name


def described_jobs(
    recorded: Recorded,
    results: Sequence[ResultFacts],
    left: Iterable[tuple[str, str, str]],
    defined: Mapping[str, DefinedJob],
) -> list[DescribedJob]:
    """Return the jobs and campaigns that these results are of; `left` are address, state and file of all others.

    Jobs without any result that is here or at a key have no runs.
    """
    by_address: dict[str, list[ResultFacts]] = {}
    for each in results:
        by_address.setdefault(each.address, []).append(each)
    runs: dict[str, list[DescribedRun]] = {}
    for address, own in by_address.items():
        if described := _run(recorded, address, tuple(own), defined.get(address, DefinedJob())):
            runs.setdefault(campaign_of(address) or address, []).append(described)
    states: dict[str, Counter[str]] = {}
    homes: dict[str, set[str]] = {}
    for address, state, file in left:
        owner = campaign_of(address) or address
        states.setdefault(owner, Counter())[state] += 1
        homes.setdefault(owner, set()).add(_home(address, file))
    project = recorded.opened.project if recorded.opened else ""
    return [
        DescribedJob(
            owner, project, _folder(owner, _homes(own) or homes.get(owner, ())), tuple(own), states.get(owner, {})
        )
        for owner in dict.fromkeys([*runs, *states])
        for own in [runs.get(owner, [])]
    ]


def _run(
    recorded: Recorded, address: str, results: tuple[ResultFacts, ...], defined: DefinedJob
) -> DescribedRun | None:
    record = recorded.jobs.get(address)
    run = counted_run(record)
    if record is None or run is None:
        return None
    origin = job_origin(recorded, record, run)
    origin = replace(origin, inputs=tuple(each.with_place(defined.fields) for each in origin.inputs))
    names = (source_names(recorded, origin), filter(None, [origin.instance]))
    where = place_and_time(defined.fields, origin.region, names, origin.finished or origin.created)
    sources = ((given.name, run_before(recorded, given)) for given in origin.inputs)
    before = {name: found[1].job_id for name, found in sources if found}
    known = defined.fingerprint is not None and origin.fingerprint is not None
    same = defined.fingerprint == origin.fingerprint if known else None
    return DescribedRun(origin, results, where, defined.fields, before, same, defined.document_file)


def _homes(runs: Iterable[DescribedRun]) -> set[str]:
    return {_home(run.origin.address, each.file) for run in runs for each in run.results if each.file}


def _folder(owner: str, homes: Iterable[str]) -> str:
    """Return the folder that holds the files of all runs; that of a campaign is above those of its instances."""
    if not homes:
        return f"results/{Address.parse(owner).name}"
    levels = zip(*(home.split("/") for home in homes), strict=False)
    return "/".join(level[0] for level in takewhile(lambda level: len(set(level)) == 1, levels)) or "."


def _home(address: str, file: str) -> str:
    folder, name = posixpath.split(posixpath.dirname(file))
    return (folder or ".") if name == Address.parse(address).instance else posixpath.dirname(file) or "."
