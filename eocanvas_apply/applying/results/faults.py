"""What may go wrong with results, in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from eocanvas_apply.applying.results.storing import DiskFull
from eocanvas_apply.diagnostics import Diagnostic, error


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


def index_unwritable(folder: Path, fault: OSError, address: str) -> Diagnostic:
    """The results are safe, and the index of their folder cannot be written."""
    message = f"{folder / 'index.csv'}: the index cannot be written: {fault.strerror or fault}"
    hint = "the results are there; check the disk and the folder's permissions; the next run writes it"
    return error("index-unwritable", message, hint, address=address)
