"""`index.csv` of a results folder: which file came from which job, and for a campaign from which row."""

from __future__ import annotations

import csv
import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.state.stored import StoredResult, in_a_table

# Writing it takes milliseconds; an older one was left by a killed run.
_STALE_S = 60.0


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One stored file, relative to the index; `fields` are those of the row that its instance was made from."""

    stored: StoredResult
    file: str
    fields: Mapping[str, Any] = field(default_factory=dict)

    @property
    def instance(self) -> str:
        """The instance's id, empty for a job that is no campaign."""
        return Address.parse(self.stored.address).instance or ""


def write_index(folder: Path, rows: Sequence[IndexRow]) -> None:
    """Replace the index, whole or not at all.

    Columns: instance, one `each.<name>` for every field of a row, job_id, file, size (in bytes), sha256.
    """
    names = sorted({name for row in rows for name in row.fields})
    # Two runs may write it in the same moment, each a whole one.
    temporary = folder / f".index.csv.{os.getpid()}-{threading.get_ident()}.part"
    with temporary.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("instance", *(f"each.{name}" for name in names), "job_id", "file", "size", "sha256"))
        writer.writerows(_cells(row, names) for row in sorted(rows, key=lambda row: (row.instance, row.file)))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / "index.csv")
    _sweep(folder)


def _sweep(folder: Path) -> None:
    """Remove what a run that was killed in the middle of writing has left."""
    for left in folder.glob(".index.csv.*.part"):
        with suppress(OSError):
            if time.time() - left.stat().st_mtime > _STALE_S:
                left.unlink()


def _cells(row: IndexRow, names: Sequence[str]) -> list[str | int]:
    stored = row.stored
    own = [in_a_table(row.fields.get(name)) for name in names]
    return [row.instance, *own, stored.job_id, row.file, stored.size, stored.sha256]
