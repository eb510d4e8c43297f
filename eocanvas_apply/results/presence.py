"""What lies in a folder of the results on record: by its files, and by what its indexes say has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from eocanvas_apply.files import digest_of
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.observed import FileState
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.copies import Copy, Presence
from eocanvas_apply.results.index import IndexFiles, place


def presence(folder: Path, copies: Iterable[Copy]) -> dict[Copy, Presence]:
    """Return of each how it stands, with size and digest where only this folder's index knows them.

    Files of the right size are read where their time of change is not the recorded one. Blocks.
    """
    indexes = IndexFiles()
    return dict(_presence(place(folder, copy.file), copy, indexes) for copy in copies)


def _presence(path: Path, copy: Copy, indexes: IndexFiles) -> tuple[Copy, Presence]:
    entry = indexes.entry(path)
    came = entry if entry and entry.job_id == copy.job_id else None
    known = replace(copy, size=came.size, sha256=came.sha256) if came and not copy.recorded else copy
    if not path.is_file():
        return known, Presence.REMOVED if came else Presence.ABSENT
    return known, Presence.HERE if _is_copy(path, known) else Presence.OTHER


def _is_copy(path: Path, known: Copy) -> bool:
    stat = path.stat()
    if stat.st_size != known.size:
        return False
    return stat.st_mtime_ns == known.modified_ns or digest_of(path) == known.sha256


@dataclass(slots=True)
class StoredFiles:
    """Looks at the stored results below a folder; a file is read again only when its time of change is another."""

    folder: Path
    _known: dict[tuple[str, int], bool] = field(default_factory=dict)

    def changed(self, recorded: Recorded) -> Mapping[str, FileState]:
        """Return the results that are missing or have another content, by their path as recorded.

        Results of a run that counts no more were moved aside, or will be.
        """
        indexes = IndexFiles()
        states = {stored.file: self._state(stored, indexes) for stored in _current(recorded)}
        return {file: state for file, state in states.items() if state}

    def _state(self, stored: ResultFile, indexes: IndexFiles) -> FileState | None:
        try:
            stat = (self.folder / stored.file).stat()
            same = stat.st_size == stored.size and self._same(stored, stat.st_mtime_ns)
        except OSError:
            # The index of a folder lists what came into it on this machine.
            came = indexes.entry(place(self.folder, stored.file))
            return FileState.MISSING if came and came.sha256 == stored.sha256 else FileState.ELSEWHERE
        return None if same else FileState.EDITED

    def _same(self, stored: ResultFile, modified_ns: int) -> bool:
        if modified_ns == stored.modified_ns:
            return True
        look = stored.file, modified_ns
        if look not in self._known:
            self._known[look] = digest_of(self.folder / stored.file) == stored.sha256
        return self._known[look]


def _current(recorded: Recorded) -> Iterator[ResultFile]:
    for record in recorded.jobs.values():
        if run := record.finished or counted_run(record):
            yield from run.stored.values()
