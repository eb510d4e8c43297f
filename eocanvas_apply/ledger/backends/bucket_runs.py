"""Runs at work on a ledger in a bucket: each keeps a note beside it, and writes it again for as long as it works.

A note says until when it holds, by the service's clock, which all runs share: one that a killed run left soon ends.
Whatever the storage refuses, the run goes on: it only is not seen.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from msgspec import Struct

from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.backends.runs_at_work import RunAtWork

_FOLDER = "runs"
_VALID = timedelta(minutes=2)
_REFRESH_S = 30.0
# What a storage lists first are the smallest names: those of the youngest runs.
_LAST_SECOND = 9_999_999_999


class _Note(Struct, frozen=True):
    """A note of a run, by its name in the bucket."""

    name: str
    run: RunAtWork
    until: datetime


class BucketRuns:
    """The notes of the runs that work on one ledger in a bucket, by one of them."""

    def __init__(self, bucket: LedgerBucket) -> None:
        self.refresh_s = _REFRESH_S
        self._bucket, self._own = bucket, set[str]()

    @asynccontextmanager
    async def noted(self, token: str, now: Callable[[], datetime]) -> AsyncIterator[None]:
        """Keep a note for as long as the block lasts, and remove those of killed runs."""
        since = now()
        name = f"{_FOLDER}/{_LAST_SECOND - int(since.timestamp()):010}-{token}"
        self._own.add(name)
        if not await asyncio.to_thread(self._write, name, since, now()):
            yield
            return
        await asyncio.to_thread(self._tidy, since)
        ended = asyncio.Event()
        refreshing = asyncio.create_task(self._refresh(name, since, now, ended))
        try:
            yield
        finally:
            # Not cancelled: a note that is on its way would arrive after it was removed.
            ended.set()
            await refreshing
            await asyncio.to_thread(self._remove, name)

    async def others(self, now: datetime) -> Sequence[RunAtWork]:
        """Return the other runs that are at work now, oldest first; none where the storage does not show them."""
        notes = await asyncio.to_thread(lambda: [*self._notes()])
        return sorted((note.run for note in notes if note.until > now), key=lambda run: run.since)

    async def _refresh(self, name: str, since: datetime, now: Callable[[], datetime], ended: asyncio.Event) -> None:
        while True:
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self.refresh_s)
            if ended.is_set():
                return
            await asyncio.to_thread(self._write, name, since, now())

    def _write(self, name: str, since: datetime, now: datetime) -> bool:
        run = {"process": os.getpid(), "host": socket.gethostname()}
        times = {"since": since.isoformat(), "until": (now + _VALID).isoformat()}
        return self._bucket.try_to_replace(name, json.dumps(run | times).encode())

    def _notes(self) -> Iterator[_Note]:
        with suppress(LedgerError):
            listed = self._bucket.listed(_FOLDER, "")
            for own_name in sorted(listed.tags):
                name = f"{_FOLDER}/{own_name}"
                # An empty one has ended, where nothing can be deleted.
                if name in self._own or own_name in listed.empty:
                    continue
                with suppress(ValueError, TypeError, KeyError):
                    yield _read(name, self._bucket.content(name) or b"")

    def _tidy(self, now: datetime) -> None:
        for note in self._notes():
            if note.until <= now:
                self._remove(note.name)

    def _remove(self, name: str) -> None:
        """Remove a note, or empty it: the rights of a run need not include to delete."""
        if not self._bucket.try_to_delete(name):
            self._bucket.try_to_replace(name, b"")


def _read(name: str, content: bytes) -> _Note:
    """Return a note; raises ValueError, TypeError or KeyError for anything else."""
    found = json.loads(content)
    until = datetime.fromisoformat(found["until"])
    run = RunAtWork(int(found["process"]), str(found["host"]), datetime.fromisoformat(found["since"]), until)
    if None in (until.tzinfo, run.since.tzinfo):
        raise ValueError("a time without a zone")
    return _Note(name, run, until)
