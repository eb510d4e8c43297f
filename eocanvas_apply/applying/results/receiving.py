"""Files on their way from the service: where they are now, a few at a time, and only as many bytes as fit."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from functools import partial
from typing import BinaryIO

from eocanvas_apply.applying.results import listings
from eocanvas_apply.applying.results.metering import Meter
from eocanvas_apply.applying.results.storing import Target, check_room, receive
from eocanvas_apply.applying.session import Session
from eocanvas_apply.errors import ServiceError
from eocanvas_apply.ledger.fold.job_records import keys_of
from eocanvas_apply.service.download import Download
from eocanvas_apply.service.wire import ResultInfo

_FILES_AT_ONCE = 4
_NOT_THERE = (404, listings.GONE)


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
        return _by_key(await listings.listed(self._session, job_id) or ())

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


def title_of(result: ResultInfo) -> str:
    """Return what the ledger knows a result by."""
    return result.title or result.href


def is_gone(fault: ServiceError) -> bool:
    """Tell whether the service says that it has not got what was asked for."""
    return fault.status in _NOT_THERE


def _by_key(results: Sequence[ResultInfo]) -> dict[str, ResultInfo]:
    # Equal titles are distinguished by their links: the service may list them in another order.
    ordered = sorted(results, key=lambda result: result.href.partition("?")[0])
    return dict(zip(keys_of(map(title_of, ordered)), ordered, strict=True))
