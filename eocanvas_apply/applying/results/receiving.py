"""Files on their way from the service: a few at a time, only as many bytes as fit, counted as they arrive."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import BinaryIO

from eocanvas_apply.applying.results import faults
from eocanvas_apply.applying.results.listing import by_key, listed
from eocanvas_apply.applying.results.storing import SPARED, Target, check_room, free_bytes
from eocanvas_apply.applying.session import Session
from eocanvas_apply.errors import Doubt
from eocanvas_apply.report.progress import Transfer
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REPORT_EVERY_S = 1.0


@dataclass(slots=True)
class _File:
    arrived: int
    total: int | None


@dataclass(slots=True)
class Meter:
    """The downloads of one job: `due` files are to come, those opened are known by the name of their part."""

    session: Session
    address: str
    due: int
    _files: dict[str, _File] = field(default_factory=dict)
    _stored: int = 0
    _reported: float | None = None

    def open(self, name: str, arrived: int, total: int | None) -> None:
        """Note that a file comes: so many bytes of it are here from an earlier try, so many it has in all."""
        self._files[name] = _File(arrived, total)
        self._report()

    def take(self, name: str, size: int) -> None:
        """Note that so many bytes arrived."""
        self._files[name].arrived += size
        now = self.session.clock.monotonic()
        if self._reported is None or now - self._reported >= _REPORT_EVERY_S:
            self._report()

    def close(self, name: str) -> None:
        """Note that a file is whole and in its place."""
        self._files[name].total = self._files[name].arrived
        self._stored += 1
        self._report()

    @property
    def outstanding(self) -> int:
        """How many bytes of the opened files are still to come, as far as their sizes are known."""
        return sum(max(0, file.total - file.arrived) for file in self._files.values() if file.total is not None)

    def _report(self) -> None:
        self._reported = self.session.clock.monotonic()
        totals = [file.total for file in self._files.values()]
        known = [total for total in totals if total is not None]
        expected = sum(known) if len(known) == self.due else None
        arrived = sum(file.arrived for file in self._files.values())
        self.session.report_transfer(self.address, Transfer(self._stored, self.due, arrived, expected))


_FILES_AT_ONCE = 4


class Receiver:
    """The downloads of one run, whichever jobs they are of; `gate` lets a few through at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._meters: dict[str, Meter] = {}
        self.gate = asyncio.Semaphore(_FILES_AT_ONCE)

    def begin(self, address: str, due: int) -> Meter:
        """Return the meter of a job of which so many files are to come."""
        meter = self._meters[address] = Meter(self._session, address, due)
        return meter

    def end(self, address: str) -> None:
        """Note that of this job no more comes."""
        self._meters.pop(address, None)

    async def links(self, job_id: str) -> dict[str, ResultInfo]:
        """Return the results of a job by key, with links that are fresh: they may be signed and age.

        Where the service has them no more there are none. Raises ServiceError.
        """
        return by_key(await listed(self._session, job_id) or ())

    async def into(self, file: BinaryIO, target: Target, meter: Meter, began: Callable[[], None]) -> None:
        """Write a result behind what the file holds; `began` is called when the service begins to send.

        Raises ServiceError, DiskFull, OSError.
        """
        here = os.fstat(file.fileno()).st_size
        async with self._session.service.download(target.result, here) as download:
            began()
            self._check_room(target, download, here)
            meter.open(target.key, here if download.resumed else 0, download.total)
            await receive(download, target, file, partial(meter.take, target.key))

    def _check_room(self, target: Target, download: Download, here: int) -> None:
        if download.total is not None:
            # What is not resumed frees the bytes that it overwrites.
            others = sum(meter.outstanding for meter in self._meters.values())
            check_room(target, download.total - here + others)


async def receive(download: Download, target: Target, file: BinaryIO, took: Callable[[int], None]) -> None:
    """Write what arrives behind what is there, and tell `took` how many bytes each time.

    Raises Doubt where the file is not whole, DiskFull, and OSError for other faults of the disk.
    """
    try:
        if not download.resumed:
            file.truncate(0)
        async for chunk in download.chunks:
            write_all(file, chunk)
            took(len(chunk))
        await asyncio.to_thread(os.fsync, file.fileno())
    except OSError as fault:
        if fault.errno not in _FULL:
            raise
        raise _full(target, file, download.total) from fault
    received = os.fstat(file.fileno()).st_size
    if download.total is not None and received != download.total:
        raise Doubt(faults.cut(target.path.name, received, download.total))


def write_all(file: BinaryIO, content: bytes) -> None:
    """Write all of it; a disk that is nearly full takes a piece first."""
    left = memoryview(content)
    while left:
        left = left[file.write(left) :]


def _full(target: Target, file: BinaryIO, total: int | None) -> faults.DiskFull:
    size = os.fstat(file.fileno()).st_size
    with suppress(OSError):
        size = max(0, size - SPARED)
        file.truncate(size)
    return faults.DiskFull(target.path, None if total is None else total - size, free_bytes(target.part.parent))
