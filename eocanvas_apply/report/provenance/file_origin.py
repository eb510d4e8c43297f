"""From a file back to what made it: which recorded result it is, and how surely."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from eocanvas_apply.ledger.fold.job_records import JobRecord, ResultFile, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.at_keys import location_of
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.report.provenance.described_job import DefinedJob
from eocanvas_apply.report.provenance.job_origin import JobOrigin, job_origin
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion


class FileIs(StrEnum):
    """What a file is of the result that is on record."""

    AS_DOWNLOADED = "as-downloaded"
    EDITED = "edited"
    ELSEWHERE = "elsewhere"
    MISSING = "missing"
    AT_KEY = "at-key"


class RecordedResult(Struct, frozen=True):
    """A result on record: `stored` is None where it lies at a key, at `location`."""

    record: JobRecord
    run: Run
    stored: ResultFile | None = None
    location: str | None = None

    @property
    def counts(self) -> bool:
        """Whether it is of the job that counts now; others are superseded, duplicated or forgotten."""
        return not self.record.forgotten and counted_run(self.record) is self.run


class Act(Struct, frozen=True):
    """Something that was done: when, and by which writer of the ledger (host and a random word)."""

    time: datetime
    writer: str


class FileOrigin(Struct, frozen=True):
    """What made a file. `file` is as it was asked for, `recorded` the path or address on record.

    `also` are the other jobs that left the very same content, `launched` and `downloaded` who did that and when.
    `defined` is what the manifest of now says of the job, None where it does not have it; `line` is where. `kept` is
    the path of the graph or chain as it was launched, None where it is not kept here. `account` is that of the ledger.
    """

    file: str
    state: FileIs
    recorded: str
    counts: bool
    origin: JobOrigin
    size: int | None = None
    sha256: str | None = None
    also: tuple[JobOrigin, ...] = ()
    account: str = ""
    service: str = ""
    launched: Act | None = None
    downloaded: Act | None = None
    defined: DefinedJob | None = None
    line: tuple[str, int] | None = None
    version: ManifestVersion = field(default_factory=ManifestVersion)
    kept: str | None = None

    @property
    def as_in_manifest(self) -> bool | None:
        """Whether the manifest of now defines the very same job; None where that is not known."""
        if self.defined is None or self.defined.fingerprint is None or self.origin.fingerprint is None:
            return None
        return self.defined.fingerprint == self.origin.fingerprint

    @property
    def fields(self) -> Mapping[str, Any]:
        """Those of the row, as the manifest has them now."""
        return self.defined.fields if self.defined else {}


def stored_files(recorded: Recorded) -> Iterator[RecordedResult]:
    """Yield every result that was ever downloaded, of every job."""
    for record, run in recorded.runs():
        for stored in run.stored.values():
            yield RecordedResult(record, run, stored)


def at_address(recorded: Recorded, address: str) -> RecordedResult | None:
    """Return the result at a key that has this address; None where there is none."""
    found = [
        RecordedResult(record, run, location=address)
        for record, run in recorded.runs()
        for listed in run.results or ()
        if listed.at_key and location_of(recorded, record, run, listed) == address
    ]
    return next(iter(sorted(found, key=lambda each: not each.counts)), None)


def identified(
    at_path: Sequence[RecordedResult], alike: Sequence[RecordedResult], *, exists: bool
) -> tuple[FileIs, RecordedResult, Sequence[RecordedResult]] | None:
    """Return what a file is, of which result, and the others with the same content; None where it is none of ours.

    `at_path` are the results that are recorded with its path, `alike` those that have its content.
    """
    surest = sorted(alike, key=lambda each: (each not in at_path, not each.counts))
    if surest:
        state = FileIs.AS_DOWNLOADED if surest[0] in at_path else FileIs.ELSEWHERE
        return state, surest[0], surest[1:]
    own = next(iter(sorted(at_path, key=lambda each: not each.counts)), None)
    return (FileIs.EDITED if exists else FileIs.MISSING, own, ()) if own else None


def file_origin(
    file: str, state: FileIs, found: RecordedResult, also: Iterable[RecordedResult], recorded: Recorded
) -> FileOrigin:
    """Return what the ledger says of a file."""
    stored, opened = found.stored, recorded.opened
    origin = job_origin(recorded, found.record, found.run)
    others = {each.run.job_id: job_origin(recorded, each.record, each.run) for each in also}
    others.pop(origin.job_id, None)
    return FileOrigin(
        file,
        state,
        stored.file if stored else found.location or "",
        found.counts,
        origin,
        stored.size if stored else None,
        stored.sha256 if stored else None,
        tuple(others.values()),
        opened.account if opened else "",
        opened.service if opened else "",
    )
