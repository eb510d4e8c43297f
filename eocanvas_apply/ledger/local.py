"""A ledger in a file beside the manifest: one JSON object a line, appended under a lock, synced before it counts."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger import faults
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.lines import Place, parsed

FOLDER = ".eocanvas"
_PATIENCE_S = 30.0
_PAUSE_S = 0.005
# How many bytes are parsed at once where a reader takes parts.
_PART = 2 << 20


class LocalBackend:
    """A ledger in one local file.

    A last line without its end, or a last append that is not there as a whole, was torn by a crash: readers pass
    over it, the next writer cuts it off. One object may be used from several threads, and any number of processes
    may work on one file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        # How far the file is parsed, and which file that was: (device, inode).
        self._place = Place()
        self._identity: tuple[int, int] | None = None

    @property
    def url(self) -> str:
        """The file's path."""
        return str(self._path)

    @property
    def path(self) -> Path:
        """The file."""
        return self._path

    @property
    def place(self) -> Place:
        """How far the file was read or written."""
        return self._place

    def resume(self, place: Place) -> None:
        """Begin to read behind a place that a snapshot was made at."""
        with self._guard:
            self._place, self._identity = place, None

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        """Return the entries after a number; raises LedgerError for a file that cannot be read or trusted."""
        return await asyncio.to_thread(self._read, after, _PART if part else None)

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Append and sync; raises LedgerConflict or LedgerError."""
        await asyncio.to_thread(self._append, expected_head, entries)

    def _read(self, after: int, most: int | None) -> Sequence[Entry]:
        with self._guard:
            try:
                descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                if after:
                    raise LedgerError(faults.gone(self._path)) from None
                return ()
            except OSError as failure:
                raise LedgerError(faults.unreadable(self._path, failure)) from failure
            return self._read_from(descriptor, after, most)

    def _read_from(self, descriptor: int, after: int, most: int | None) -> Sequence[Entry]:
        try:
            self._recognise(descriptor, after)
            if after != self._place.head:
                self._place = Place()
            entries = self._advance(descriptor, most)
        except OSError as failure:
            raise LedgerError(faults.unreadable(self._path, failure)) from failure
        finally:
            os.close(descriptor)
        if self._place.head < after:
            raise LedgerError(faults.gone(self._path))
        return [entry for entry in entries if entry.seq > after]

    def _recognise(self, descriptor: int, known: int) -> None:
        """Make sure that this is the file whose entries up to `known` were read."""
        stat = os.fstat(descriptor)
        identity = stat.st_dev, stat.st_ino
        other = self._identity not in (None, identity) or stat.st_size < self._place.offset
        if other and known:
            raise LedgerError(faults.gone(self._path))
        if other:
            self._place = Place()
        self._identity = identity

    def _advance(self, descriptor: int, most: int | None = None) -> Sequence[Entry]:
        content = _read_all(descriptor, self._place.offset, most)
        entries, self._place = parsed(self._path, content, self._place)
        # An append longer than a part.
        return self._advance(descriptor, 2 * most) if most and not entries and len(content) >= most else entries

    def _append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        content = b"".join(_line(entry) for entry in entries)
        with self._guard:
            try:
                if expected_head == 0:
                    self._make_folder()
                with _locked(self._path, new=expected_head == 0) as descriptor:
                    self._check_head(descriptor, expected_head)
                    self._write(descriptor, content)
            except OSError as failure:
                raise LedgerError(faults.unwritable(self._path, failure)) from failure
            self._place = Place(self._place.offset + len(content), self._place.head + len(entries))

    def _make_folder(self) -> None:
        folder = self._path.parent
        folder.mkdir(parents=True, exist_ok=True)
        if folder.name == FOLDER:
            # A local ledger belongs to one machine: two copies merged by Git would be a ledger of neither.
            with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="utf-8") as file:
                file.write("*\n")

    def _check_head(self, descriptor: int, expected_head: int) -> None:
        self._recognise(descriptor, expected_head)
        self._advance(descriptor)
        if self._place.head < expected_head:
            raise LedgerError(faults.gone(self._path))
        if self._place.head > expected_head:
            raise LedgerConflict(faults.conflict(self._path))
        if os.fstat(descriptor).st_size > self._place.offset:
            os.ftruncate(descriptor, self._place.offset)

    def _write(self, descriptor: int, content: bytes) -> None:
        start = self._place.offset
        try:
            _write_all(descriptor, content, start)
            os.fsync(descriptor)
            if start == 0:
                _sync_folder(self._path.parent)
        except OSError:
            with suppress(OSError):
                os.ftruncate(descriptor, start)
            raise


def _line(entry: Entry) -> bytes:
    return json.dumps(entry.to_json(), ensure_ascii=False).encode() + b"\n"


def _read_all(descriptor: int, offset: int, most: int | None) -> bytes:
    chunks = []
    end = None if most is None else offset + most
    while chunk := os.pread(descriptor, (end or os.fstat(descriptor).st_size) - offset, offset):
        chunks.append(chunk)
        offset += len(chunk)
    return b"".join(chunks)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written


@contextmanager
def _locked(path: Path, *, new: bool) -> Iterator[int]:
    """Open and lock the file that has this path, also when another one took its place meanwhile."""
    while True:
        descriptor = _opened(path, new=new)
        try:
            _lock(path, descriptor)
            if _is_at(path, descriptor):
                yield descriptor
                return
        finally:
            os.close(descriptor)


def _lock(path: Path, descriptor: int) -> None:
    """Lock the file; an append takes milliseconds, so a lock held for long belongs to a runner that hangs."""
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise LedgerError(faults.busy(path)) from None
            time.sleep(_PAUSE_S)
        else:
            return


def _opened(path: Path, *, new: bool) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if new else 0), 0o600)
    except FileNotFoundError:
        raise LedgerError(faults.gone(path)) from None


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
