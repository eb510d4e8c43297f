"""The indexes of the folders that results came into: written once for many files, and never forgotten.

A mark beside the index says that it is behind. It is there before a result goes on record, and goes when the index is
written; a run that was killed in between leaves it to the next one.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Container, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from eocanvas_apply.applying.results.faults import index_unwritable
from eocanvas_apply.applying.session import Session
from eocanvas_apply.planning.state.stored import StoredResult, stored_results
from eocanvas_apply.results.index import IndexRow, write_index
from eocanvas_apply.results.index_file import IndexFiles

_MARKS = ".index.csv.*.due"
# Writing an index takes milliseconds; who holds a lock for longer than this has come to a halt.
_PAUSE_S, _PATIENCE = 0.02, 250


class Indexes:
    """Which indexes are behind, and who has stored what since they were written."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._due: dict[Path, set[str]] = {}
        self._mark = f".index.csv.{os.getpid()}-{id(self):x}.due"

    async def open(self) -> None:
        """Take over what a killed run left behind, in the folders of the jobs that the manifest has now."""
        jobs = self._session.desired.jobs.values()
        written = {job.index_folder or job.folder or "." for job in jobs if not job.output_key}
        folders = {place(self._session.folder, folder) for folder in written}
        for folder in await asyncio.to_thread(_marked, folders):
            self._due[folder] = set()
        await self.write()

    def begin(self, folder: Path, address: str) -> None:
        """Mark an index as behind, before a result of this address goes on record; raises OSError."""
        if folder not in self._due:
            (folder / self._mark).touch()
        self._due.setdefault(folder, set()).add(address)

    async def write(self) -> None:
        """Write the indexes that are behind; one that cannot be written is a failure of those whose files it lacks."""
        due, self._due = self._due, {}
        if not due:
            return
        async with _alone(sorted(due)):
            # Another run may have stored results into the same folders: who writes last must know of all.
            await self._session.journal.refresh()
            addresses = list(self._session.journal.recorded.jobs)
            rows = await asyncio.to_thread(self._rows, set(due), addresses)
            for folder, storing in due.items():
                await self._write(folder, rows[folder], storing)

    async def _write(self, folder: Path, rows: list[IndexRow], addresses: set[str]) -> None:
        try:
            await asyncio.to_thread(_written, folder, rows)
        except OSError as fault:
            self._due.setdefault(folder, set()).update(addresses)
            for address in addresses:
                self._session.fail(address, index_unwritable(folder, fault, address))

    def _rows(self, folders: set[Path], addresses: list[str]) -> dict[Path, list[IndexRow]]:
        rows: dict[Path, list[IndexRow]] = defaultdict(list)
        # As texts: a hundred thousand paths would take seconds.
        base, due, before = str(self._session.folder), {str(folder): folder for folder in folders}, IndexFiles()
        for stored in stored_results(self._session.journal.recorded, addresses):
            file = os.path.normpath(f"{base}{os.sep}{stored.file}")
            for name in _above(file, due):
                inside, folder = file if name == "." else file[len(name) + 1 :], due[name]
                # What another machine fetched is not here; what was here and was removed stays listed.
                if inside in before.of(folder) or Path(file).exists():
                    rows[folder].append(self._row(stored, inside))
        return rows

    def _row(self, stored: StoredResult, file: str) -> IndexRow:
        job = self._session.desired.jobs.get(stored.address)
        return IndexRow(stored, file, job.fields if job else {})


def place(base: Path, path: str) -> Path:
    """Return where a path as written leads, without looking at the disk."""
    return Path(os.path.normpath(base / path))


def _above(file: str, folders: Container[str]) -> Iterator[str]:
    """Yield those of the folders that a file lies in, however deep."""
    parent = file
    while parent := parent.rpartition(os.sep)[0]:
        if parent in folders:
            yield parent
    if "." in folders and not file.startswith(os.sep):
        yield "."


def _marked(folders: set[Path]) -> set[Path]:
    found = set()
    for folder in folders:
        # A name that no folder can have holds no mark either.
        with suppress(OSError, ValueError):
            if any(folder.glob(_MARKS)):
                found.add(folder)
    return found


def _written(folder: Path, rows: list[IndexRow]) -> None:
    write_index(folder, rows)
    for mark in folder.glob(_MARKS):
        mark.unlink(missing_ok=True)


@asynccontextmanager
async def _alone(folders: Sequence[Path]) -> AsyncIterator[None]:
    """Keep other runs of this machine from writing the same indexes meanwhile."""
    opened: list[int] = []
    try:
        for folder in folders:
            # Some file systems have no locks for folders; an index is whole without one, too.
            with suppress(OSError):
                opened.append(os.open(folder, os.O_RDONLY))
                await _locked(opened[-1])
        yield
    finally:
        for descriptor in opened:
            os.close(descriptor)


async def _locked(descriptor: int) -> None:
    for _ in range(_PATIENCE):
        with suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        await asyncio.sleep(_PAUSE_S)
