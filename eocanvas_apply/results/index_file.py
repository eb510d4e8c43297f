"""`index.csv` of a results folder, read back: what has come into this folder on this machine."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

# A campaign's index lies one folder above its files.
_LEVELS = 3


class IndexEntry(NamedTuple):
    """One file of an index: whose result it is, its size in bytes and its SHA-256."""

    job_id: str
    size: int
    sha256: str


@dataclass(slots=True)
class IndexFiles:
    """The indexes of a folder and those below it, each read once."""

    _read: dict[Path, Mapping[str, IndexEntry]] = field(default_factory=dict)

    def entry(self, file: Path) -> IndexEntry | None:
        """Return what the nearest index says of a file, None where none lists it."""
        for folder in file.parents[:_LEVELS]:
            if found := self.of(folder):
                return found.get(file.relative_to(folder).as_posix())
        return None

    def of(self, folder: Path) -> Mapping[str, IndexEntry]:
        """Return a folder's index by the files in it; an empty one where there is none that can be read."""
        if folder not in self._read:
            self._read[folder] = dict(_entries(folder / "index.csv"))
        return self._read[folder]


def _entries(path: Path) -> Iterator[tuple[str, IndexEntry]]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield row["file"], IndexEntry(row["job_id"], int(row["size"]), row["sha256"])
    except (OSError, ValueError, KeyError, TypeError, csv.Error):
        # Somebody else's, or edited: what it does not say was not here.
        return
