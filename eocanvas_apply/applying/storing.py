"""One file from the service onto the disk: what arrives is kept, and gets its name when it is whole."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Doubt
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo


@dataclass(frozen=True, slots=True)
class Target:
    """Where one result goes, told from the others of its job by `key`; `part` keeps what has arrived so far.

    `twins` are files under the names it would have had. A run that ended between the last byte and the ledger left
    one: it is taken when it holds the same, anything else stays untouched.
    """

    key: str
    result: ResultInfo
    path: Path
    part: Path
    twins: tuple[Path, ...] = ()


@contextmanager
def held(part: Path) -> Iterator[BinaryIO]:
    """Open a part to write behind its end, and keep other runs off it; raises BlockingIOError where one has it."""
    while True:
        with part.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Another run may have finished it between our opening and our lock.
            if not _is_at(part, file):
                continue
            try:
                yield file
            finally:
                _leave(part, file)
            return


async def receive(download: Download, target: Target, file: BinaryIO) -> None:
    """Write what arrives behind what is there; raises Doubt where the file is not whole, OSError from the disk."""
    if not download.resumed:
        file.truncate(0)
    async for chunk in download.chunks:
        file.write(chunk)
    file.flush()
    await asyncio.to_thread(os.fsync, file.fileno())
    received = os.fstat(file.fileno()).st_size
    if download.total is not None and received != download.total:
        raise Doubt(_cut(target, received, download.total))


def put_in_place(target: Target) -> tuple[Path, int, str]:
    """Give a whole file its name; return where it lies, its size in bytes and its SHA-256.

    Raises Doubt where another file has taken the name meanwhile.
    """
    size, digest = target.part.stat().st_size, _digest(target.part)
    for twin in (*target.twins, target.path):
        if twin.is_file() and twin.stat().st_size == size and _digest(twin) == digest:
            target.part.unlink()
            return twin, size, digest
    if target.path.exists():
        raise Doubt(_taken(target))
    target.part.replace(target.path)
    return target.path, size, digest


def _leave(part: Path, file: BinaryIO) -> None:
    with suppress(OSError):
        file.flush()
        if _is_at(part, file) and not part.stat().st_size:
            part.unlink()


def _is_at(path: Path, file: BinaryIO) -> bool:
    with suppress(FileNotFoundError):
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    return False


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cut(target: Target, received: int, total: int) -> Diagnostic:
    message = f"{target.path.name}: {received} of {total} bytes arrived"
    return error("result-cut", message, "what arrived is kept and the rest fetched from there")


def _taken(target: Target) -> Diagnostic:
    message = f"{target.path.name}: a file of this name has appeared beside the result"
    return error("result-name-taken", message, "the result gets another name at the next try")
