"""Which stored results are no longer what was fetched."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from eocanvas_apply.ledger.events import ResultStored
from eocanvas_apply.ledger.fold import Recorded
from eocanvas_apply.planning.observed import FileState


def changed_files(recorded: Recorded, folder: Path) -> Mapping[str, FileState]:
    """Return the stored results that are missing or have another size, by their path as recorded."""
    stored = [s for _, run in recorded.runs() for s in run.stored.values()]
    states = {s.file: _state(s, folder / s.file) for s in stored}
    return {file: state for file, state in states.items() if state}


def _state(stored: ResultStored, path: Path) -> FileState | None:
    try:
        size = path.stat().st_size
    except OSError:
        return FileState.MISSING
    return None if size == stored.size else FileState.EDITED
