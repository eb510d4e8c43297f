"""What killed runs have left in a project's folder; the next run removes it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from eocanvas_apply.applying.results.parts import Parts
from eocanvas_apply.file_locks import locked
from eocanvas_apply.files import target_of
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.runs import counted_run


def remove_leftovers(folder: Path, recorded: Recorded) -> None:
    """Remove parts of results that nothing awaits, and files that were being written; what a run at work has stays."""
    parts = Parts(folder)
    if parts.left():
        runs = (counted_run(record) for record in recorded.jobs.values())
        parts.sweep({run.job_id for run in runs if run and run.pending})
    for left in _temporary(folder / ".eocanvas"):
        # A lock that a killed run left goes when it is taken.
        with suppress(OSError), locked(target_of(left)):
            if left.suffix == ".part":
                left.unlink()


def _temporary(own: Path) -> Iterator[Path]:
    for place in (own, own / "documents"):
        with suppress(OSError):
            yield from sorted(path for path in place.iterdir() if path.suffix in {".part", ".lock"})
