"""Where the results of jobs lie: one place for a job or a campaign, a folder here or a part of a key's storage."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from itertools import takewhile

from msgspec import Struct

from eocanvas_apply.ledger.fold.job_records import JobRecord, Run
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import campaign_of
from eocanvas_apply.planning.state.at_keys import location_of
from eocanvas_apply.planning.state.runs import counted_run


class Place(Struct, frozen=True):
    """The results of one job or campaign at one place: `path` ends with `/`; `size` in bytes, None where unknown."""

    owner: str
    path: str
    files: int
    size: int | None


def places(addresses: Iterable[str], recorded: Recorded, desired: Desired | None) -> tuple[Place, ...]:
    """Return where the results of these jobs lie, in the order of the jobs; nothing for those without results."""
    found: dict[tuple[str, bool], list[tuple[str, int | None]]] = {}
    for address in addresses:
        record = recorded.jobs.get(address)
        run = counted_run(record) if record and not record.forgotten else None
        if record and run:
            owner = campaign_of(address) or address
            for at_key, folder, size in _files(record, run, recorded, desired):
                found.setdefault((owner, at_key), []).append((folder, size))
    return tuple(_place(owner, files) for (owner, _), files in found.items())


def _files(
    record: JobRecord, run: Run, recorded: Recorded, desired: Desired | None
) -> Iterator[tuple[bool, str, int | None]]:
    """Yield whether each result lies at a key, the folder of it, and its size."""
    job = desired.jobs.get(record.address) if desired else None
    for stored in run.stored.values():
        folder = stored.file.rpartition("/")[0] or "."
        yield False, job.index_folder or folder if job and folder == job.folder else folder, stored.size
    for listed in run.results or ():
        if listed.at_key:
            location = location_of(recorded, record, run, listed)
            yield True, location.rpartition("/")[0] if location else (job and job.output_key) or "the key", None


def _place(owner: str, files: list[tuple[str, int | None]]) -> Place:
    sizes = [size for _, size in files]
    known = [size for size in sizes if size is not None]
    return Place(owner, _shared({folder for folder, _ in files}), len(files), sum(known) if known == sizes else None)


def _shared(folders: Collection[str]) -> str:
    """Return the folder that all of these are or lie in, ended by `/`."""
    levels = zip(*(folder.split("/") for folder in folders), strict=False)
    return "".join(f"{level[0]}/" for level in takewhile(lambda level: len(set(level)) == 1, levels))
