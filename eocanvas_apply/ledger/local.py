"""A ledger in a file beside the manifest: one JSON object a line, appended under a lock, synced before it counts."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity, error
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger.events import Entry


class LocalBackend:
    """A ledger in one local file.

    A last line without its end was torn by a crash: readers pass over it, the next writer cuts it off.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # Up to here the file is parsed: offset in bytes and number of the last entry.
        self._offset, self._head = 0, 0

    @property
    def url(self) -> str:
        """The file's path."""
        return str(self._path)

    async def read(self, after: int = 0) -> Sequence[Entry]:
        """Return the entries after a number; raises LedgerError for a file that cannot be read or trusted."""
        return await asyncio.to_thread(self._read, after)

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Append and sync; raises LedgerConflict or LedgerError."""
        await asyncio.to_thread(self._append, expected_head, entries)

    def _read(self, after: int) -> Sequence[Entry]:
        try:
            with self._path.open("rb") as file:
                return self._parse_from(file.read(), after)
        except FileNotFoundError:
            if after:
                raise LedgerError(_gone(self._path)) from None
            return ()
        except OSError as failure:
            raise LedgerError(_unreadable(self._path, failure)) from failure

    def _parse_from(self, content: bytes, after: int) -> Sequence[Entry]:
        if after != self._head or self._offset > len(content):
            self._offset, self._head = 0, 0
        fresh = content[self._offset :]
        whole = fresh[: fresh.rfind(b"\n") + 1]
        entries = list(_entries(self._path, whole.splitlines(), self._head))
        self._offset += len(whole)
        self._head += len(entries)
        return [entry for entry in entries if entry.seq > after]

    def _append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        lines = "".join(json.dumps(entry.to_json(), ensure_ascii=False) + "\n" for entry in entries)
        try:
            self._make_folder()
            with _locked(self._path) as descriptor:
                self._check_head(descriptor, expected_head)
                self._write(descriptor, lines.encode())
        except OSError as failure:
            raise LedgerError(_unwritable(self._path, failure)) from failure
        self._offset += len(lines.encode())
        self._head += len(entries)

    def _make_folder(self) -> None:
        folder = self._path.parent
        if not folder.exists():
            folder.mkdir(parents=True)
            # A local ledger belongs to one machine: two copies merged by Git would be a ledger of neither.
            (folder / ".gitignore").write_text("*\n", encoding="utf-8")

    def _check_head(self, descriptor: int, expected_head: int) -> None:
        size = os.fstat(descriptor).st_size
        self._parse_from(os.pread(descriptor, size, 0), self._head)
        if self._offset < size:
            os.ftruncate(descriptor, self._offset)
        if self._head != expected_head:
            raise LedgerConflict(error("ledger-conflict", f"{self._path}: another run appended first"))

    def _write(self, descriptor: int, content: bytes) -> None:
        start = self._offset
        try:
            _write_all(descriptor, content, start)
            os.fsync(descriptor)
        except OSError:
            # A full disk must not leave half a batch that a later reader takes for whole lines.
            os.ftruncate(descriptor, start)
            raise
        if start == 0:
            _sync_folder(self._path.parent)


def _write_all(descriptor: int, content: bytes, offset: int) -> None:
    while content:
        written = os.pwrite(descriptor, content, offset)
        content, offset = content[written:], offset + written


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _entries(path: Path, lines: Sequence[bytes], head: int) -> Iterator[Entry]:
    for number, line in enumerate(lines, start=head + 1):
        try:
            entry = Entry.from_json(json.loads(line))
        except (ValueError, TypeError, AttributeError, ValidationError) as failure:
            raise LedgerError(_not_an_entry(path, number, failure)) from None
        if entry.seq != number:
            raise LedgerError(_out_of_order(path, number, entry.seq))
        yield entry


def _at(path: Path, line: int, code: str, message: str, hint: str) -> Diagnostic:
    return Diagnostic(code, Severity.ERROR, message, hint, Position(str(path), line, 1))


def _not_an_entry(path: Path, line: int, failure: Exception) -> Diagnostic:
    what = "is not JSON" if isinstance(failure, json.JSONDecodeError) else "is no event that this version knows"
    return _at(
        path,
        line,
        "ledger-corrupt",
        f"this line of the ledger {what}",
        "nothing was changed; use the version that wrote it, or restore the file from a copy",
    )


def _out_of_order(path: Path, line: int, seq: int) -> Diagnostic:
    return _at(
        path,
        line,
        "ledger-corrupt",
        f"entry number {seq} stands where {line} belongs",
        "lines were removed, repeated or merged; nothing was changed; restore the file from a copy",
    )


def _gone(path: Path) -> Diagnostic:
    return error("ledger-gone", f"{path}: the ledger was there and is gone", "restore it before the next run")


def _unreadable(path: Path, failure: OSError) -> Diagnostic:
    return error("ledger-unreadable", f"{path}: the ledger cannot be read: {failure.strerror}")


def _unwritable(path: Path, failure: OSError) -> Diagnostic:
    return error(
        "ledger-unwritable",
        f"{path}: the ledger cannot be written: {failure.strerror}",
        "nothing is sent that is not on record first; mend the disk or the folder's rights and run again",
    )
