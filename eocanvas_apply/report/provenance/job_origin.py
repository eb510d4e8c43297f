"""How a job came to be, as the ledger has it: definition, inputs, versions and times, without secrets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.ledger.event_values import Region
from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.fingerprint import DOCUMENT
from eocanvas_apply.planning.state.runs import definition
from eocanvas_apply.report.provenance.given_inputs import GivenInput, given_inputs
from eocanvas_apply.secrets.published_text import published_field, published_values

# Jobs of jobs of jobs: a pipeline has a few levels.
_MOST_LEVELS = 8
_KINDS = {"snap-function": "graph", "dataTailor": "chain"}


class JobOrigin(Struct, frozen=True):
    """One job of the service and what it was launched with.

    `process` and `fingerprint` are None, and params and inputs empty, where its launch is not on record. `document` is
    the digest of its graph or chain, `software` versions by name as its log shows them, `options` those of inputs by
    name. Times are the service's; `decided` is when the launch was. `remarks` are the codes of what its log says.
    """

    address: str
    job_id: str
    status: str
    process: str | None = None
    process_version: str | None = None
    software: Mapping[str, str] = field(default_factory=dict)
    document: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    inputs: tuple[GivenInput, ...] = ()
    fingerprint: str | None = None
    region: Region | None = None
    intent: str | None = None
    decided: datetime | None = None
    created: datetime | None = None
    started: datetime | None = None
    finished: datetime | None = None
    remarks: tuple[str, ...] = ()

    @property
    def instance(self) -> str | None:
        """The id of its row, None where it is no campaign."""
        return Address.parse(self.address).instance

    @property
    def document_kind(self) -> str:
        """What its document is called: a graph or a chain."""
        return _KINDS.get(self.process or "", "document")


def job_origin(recorded: Recorded, record: JobRecord, run: Run) -> JobOrigin:
    """Return how a run of a job came to be."""
    known = JobOrigin(
        record.address,
        run.job_id,
        run.status,
        software=run.software or {},
        intent=run.intent,
        created=run.created,
        started=run.started,
        finished=run.finished,
        remarks=tuple(each.code for each in run.remarks or ()),
    )
    return _with_definition(known, recorded, record, run)


def _with_definition(known: JobOrigin, recorded: Recorded, record: JobRecord, run: Run) -> JobOrigin:
    intended = definition(record, run)
    if intended is None:
        return known
    components = intended.components
    return replace(
        known,
        process=intended.process,
        process_version=intended.process_version,
        document=components.get(DOCUMENT),
        params={name: str(published_field(name, str(value))) for name, value in components.get("params", {}).items()},
        options=published_values(components.get("options", {})),
        inputs=tuple(given_inputs(components, intended.keys, recorded)),
        fingerprint=intended.fingerprint,
        region=intended.region,
        decided=intended.decided,
    )


def run_before(recorded: Recorded, given: GivenInput) -> tuple[JobRecord, Run] | None:
    """Return the run whose result an input is, None where it is no result or that run is not on record."""
    record = recorded.jobs.get(recorded.is_now_at(given.title)) if given.kind == "result" else None
    for run in reversed([*record.runs.values()]) if record else ():
        intended = definition(record, run) if record else None
        if record and intended and intended.fingerprint == given.fingerprint:
            return record, run
    return None


def source_names(recorded: Recorded, origin: JobOrigin, levels: int = _MOST_LEVELS) -> Iterator[str]:
    """Yield the names of the products and files that a job was made of, those of the jobs before it included."""
    for given in origin.inputs:
        before = run_before(recorded, given) if levels else None
        if before:
            yield from source_names(recorded, job_origin(recorded, *before), levels - 1)
        else:
            yield given.title
