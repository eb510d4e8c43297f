"""Files received from the service: a few at a time, only as many bytes as fit, counted as they arrive."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from msgspec import Struct, field
from msgspec.structs import replace

from eocanvas_apply.applying.results.links import by_key, is_gone, listed, title_of
from eocanvas_apply.applying.results.part_file import PartFile
from eocanvas_apply.applying.results.parts import Parts
from eocanvas_apply.applying.results.storing import (
    SPARED,
    DiskFull,
    Target,
    Whole,
    check_rest,
    check_room,
    free_bytes,
    make_folder,
)
from eocanvas_apply.applying.session import AT_ONCE, Session
from eocanvas_apply.boundary import OutsideBoundaryError
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.errors import Doubt, ServiceError
from eocanvas_apply.files import path_outside
from eocanvas_apply.report.progress import Happening, Transfer
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo

_FULL = {errno.ENOSPC, errno.EDQUOT}
_REPORT_EVERY_S = 1.0
# So many bytes of a file of unknown size arrive before free space is looked at again.
_UNLOOKED = 8 * 1024 * 1024
# A connection that brought less than this before it broke off is not opened again at once.
_PROGRESS = 64 * 1024
# Files that threads work on at once: asyncio has five threads or more, and the ledger must always find one.
_AT_DISK = 4
T = TypeVar("T")


class _File(Struct):
    arrived: int
    total: int | None


class Meter(Struct):
    """The downloads of one job: `due` files are to come, those opened are known by their keys.

    `gone` are the titles of results that the service has deleted; `there` says that it began to send another.
    """

    session: Session
    address: str
    due: int
    gone: list[str] = field(default_factory=list)
    there: bool = False
    _files: dict[str, _File] = field(default_factory=dict)
    _stored: int = 0
    _reported: float | None = None

    def open(self, key: str, arrived: int, total: int | None) -> None:
        """Note the size of a file, and how many bytes of it an earlier try has left."""
        self._files[key] = _File(arrived, total)
        self._report()

    def take(self, key: str, size: int) -> None:
        """Note that so many bytes arrived."""
        self._files[key].arrived += size
        now = self.session.clock.monotonic()
        if self._reported is None or now - self._reported >= _REPORT_EVERY_S:
            self._report()

    def close(self, key: str, file: str) -> None:
        """Note that a file is whole and in its place."""
        self._files[key].total = self._files[key].arrived
        self._stored += 1
        self._report()
        self.session.report_event(self.address, Happening.STORED, file)

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
        transfer = Transfer(self._stored, self.due, arrived, expected)
        self.session.report_event(self.address, Happening.RECEIVING, transfer=transfer)


class Receiver:
    """The downloads of one run, whichever jobs they are of, a few files at a time; `folder` is that of the run."""

    def __init__(self, session: Session, folder: Path) -> None:
        self._session = session
        self._folder = folder
        self.parts = Parts(folder)
        self._meters: dict[str, Meter] = {}
        self._gate = asyncio.Semaphore(AT_ONCE)
        self._disk = asyncio.Semaphore(_AT_DISK)

    @contextmanager
    def job(self, address: str, job_id: str, due: int) -> Iterator[Meter]:
        """Open the meter of a job of which so many files are to come; what fails is a failure of its address."""
        meter = self._meters[address] = Meter(self._session, address, due)
        fail = partial(self._session.fail, address)
        try:
            yield meter
            if meter.gone and not self._session.stopping.is_set():
                fail(_gone(address, job_id, meter.gone), again=True)
        except ServiceError as fault:
            fail(fault.diagnostics[0], again=fault.may_pass, wait=fault.retry_after)
        except BlockingIOError:
            message = f"another run is fetching the results of job {job_id}"
            fail(error("result-busy", message, "they are available when it is done", address=address), again=True)
        except OSError as fault:
            fail(_disk_fault(address, fault, self._folder))
        finally:
            self._meters.pop(address, None)

    async def links(self, job_id: str) -> dict[str, ResultInfo]:
        """Return the results of a job by key, with fresh links; none where the service has deleted them.

        Raises ServiceError.
        """
        return by_key(await listed(self._session, job_id) or ())

    async def receive(self, target: Target, meter: Meter, put: Callable[[Whole], T]) -> T | None:
        """Receive a result into its part, then return what `put`, which gives it its name, returns.

        None where the run is stopping, or the service has deleted the result. Raises ServiceError, DiskFull, OSError.
        """
        async with self._gate:
            if self._session.stopping.is_set():
                return None
            self._session.report_event(meter.address, Happening.FETCHING, target.path.name)
            make_folder(target.path.parent)
            try:
                with self.parts.taken(target.part), target.part.open("a+b", buffering=0) as file:
                    part = PartFile(file)
                    if part.size:
                        await self._in_thread(part.read_back)
                    await self._arrived(part, target, meter)
                    # In one go: handing work to a thread takes as long as writing a small file.
                    return await self._in_thread(partial(_settled, part, target, put))
            except ServiceError as fault:
                if not is_gone(fault):
                    raise
                meter.gone.append(title_of(target.result))
                return None

    async def _in_thread(self, work: Callable[[], T]) -> T:
        """Return what work on a file returns. Who is cancelled waits for it: it uses the file, and the lock is its."""
        async with self._disk:
            running = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                return await asyncio.shield(running)
            except asyncio.CancelledError:
                await asyncio.gather(running, return_exceptions=True)
                raise

    async def _arrived(self, part: PartFile, target: Target, meter: Meter) -> None:
        """Receive what is missing; a connection that breaks off is opened again as long as each brings more."""
        while True:
            before = part.size
            try:
                return await self._rest(part, target, meter)
            except Doubt:
                if part.size < before + _PROGRESS or self._session.stopping.is_set():
                    raise

    async def _rest(self, part: PartFile, target: Target, meter: Meter) -> None:
        here = part.size
        async with self._session.service.download(target.result, here) as download:
            meter.there = True
            if download.total is not None:
                # What is not resumed frees the bytes that it overwrites.
                others = sum(other.outstanding for other in self._meters.values())
                check_room(target, download.total - here + others)
            meter.open(target.key, here if download.resumed else 0, download.total)
            await _append(download, target, part, partial(meter.take, target.key))


async def _append(download: Download, target: Target, part: PartFile, took: Callable[[int], None]) -> None:
    """Append what arrives, and pass the number of bytes to `took` each time.

    Raises Doubt where the file is not whole, DiskFull, and OSError for other faults of the disk.
    """
    with _disk_watched(target, part, download.total):
        if not download.resumed:
            part.clear()
        looked = part.size
        async for chunk in download.chunks:
            part.append(chunk)
            took(len(chunk))
            if part.size - looked >= _UNLOOKED:
                looked = part.size
                _check_size(download, target, part)
    if download.total is not None and part.size != download.total:
        message = f"{target.path.name}: {part.size} of {download.total} bytes arrived"
        raise Doubt(error("result-cut", message, "what arrived is kept and the rest fetched from there"))


def _settled(part: PartFile, target: Target, put: Callable[[Whole], T]) -> T:
    """Wait until the disk has a whole part, and return what `put` does with it."""
    with _disk_watched(target, part, part.size):
        part.sync()
    # Before it is renamed, for Windows.
    part.close()
    return put(Whole(target, part.size, part.sha256))


@contextmanager
def _disk_watched(target: Target, part: PartFile, total: int | None) -> Iterator[None]:
    """Raise DiskFull where the disk cannot take the `total` bytes of a part."""
    try:
        yield
    except OSError as fault:
        if fault.errno not in _FULL:
            raise
        raise _full(target, part, total) from fault


def _check_size(download: Download, target: Target, part: PartFile) -> None:
    """Raise where more arrives than was announced, or than the disk has room for."""
    if download.total is None:
        check_rest(target)
    elif part.size > download.total:
        part.clear()
        message = f"{target.path.name}: more than the {download.total} bytes arrive that the service announced"
        raise Doubt(error("result-cut", message, "it is fetched again from the beginning"))


def _full(target: Target, part: PartFile, total: int | None) -> DiskFull:
    size = part.shorten(SPARED)
    return DiskFull(target.path, None if total is None else total - size, free_bytes(target.part.parent))


def _gone(address: str, job_id: str, titles: Sequence[str]) -> Diagnostic:
    message = f"job {job_id} listed {', '.join(titles)}, and the service does not find them now"
    hint = "they are requested again; if this persists, they are lost"
    return error("result-gone", message, hint, address=address)


def _disk_fault(address: str, fault: OSError, folder: Path) -> Diagnostic:
    if isinstance(fault, OutsideBoundaryError):
        written = os.path.relpath(fault.filename, folder)
        return replace(path_outside(written, fault), address=address)
    if isinstance(fault, DiskFull):
        return _disk_full(address, fault, folder)
    where = fault.filename or "the job's folder"
    message = f"{where}: the result cannot be written: {fault.strerror or fault}"
    hint = "what arrived is kept as .part; check the disk and the folder's permissions, and run again"
    return error("result-unwritable", message, hint, address=address)


def _disk_full(address: str, fault: DiskFull, folder: Path) -> Diagnostic:
    needed = "more" if fault.needed is None else f"{fault.needed:,} bytes more"
    free = "" if fault.free is None else f", and {SPARED:,} to spare; {fault.free:,} are free"
    message = f"{os.path.relpath(fault.filename, folder)}: the disk is full: it needs {needed}{free}"
    hint = "what arrived is kept as .part; free some space and run again"
    return error("result-unwritable", message, hint, address=address)
