"""One result on the disk: a part until it is whole, then under its name; earlier files are moved aside."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Collection
from itertools import chain, count
from pathlib import Path

from msgspec import Struct

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import Doubt
from eocanvas_apply.files import digest_of
from eocanvas_apply.results.names import safe_name
from eocanvas_apply.service.wire import ResultInfo

# What downloads leave free on a disk, for the ledger.
SPARED = 1024 * 1024
# What a download of unknown size leaves free: it may never end, and others use the disk too.
LEFT_FREE = 100 * 1024 * 1024


class DiskFull(OSError):
    """A file does not fit on the disk: `needed` bytes are missing, None where the service sends no size."""

    def __init__(self, path: Path, needed: int | None, free: int | None) -> None:
        super().__init__(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        self.needed = needed
        self.free = free


class Target(Struct, frozen=True):
    """The place of one result, distinguished from the others of its job by `key`; `part` keeps what has arrived so far.

    `twins` are unrecorded files under the names it would have had: one with the same content, left by a killed run, is
    used as it is; any other stays untouched.
    """

    key: str
    result: ResultInfo
    path: Path
    part: Path
    twins: tuple[Path, ...] = ()


class Whole(Struct, frozen=True):
    """A result whose part is whole: its `size` in bytes, and its SHA-256 in hex, known since its last byte arrived."""

    target: Target
    size: int
    sha256: str


def check_room(target: Target, needed: int) -> None:
    """Raise DiskFull where so many bytes do not fit, before half a file fills what others need."""
    free = free_bytes(target.part.parent)
    if free is not None and needed + SPARED > free:
        raise DiskFull(target.path, needed, free)


def check_rest(target: Target) -> None:
    """Raise DiskFull where a file of unknown size would take the last of the disk."""
    free = free_bytes(target.part.parent)
    if free is not None and free < LEFT_FREE:
        raise DiskFull(target.path, None, free)


def put_in_place(whole: Whole, taken: Collection[Path]) -> Path:
    """Give a whole file its name; return where it lies.

    `taken` are files that other results are. Raises Doubt where another file has taken the name meanwhile.
    """
    target = whole.target
    for twin in (*target.twins, target.path):
        if twin not in taken and twin.is_file() and _is_same(twin, whole):
            target.part.unlink()
            return twin
    if os.path.lexists(target.path):
        message = f"{target.path.name}: a file of this name has appeared beside the result"
        raise Doubt(error("result-name-taken", message, "the next try uses another name"))
    target.part.replace(target.path)
    return target.path


def _is_same(file: Path, whole: Whole) -> bool:
    return file.stat().st_size == whole.size and digest_of(file) == whole.sha256


def free_bytes(folder: Path) -> int | None:
    """Return how many bytes are free on the folder's disk, None where that is unknown."""
    try:
        disk = shutil.disk_usage(folder)
    except OSError:
        return None
    return disk.free if disk.total else None


def move_aside(path: Path, boundary: Boundary, job_id: str) -> None:
    """Move a file, if there is one, to the superseded files of this job in the boundary's folder.

    Raises OSError, also for a file outside of the boundary: a ledger may name any.
    """
    boundary.real(path.parent)
    if not os.path.lexists(path):
        return
    aside = boundary.folder / ".eocanvas" / "superseded" / safe_name(job_id)
    aside.mkdir(parents=True, exist_ok=True)
    names = chain([path.name], (f"{path.name}.{number}" for number in count(1)))
    path.replace(next(aside / name for name in names if not os.path.lexists(aside / name)))


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; raises OSError."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except ValueError:
        # A zero byte, or letters that the file system's encoding lacks: it never reaches the operating system.
        raise OSError(errno.EINVAL, "a folder cannot have this name here", repr(str(folder))) from None
