"""`index.csv` of a results folder: which file came from which job, and for a campaign a line for every row.

It is written once for many files and read back to know what has come into a folder on this machine.
"""

from __future__ import annotations

import asyncio
import csv
import io
import os
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Container, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct, field

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.file_locks import lock_place, locked
from eocanvas_apply.files import replace_text
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import instance_of
from eocanvas_apply.planning.state.job_states import job_state, remark_words
from eocanvas_apply.planning.state.runs import counted_run
from eocanvas_apply.planning.state.stored import StoredResult, column_names, in_a_table, stored_results

_MARKS = ".index.csv.*.due"
# Writing an index takes milliseconds; a process that holds the lock for longer than this hangs.
_LOCK_PAUSE_S, _LOCK_TRIES = 0.02, 250
# What is read back of an index.
_READ = ("instance", "job_id", "file", "size", "sha256")
# A campaign's index lies one folder above its files.
_LEVELS = 3


class IndexRow(Struct, frozen=True):
    """One stored file, relative to the index, or an instance without one; `state` is that of its job.

    `fields` are those of the row that its instance was made from, `remarks` codes of what its log says of its results.
    """

    address: str
    state: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    file: str = ""
    stored: StoredResult | None = None
    job_id: str = ""
    remarks: str = ""

    @property
    def instance(self) -> str:
        """The instance's id, empty for a job that is no campaign."""
        return instance_of(self.address)


def write_index(folder: Path, rows: Sequence[IndexRow]) -> None:
    """Replace the index, whole or not at all.

    Columns: instance, one `each.<name>` for every field of a row, state, job_id, file, size (in bytes), sha256,
    remarks (codes).
    """
    names = column_names((row.instance, row.fields) for row in rows)
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    own = (f"each.{name}" for name in names)
    writer.writerow(("instance", *own, "state", "job_id", "file", "size", "sha256", "remarks"))
    writer.writerows(_cells(row, names) for row in sorted(rows, key=lambda row: (row.instance, row.file)))
    replace_text(folder / "index.csv", table.getvalue())


def _cells(row: IndexRow, names: Sequence[str]) -> list[str | int]:
    own = [in_a_table(row.fields.get(name)) for name in names]
    stored = row.stored
    file = (stored.job_id, row.file, stored.size, stored.sha256) if stored else (row.job_id, "", "", "")
    return [row.instance, *own, row.state, *file, row.remarks]


class IndexEntry(NamedTuple):
    """One file of an index: whose result it is, its size in bytes and its SHA-256."""

    job_id: str
    size: int
    sha256: str


class IndexFiles(Struct):
    """The indexes of a folder and those below it, each read once."""

    boundary: Boundary
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
            self._read[folder] = dict(_entries(folder / "index.csv", self.boundary))
        return self._read[folder]

    def jobs(self, folder: Path) -> Mapping[str, str]:
        """Return the id of the last job of each instance that a folder's index lists; a job's own instance is empty."""
        return {row["instance"]: row["job_id"] for row in _rows(folder / "index.csv", self.boundary) if row["job_id"]}


def _entries(path: Path, boundary: Boundary) -> Iterator[tuple[str, IndexEntry]]:
    with suppress(ValueError):
        for row in _rows(path, boundary):
            if row["file"]:
                yield row["file"], IndexEntry(row["job_id"], int(row["size"]), row["sha256"])


def _rows(path: Path, boundary: Boundary) -> Iterator[Mapping[str, str]]:
    """Yield the rows of an index as far as it can be read: one that is not ours, or was edited, lists nothing more."""
    with (
        suppress(OSError, ValueError, csv.Error),
        io.TextIOWrapper(boundary.open(path), encoding="utf-8", newline="") as file,
    ):
        for row in csv.DictReader(file):
            if not all(isinstance(row.get(name), str) for name in _READ):
                return
            yield row


class Indexes:
    """The indexes of a project that are behind, and who has stored what since they were written.

    A mark beside the index says that it is behind. It is there before a result goes on record, and goes when the index
    is written; a run that was killed in between leaves it to the next one.
    """

    def __init__(self, boundary: Boundary, desired: Desired) -> None:
        self._boundary, self._folder = boundary, boundary.folder
        self._desired = desired
        self._due: dict[Path, set[str]] = {}
        self._mark = f".index.csv.{os.getpid()}-{id(self):x}.due"

    async def take_over(self) -> None:
        """Find what a killed run left behind, in the folders of the jobs that the manifest has now."""
        jobs = self._desired.jobs.values()
        written = {job.index_folder or job.folder or "." for job in jobs if not job.output_key}
        folders = {place(self._folder, folder) for folder in written}
        for folder in await asyncio.to_thread(_marked, folders):
            self._due[folder] = set()

    def changed(self, address: str) -> None:
        """Mark the index that has a row of this address as behind: it has failed, or has a remark; raises OSError."""
        job = self._desired.jobs.get(address)
        if job and job.index_folder:
            folder = place(self._folder, job.index_folder)
            self._boundary.real(folder)
            # That of a campaign has a row for every instance, that of a job only what it left.
            if job.index_folder == job.folder and not (folder / "index.csv").exists():
                return
            folder.mkdir(parents=True, exist_ok=True)
            self.begin(folder, address)

    def begin(self, folder: Path, address: str) -> None:
        """Mark an index as behind, before a result of this address goes on record; raises OSError."""
        if folder not in self._due:
            self._boundary.real(folder)
            (folder / self._mark).touch()
        self._due.setdefault(folder, set()).add(address)

    async def write(self, refresh: Callable[[], Awaitable[Recorded]]) -> Mapping[str, Diagnostic]:
        """Write the indexes that are behind, from what `refresh` reads in the ledger.

        Returns, by address, why the index of its files could not be written.
        """
        due, self._due = self._due, {}
        failures: dict[str, Diagnostic] = {}
        if due:
            async with _alone(self._folder, sorted(due)):
                # Another run may have stored results into the same folders: who writes last must know of all.
                recorded = await refresh()
                rows = await asyncio.to_thread(self._rows, set(due), recorded, list(recorded.jobs))
                for folder, storing in due.items():
                    failures |= await self._write(folder, rows[folder], storing)
        return failures

    async def _write(self, folder: Path, rows: list[IndexRow], addresses: set[str]) -> Mapping[str, Diagnostic]:
        try:
            self._boundary.real(folder)
            await asyncio.to_thread(_write_current, folder, rows)
        except OSError as fault:
            self._due.setdefault(folder, set()).update(addresses)
            return {address: index_unwritable(folder, fault, address) for address in addresses}
        return {}

    def _rows(self, folders: set[Path], recorded: Recorded, addresses: list[str]) -> dict[Path, list[IndexRow]]:
        rows: dict[Path, list[IndexRow]] = defaultdict(list)
        # As texts: a hundred thousand paths would take seconds.
        base, due, before = str(self._folder), {str(folder): folder for folder in folders}, IndexFiles(self._boundary)
        own = {
            address: os.path.normpath(f"{base}{os.sep}{written}")
            for written, instances in self._instances().items()
            for address in instances
        }
        listed: set[str] = set()
        for stored in stored_results(recorded, addresses):
            file, home = os.path.normpath(f"{base}{os.sep}{stored.file}"), own.get(stored.address)
            # Files of a campaign that had another name or folder before stay where they are.
            for name in {*_above(file, due), *([home] if home in due else ())}:
                inside, folder = _from(name, file), due[name]
                # What another machine fetched is not here; what was here and was removed stays listed.
                if inside in before.of(folder) or Path(file).exists():
                    rows[folder].append(self._row(stored.address, recorded, inside, stored))
                    listed.add(stored.address)
        for address, home in own.items():
            if home in due and address not in listed:
                rows[due[home]].append(self._row(address, recorded))
        return rows

    def _instances(self) -> Mapping[str, list[str]]:
        """Return the instances of campaigns by the folder of their index as written."""
        found: dict[str, list[str]] = defaultdict(list)
        for job in self._desired.jobs.values():
            if job.index_folder and job.index_folder != job.folder:
                found[job.index_folder].append(job.address)
        return found

    def _row(self, address: str, recorded: Recorded, file: str = "", stored: StoredResult | None = None) -> IndexRow:
        job, record = self._desired.jobs.get(address), recorded.jobs.get(address)
        run = counted_run(record)
        state = job_state(record, job.skip if job else None, job.remark_checks if job else {})
        job_id = run.job_id if run and stored is None else ""
        return IndexRow(address, state, job.fields if job else {}, file, stored, job_id, remark_words(run))


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


def _from(folder: str, file: str) -> str:
    """Return where a file lies as seen from a folder, with forward slashes; whole where no way leads there."""
    if folder == ".":
        inside = file
    elif file.startswith(folder + os.sep):
        inside = file[len(folder) + 1 :]
    else:
        try:
            inside = os.path.relpath(file, folder)
        except ValueError:
            # On another drive.
            inside = file
    return inside.replace(os.sep, "/")


def _marked(folders: set[Path]) -> set[Path]:
    found = set()
    for folder in folders:
        # A name that no folder can have holds no mark either.
        with suppress(OSError, ValueError):
            if any(folder.glob(_MARKS)):
                found.add(folder)
    return found


def _write_current(folder: Path, rows: list[IndexRow]) -> None:
    write_index(folder, rows)
    # Also what killed runs have left: no other one writes here now.
    for left in (*folder.glob(_MARKS), *folder.glob(".index.csv.*.part")):
        left.unlink(missing_ok=True)


@asynccontextmanager
async def _alone(project: Path, folders: Sequence[Path]) -> AsyncIterator[None]:
    """Keep other runs of this project from writing the same indexes meanwhile."""
    async with AsyncExitStack() as taken:
        for folder in folders:
            # Some file systems have no locks; an index is whole without one, too.
            with suppress(OSError):
                await _take(taken, lock_place(project, folder))
        yield


async def _take(taken: AsyncExitStack, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    for _ in range(_LOCK_TRIES):
        with suppress(BlockingIOError):
            taken.enter_context(locked(place))
            return
        await asyncio.sleep(_LOCK_PAUSE_S)


def index_unwritable(folder: Path, fault: OSError, address: str) -> Diagnostic:
    """The results are safe, and the index of their folder cannot be written."""
    message = f"{folder / 'index.csv'}: the index cannot be written: {fault.strerror or fault}"
    hint = "the results are there; check the disk and the folder's permissions; the next run writes it"
    return error("index-unwritable", message, hint, address=address)
