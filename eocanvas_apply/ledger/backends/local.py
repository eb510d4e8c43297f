"""A ledger in a file beside the manifest: one JSON object a line, appended under a lock, synced before it counts."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from eocanvas_apply.boundary import Boundary, OutsideBoundaryError
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict, LedgerError, UsageError
from eocanvas_apply.file_locks import locked
from eocanvas_apply.files import path_outside
from eocanvas_apply.ledger.entry import Entry, Place, lines_of, parsed
from eocanvas_apply.vocabulary import NO_ENVIRONMENT, STATE_FOLDER

_PATIENCE_S = 30.0
# How many bytes a part has, and how many are read at once.
_PART, _BUFFER = 2 << 20, 1 << 18
_UNWRITABLE = "nothing is sent that is not on record first; check the disk and the folder's permissions, and run again"


class LocalBackend:
    """A ledger in one local file.

    A last line without its end, or a last append that is not there as a whole, was torn by a crash: readers pass
    over it, the next writer cuts it off. One object may be used from several threads, and any number of processes
    may work on one file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._guard = threading.Lock()
        # How far the file is read or written, and which file that was: (device, inode).
        self.place = Place()
        self._identity: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        """The file's path."""
        return str(self.path)

    def resume(self, place: Place) -> None:
        """Begin to read behind a place that a snapshot was made at."""
        with self._guard:
            self.place, self._identity = place, None

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        """Return the entries after a number; raises LedgerError for a file that cannot be read or trusted."""
        return await asyncio.to_thread(self._read, after, _PART if part else None)

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Append and sync; raises LedgerConflict or LedgerError."""
        await asyncio.to_thread(self._append, expected_head, entries)

    def _read(self, after: int, most: int | None) -> Sequence[Entry]:
        with self._guard:
            try:
                with self.path.open("rb", buffering=0) as file:
                    return self._read_from(file, after, most)
            except FileNotFoundError:
                if after:
                    raise _gone(self.path) from None
                return ()
            except OSError as failure:
                raise _unreadable(self.path, failure) from failure

    def _read_from(self, file: FileIO, after: int, most: int | None) -> Sequence[Entry]:
        self._recognise(file, after)
        if after != self.place.head:
            self.place = Place()
        entries = self._advance(file, most)
        if self.place.head < after:
            raise _gone(self.path)
        return [entry for entry in entries if entry.seq > after]

    def _recognise(self, file: FileIO, known: int) -> None:
        """Make sure that this is the file whose entries up to `known` were read."""
        stat = os.fstat(file.fileno())
        identity = stat.st_dev, stat.st_ino
        other = self._identity not in (None, identity) or stat.st_size < self.place.offset
        if other and known:
            raise _gone(self.path)
        if other:
            self.place = Place()
        self._identity = identity

    def _advance(self, file: FileIO, most: int | None = None) -> Sequence[Entry]:
        with open(file.fileno(), "rb", _BUFFER, closefd=False) as reader:
            reader.seek(self.place.offset)
            entries, self.place = parsed(self.url, lines_of(reader), self.place, most)
        return entries

    def _append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        content = b"".join(entry.line() for entry in entries)
        with self._guard:
            try:
                if expected_head == 0:
                    self._make_folder()
                with self._opened_alone(new=expected_head == 0) as file:
                    self._check_head(file, expected_head)
                    self._write(file, content)
            except OSError as failure:
                message = f"{self.path}: the ledger cannot be written: {failure.strerror or failure}"
                raise LedgerError(error("ledger-unwritable", message, _UNWRITABLE)) from failure
            self.place = Place(self.place.offset + len(content), self.place.head + len(entries))

    @contextmanager
    def _opened_alone(self, *, new: bool) -> Iterator[FileIO]:
        try:
            # An append takes milliseconds, so a lock held for long belongs to a runner that hangs.
            with locked(self.path, _PATIENCE_S), _opened(self.path, new=new) as file:
                yield file
        except FileNotFoundError:
            raise _gone(self.path) from None
        except BlockingIOError:
            message = f"{self.path}: another run has held the ledger's lock for half a minute"
            hint = "it hangs or is suspended: end it, then run again"
            raise LedgerError(error("ledger-busy", message, hint)) from None

    def _make_folder(self) -> None:
        folder = self.path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == STATE_FOLDER:
            # A local ledger belongs to one machine: two copies merged by Git would be a ledger of neither.
            with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as file:
                file.write("*\n")

    def _check_head(self, file: FileIO, expected_head: int) -> None:
        self._recognise(file, expected_head)
        self._advance(file)
        if self.place.head < expected_head:
            raise _gone(self.path)
        if self.place.head > expected_head:
            raise LedgerConflict(error("ledger-conflict", f"{self.path}: another run appended first"))
        if os.fstat(file.fileno()).st_size > self.place.offset:
            _cut(file, self.place.offset)

    def _write(self, file: FileIO, content: bytes) -> None:
        start = self.place.offset
        try:
            file.seek(start)
            _write_all(file, content)
            os.fsync(file.fileno())
            if start == 0:
                _sync_folder(self.path.parent)
        except OSError:
            with suppress(OSError):
                _cut(file, start)
            raise


def _write_all(file: FileIO, content: bytes) -> None:
    while content:
        content = content[file.write(content) :]


def _cut(file: FileIO, size: int) -> None:
    file.truncate(size)


def _opened(path: Path, *, new: bool) -> FileIO:
    try:
        return path.open("r+b", buffering=0)
    except FileNotFoundError:
        if not new:
            raise _gone(path) from None
    return open(path, "x+b", buffering=0, opener=lambda name, flags: os.open(name, flags, 0o600))


def _sync_folder(folder: Path) -> None:
    if not hasattr(os, "O_DIRECTORY"):
        # Windows opens no folder, and writes the name with the file.
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _gone(path: Path) -> LedgerError:
    hint = "restore it before the next run; nothing was sent that is not on record in it"
    return LedgerError(error("ledger-gone", f"{path}: the ledger is gone or was replaced", hint))


def _unreadable(path: Path, failure: OSError) -> LedgerError:
    message = f"{path}: the ledger cannot be read: {failure.strerror or failure}"
    return LedgerError(error("ledger-unreadable", message))


def _default(boundary: Boundary, environment: str | None) -> Path:
    """Return the default ledger of an environment.

    A link that came with the manifest must not have another file read or written.
    """
    folder = boundary.folder / STATE_FOLDER
    try:
        boundary.require_no_link_out(folder)
    except OutsideBoundaryError as fault:
        raise UsageError(path_outside(fault.filename, fault)) from None
    path = folder / f"{environment or NO_ENVIRONMENT}.jsonl"
    if os.path.lexists(path) and not path.is_file():
        raise UsageError(error("ledger-unsupported", f"{path} is not a file", "remove it, or name another: --ledger"))
    return path


def open_backend(url: str | None, boundary: Boundary, environment: str | None = None) -> LocalBackend:
    """Return the backend of an address; None is the local file of the environment, within the boundary.

    A path may be absolute or relative to the working folder, also as `file:PATH`. Raises UsageError otherwise.
    """
    own = _default(boundary, environment)
    if url is None:
        return LocalBackend(own)
    scheme, colon, rest = url.partition(":")
    if colon and len(scheme) > 1 and scheme != "file":
        hint = "use the path of a local file, s3://BUCKET/PREFIX or postgresql://HOST/DATABASE"
        raise UsageError(error("ledger-unsupported", f"ledgers at {scheme}: addresses are not supported yet", hint))
    path = Path(rest.removeprefix("//") if scheme == "file" and colon else url)
    if path.is_dir():
        message = f"{path} is a folder, a ledger is a file"
        raise UsageError(error("ledger-unsupported", message, f"try {path}/ledger.jsonl"))
    return LocalBackend(path)
