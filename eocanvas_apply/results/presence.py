"""What lies in a folder of the results on record, by its files and its indexes, and what is to be copied there."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path, PurePath

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.files import digest_of
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.state.observed import FileState
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.index import IndexFiles, place
from eocanvas_apply.results.names import file_names


class Presence(StrEnum):
    """The state of a result in a folder: present, never there, removed since, or replaced by another content."""

    HERE = "here"
    ABSENT = "absent"
    REMOVED = "removed"
    OTHER = "other"


class Copy(Struct, frozen=True):
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
            fetched = (stored.size, stored.sha256, stored.modified_ns) if stored else (None, None, None)
            yield Copy(address, run.job_id, key, listed.title, file.as_posix(), index, stored is not None, *fetched)


def wanted(found: Mapping[Copy, Presence], *, again: bool) -> list[Copy]:
    """Return what to fetch: what never was there, and with `again` also what was edited or removed."""
    missing = {Presence.ABSENT, Presence.REMOVED, Presence.OTHER} if again else {Presence.ABSENT}
    return [copy for copy, presence in found.items() if presence in missing]


def presence(boundary: Boundary, copies: Iterable[Copy]) -> dict[Copy, Presence]:
    """Return the state of each, with size and digest where only this folder's index has them.

    Files of the right size are read where their time of change is not the recorded one. Blocks.
    """
    indexes = IndexFiles(boundary)
    return dict(_presence(place(boundary.folder, copy.file), copy, indexes) for copy in copies)


def _presence(path: Path, copy: Copy, indexes: IndexFiles) -> tuple[Copy, Presence]:
    entry = indexes.entry(path)
    came = entry if entry and entry.job_id == copy.job_id else None
    known = replace(copy, size=came.size, sha256=came.sha256) if came and not copy.recorded else copy
    if not path.is_file():
        return known, Presence.REMOVED if came else Presence.ABSENT
    return known, Presence.HERE if is_as_stored(path, known, indexes.boundary) else Presence.OTHER


def is_as_stored(path: Path, known: Copy | ResultFile, boundary: Boundary) -> bool:
    """Return whether a file is what was stored; it is read where only its time of change is another.

    Raises OSError where there is no file.
    """
    stat = path.stat()
    if stat.st_size != known.size:
        return False
    return stat.st_mtime_ns == known.modified_ns or digest_of(path, boundary) == known.sha256


class StoredFiles(Struct):
    """Looks at the stored results below a folder; a file is read again only when its time of change is another."""

    boundary: Boundary
    _known: dict[tuple[str, int], bool] = field(default_factory=dict)

    def changed(self, recorded: Recorded) -> Mapping[str, FileState]:
        """Return the results that are missing or have another content, by their path as recorded.

        Results of superseded runs are left out.
        """
        indexes = IndexFiles(self.boundary)
        states = {stored.file: self._state(stored, indexes) for stored in _current(recorded)}
        return {file: state for file, state in states.items() if state}

    def _state(self, stored: ResultFile, indexes: IndexFiles) -> FileState | None:
        try:
            # Without a Path, which takes longer to make than the system to answer.
            stat = os.stat(os.path.join(self.boundary.folder, stored.file))  # noqa: PTH116, PTH118
            same = stat.st_size == stored.size and self._same(stored, stat.st_mtime_ns)
        except OSError:
            # The index of a folder lists what came into it on this machine.
            came = indexes.entry(place(self.boundary.folder, stored.file))
            return FileState.MISSING if came and came.sha256 == stored.sha256 else FileState.ELSEWHERE
        return None if same else FileState.EDITED

    def _same(self, stored: ResultFile, modified_ns: int) -> bool:
        if modified_ns == stored.modified_ns:
            return True
        version = stored.file, modified_ns
        if version not in self._known:
            self._known[version] = digest_of(self.boundary.folder / stored.file, self.boundary) == stored.sha256
        return self._known[version]


def _current(recorded: Recorded) -> Iterator[ResultFile]:
    # Downloads add results while this is read in a thread.
    for record in list(recorded.jobs.values()):
        if run := counted_run(record):
            yield from list(run.stored.values())
