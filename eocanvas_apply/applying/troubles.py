"""What may go wrong with results, in words."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from eocanvas_apply.applying.storing import DiskFull
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.planning.tasks import FetchResults


def gone(address: str, job_id: str, titles: Sequence[str]) -> Diagnostic:
    """The service has results no more that it did list; that may pass."""
    message = f"job {job_id} listed {', '.join(titles)}, and the service does not find them any more"
    hint = "they are looked for again; if that lasts they are gone for good"
    return error("result-gone", message, hint, address=address)


def busy(task: FetchResults) -> Diagnostic:
    """Another run has the part of a result open."""
    message = f"another run is fetching the results of job {task.job_id}"
    return error("result-busy", message, "they are there when it is done", address=task.job.address)


def disk(task: FetchResults, fault: OSError) -> Diagnostic:
    """The disk or the folder does not take a result."""
    where = fault.filename or task.job.folder
    message = f"{where}: the result cannot be written: {fault.strerror or fault}"
    hint = "what arrived is kept as .part; mend the disk or the folder's rights and run again"
    return error("result-unwritable", message, hint, address=task.job.address)


def disk_full(task: FetchResults, fault: DiskFull, folder: Path) -> Diagnostic:
    """The disk is full: how much is needed, and how much there is."""
    needed = "more" if fault.needed is None else f"{fault.needed:,} bytes more"
    free = "" if fault.free is None else f", {fault.free:,} are free"
    message = f"{os.path.relpath(fault.filename, folder)}: the disk is full: it needs {needed}{free}"
    hint = "what arrived is kept as .part; make room and run again"
    return error("result-unwritable", message, hint, address=task.job.address)


def index_unwritable(folder: Path, fault: OSError, address: str) -> Diagnostic:
    """The results are safe, and the index of their folder cannot be written."""
    message = f"{folder / 'index.csv'}: the index cannot be written: {fault.strerror or fault}"
    hint = "the results are there; mend the disk or the folder's rights, and the next run writes it"
    return error("index-unwritable", message, hint, address=address)
