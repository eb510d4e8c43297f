"""What may go wrong with results on their way, as diagnostics."""

from __future__ import annotations

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from eocanvas_apply.diagnostics import Diagnostic, error


class DiskFull(OSError):
    """The disk does not take a file: `needed` bytes are still to come, None where the service tells no size."""

    def __init__(self, path: Path, needed: int | None, free: int | None) -> None:
        super().__init__(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        self.needed = needed
        self.free = free


def gone(address: str, job_id: str, titles: Sequence[str]) -> Diagnostic:
    """The service has results no more that it did list; that may pass."""
    message = f"job {job_id} listed {', '.join(titles)}, and the service does not find them now"
    hint = "they are requested again; if this persists, they are lost"
    return error("result-gone", message, hint, address=address)


def busy(address: str, job_id: str) -> Diagnostic:
    """Another run has the part of a result open."""
    message = f"another run is fetching the results of job {job_id}"
    return error("result-busy", message, "they are available when it is done", address=address)


def disk(address: str, fault: OSError, folder: Path) -> Diagnostic:
    """The disk does not take a result: `folder` is what paths are relative to."""
    if isinstance(fault, DiskFull):
        return _disk_full(address, fault, folder)
    where = fault.filename or "the job's folder"
    message = f"{where}: the result cannot be written: {fault.strerror or fault}"
    hint = "what arrived is kept as .part; check the disk and the folder's permissions, and run again"
    return error("result-unwritable", message, hint, address=address)


def _disk_full(address: str, fault: DiskFull, folder: Path) -> Diagnostic:
    needed = "more" if fault.needed is None else f"{fault.needed:,} bytes more"
    free = "" if fault.free is None else f", {fault.free:,} are free"
    message = f"{os.path.relpath(fault.filename, folder)}: the disk is full: it needs {needed}{free}"
    hint = "what arrived is kept as .part; free some space and run again"
    return error("result-unwritable", message, hint, address=address)


def differs(address: str, file: str) -> Diagnostic:
    """What the service sends is not what was on record."""
    message = f"{file}: the service sends other content than the recorded one"
    hint = (
        "nothing was changed here; copy the recorded file from where it is, or run the job again with apply --relaunch"
    )
    return error("result-differs", message, hint, address=address)


def cut(name: str, received: int, total: int) -> Diagnostic:
    """Fewer bytes arrived than the service announced."""
    message = f"{name}: {received} of {total} bytes arrived"
    return error("result-cut", message, "what arrived is kept and the rest fetched from there")


def name_taken(name: str) -> Diagnostic:
    """Another file took the place of a result while it was fetched."""
    message = f"{name}: a file of this name has appeared beside the result"
    return error("result-name-taken", message, "the next try uses another name")
