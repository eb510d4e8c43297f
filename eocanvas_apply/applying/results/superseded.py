"""Files that make way for results: moved below the folder's `.eocanvas/`, never overwritten and never deleted."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

from eocanvas_apply.results.names import safe_name

_FOLDER = Path(".eocanvas") / "superseded"


def move_aside(path: Path, folder: Path, job_id: str) -> None:
    """Move what lies at a path, if anything does, to the other files of this job that have made way in the folder.

    Raises OSError.
    """
    if not os.path.lexists(path):
        return
    aside = folder / _FOLDER / safe_name(job_id)
    aside.mkdir(parents=True, exist_ok=True)
    path.replace(next(place for place in _places(aside, path.name) if not os.path.lexists(place)))


def _places(folder: Path, name: str) -> Iterator[Path]:
    yield folder / name
    for number in count(1):
        yield folder / f"{name}.{number}"
