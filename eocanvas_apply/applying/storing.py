"""One file from the service onto the disk: what arrives is kept, and gets its name when it is whole."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Doubt
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo


@dataclass(frozen=True, slots=True)
class Target:
    """Where one result goes; `part` keeps what has arrived until it is whole.

    `twins` are files under the names it would have had. A run that ended between the last byte and the ledger left
    one: it is taken when it holds the same, anything else stays untouched.
    """

    result: ResultInfo
    path: Path
    part: Path
    twins: tuple[Path, ...] = ()


async def receive(download: Download, target: Target, offset: int) -> None:
    """Write what arrives behind what is there; raises Doubt where the file is not whole, OSError from the disk."""
    received = offset if download.resumed else 0
    with target.part.open("ab" if download.resumed else "wb") as file:
        async for chunk in download.chunks:
            file.write(chunk)
            received += len(chunk)
        file.flush()
        await asyncio.to_thread(os.fsync, file.fileno())
    if download.total is not None and received != download.total:
        raise Doubt(_cut(target, received, download.total))


def put_in_place(target: Target) -> tuple[Path, int, str]:
    """Give a whole file its name; return where it lies, its size in bytes and its SHA-256."""
    size, digest = target.part.stat().st_size, _digest(target.part)
    for twin in target.twins:
        if twin.is_file() and twin.stat().st_size == size and _digest(twin) == digest:
            target.part.unlink()
            return twin, size, digest
    target.part.replace(target.path)
    return target.path, size, digest


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cut(target: Target, received: int, total: int) -> Diagnostic:
    message = f"{target.path.name}: {received} of {total} bytes arrived"
    return error("result-cut", message, "what arrived is kept and the rest fetched from there")
