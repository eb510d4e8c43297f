"""Which results are to be copied into a folder: of what was listed, what is not there."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import PurePath

from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.names import file_names


class Presence(StrEnum):
    """How a result stands in a folder: as it should, never there, removed since, or another content in its place."""

    HERE = "here"
    ABSENT = "absent"
    REMOVED = "removed"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Copy:
    """One listed result and its place: `file` is relative to the manifest, or to the folder that copies go to.

    `index` is the folder of its index, `recorded` says whether it was fetched before. `size` in bytes, `sha256`
    and `modified_ns` are None where unknown.
    """

    address: str
    job_id: str
    key: str
    title: str
    file: str
    index: str
    recorded: bool = False
    size: int | None = None
    sha256: str | None = None
    modified_ns: int | None = None


def copies(recorded: Recorded, desired: Desired, addresses: Collection[str]) -> Iterator[Copy]:
    """Yield every result of these jobs that does not lie at a key, where it belongs.

    One that was never fetched has no place unless the manifest still asks for its job.
    """
    for address in addresses:
        record = recorded.jobs[address]
        run = None if record.forgotten else counted_run(record)
        if run is None:
            continue
        job = desired.jobs.get(address)
        names = file_names(run, lambda _: False)
        for key, listed in run.listed.items():
            stored = run.stored.get(key)
            folder = job.folder if job else None
            if listed.at_key or not (stored or folder):
                continue
            file = PurePath(stored.file) if stored else PurePath(folder or ".", names[key].name)
            index = (job.index_folder or folder if job else None) or str(file.parent)
            plain = Copy(address, run.job_id, key, listed.title, file.as_posix(), index)
            yield _as_recorded(plain, stored) if stored else plain


def _as_recorded(copy: Copy, stored: ResultFile) -> Copy:
    return replace(copy, recorded=True, size=stored.size, sha256=stored.sha256, modified_ns=stored.modified_ns)


def wanted(found: Mapping[Copy, Presence], *, again: bool) -> list[Copy]:
    """Return what to fetch: what never was there, and with `again` also what was edited or removed."""
    missing = {Presence.ABSENT, Presence.REMOVED, Presence.OTHER} if again else {Presence.ABSENT}
    return [copy for copy, presence in found.items() if presence in missing]
