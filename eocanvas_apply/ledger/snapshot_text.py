"""Snapshots of the fold as text, so that a long ledger opens at once.

A snapshot only saves time. It is bound to the version of the fold and to the entry at the ledger's head when it was
written; one that does not fit, or that was damaged, is ignored, and the ledger is read from its beginning.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from itertools import chain
from typing import Any, BinaryIO, Protocol

import msgspec
from msgspec.structs import replace

from eocanvas_apply.ledger.fold import recorded as fold
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded

# Reading fewer entries than this is faster than anything that could be saved.
_WORTH_IT = 1_000
# And than this share of the ledger, one entry in so many: a snapshot is written as a whole.
_SHARE = 50
_LONGEST_LINE = 1 << 24
# What the reading of anything else than a snapshot of this version raises.
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError)


class Snapshots(Protocol):
    """The snapshot beside a ledger. Methods block."""

    @property
    def url(self) -> str:
        """Where it is, for people."""

    def load(self) -> Recorded | None:
        """Return the fold as the snapshot has it, and let the backend read on from there; None without one."""

    def save(self, recorded: Recorded) -> bool:
        """Write the fold of the entries that the backend has read; tell whether that was possible.

        Raises ValueError for the fold of anything else.
        """


def worth_saving(entries_behind: int, head: int) -> bool:
    """Tell whether so many entries behind the last snapshot are worth another one of the whole."""
    return entries_behind >= max(_WORTH_IT, head // _SHARE)


def lines(header: dict[str, Any], recorded: Recorded) -> Iterator[bytes]:
    """Yield the lines of a snapshot: its header, the fold without its jobs, each job, the digest of all before."""
    whole = hashlib.sha256()
    header = {"version": fold.VERSION, "head": recorded.head, **header}
    contents = chain(
        [json.dumps(header).encode(), msgspec.json.encode(replace(recorded, jobs={}))],
        map(msgspec.json.encode, recorded.jobs.values()),
    )
    for content in contents:
        whole.update(line := content + b"\n")
        yield line
    yield whole.hexdigest().encode()


class SnapshotReader:
    """A snapshot that is read: first its header, then the fold if that fits. Raises one of UNREADABLE."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._first = file.readline(_LONGEST_LINE)
        self.header: dict[str, Any] = msgspec.json.decode(self._first)

    @property
    def is_current(self) -> bool:
        """Whether this version of the fold wrote it."""
        return bool(self.header["version"] == fold.VERSION)

    def recorded(self) -> Recorded | None:
        """Return the fold behind the header, None where the digest at the end is that of something else."""
        job_of = msgspec.json.Decoder(JobRecord)
        whole = hashlib.sha256(self._first + (rest := self._file.readline()))
        recorded = msgspec.json.decode(rest, type=Recorded)
        for line in self._file:
            if not line.endswith(b"\n"):
                return recorded if line == whole.hexdigest().encode() else None
            whole.update(line)
            record = job_of.decode(line)
            recorded.jobs[record.address] = record
        return None
