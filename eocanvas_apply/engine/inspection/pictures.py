"""Small pictures of the results that lie here, for a report: of the jobs that ended last."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from pathlib import Path

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.ledger.fold.job_records import ResultFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.results.presence import is_as_stored
from eocanvas_apply.results.thumbnails import has_format, thumbnail

_PATIENCE_S = 10.0
_TRIED = 4
_NEVER = datetime.min.replace(tzinfo=UTC)


def pictures(
    recorded: Recorded, boundary: Boundary, most: int, *, clock: Callable[[], float] = time.monotonic
) -> Mapping[str, bytes]:
    """Return at most so many pictures (PNG) by address; a job whose results are no pictures, or not here, has none.

    Only the files of four times as many jobs are read, and after ten seconds of the clock no other is begun: of broken
    and of large ones there are fewer.
    """
    found: dict[str, bytes] = {}
    end = clock() + _PATIENCE_S
    for address, files in islice(_present(recorded, boundary), _TRIED * most):
        if len(found) >= most or clock() > end:
            break
        if picture := next(filter(None, (_picture(each, boundary) for each in files)), None):
            found[address] = picture
    return found


def _picture(stored: ResultFile, boundary: Boundary) -> bytes | None:
    with suppress(OSError):
        return _of(boundary.real(boundary.folder / stored.file), stored.sha256)
    return None


def _present(recorded: Recorded, boundary: Boundary) -> Iterator[tuple[str, list[ResultFile]]]:
    """Yield the latest jobs of which files are here. Another content would be shown as the result of this job."""
    for address, files in _latest(recorded):
        if here := [each for each in files if _is_here(each, boundary)]:
            yield address, here


def _is_here(stored: ResultFile, boundary: Boundary) -> bool:
    with suppress(OSError):
        return is_as_stored(boundary.real(boundary.folder / stored.file), stored, boundary)
    return False


def _latest(recorded: Recorded) -> Iterator[tuple[str, list[ResultFile]]]:
    """Yield the jobs with results of formats that can be shown, and these results; those that ended last first."""
    runs = ((each.address, counted_run(each)) for each in recorded.jobs.values() if not each.forgotten)
    stored = [(address, run) for address, run in runs if run and run.stored]
    for address, run in sorted(stored, key=lambda each: each[1].finished or _NEVER, reverse=True):
        if files := [each for each in run.stored.values() if has_format(each.file)]:
            yield address, files


@lru_cache(maxsize=256)
def _of(file: Path, sha256: str) -> bytes | None:  # noqa: ARG001 - a picture is made anew for another content
    return thumbnail(file)
