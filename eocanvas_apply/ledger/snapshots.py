"""Snapshots of the fold beside a local ledger, so that a long one opens at once.

A snapshot only saves time. It is bound to the version of the fold and to the entry at the ledger's head when it was
written; one that does not fit, or that was damaged, is ignored, and the ledger is read from its beginning.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import chain
from typing import Any, BinaryIO

from pydantic import TypeAdapter
from pydantic_core import from_json

from eocanvas_apply.file_locks import locked
from eocanvas_apply.ledger.entry import Place
from eocanvas_apply.ledger.fold import recorded as fold
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.local import LocalBackend

# Reading fewer entries than this is faster than anything that could be saved.
_WORTH_IT = 1_000
# And than this share of the ledger, one entry in so many: a snapshot is written as a whole.
_SHARE = 50
_LONGEST_LINE = 1 << 24
# The end of the ledger that is compared; an entry is shorter.
_END = 1 << 20


class Snapshots:
    """The one snapshot of a ledger in a local file, and the backend that reads on behind it. Methods block."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self.path = backend.path.with_name(backend.path.name.removesuffix(".jsonl") + ".snapshot")

    def load(self) -> Recorded | None:
        """Return the fold as the snapshot has it, and let the backend read on from there; None without one."""
        try:
            with self.path.open("rb") as file:
                header = from_json(first := file.readline(_LONGEST_LINE))
                recorded = _read(file, first) if self._fits(header) else None
        except (OSError, ValueError, KeyError, TypeError, OverflowError):
            return None
        if recorded:
            self._backend.resume(Place(header["offset"], header["head"]))
        return recorded

    def save(self, recorded: Recorded) -> bool:
        """Write the fold of the entries that the backend has read, all at once or not at all.

        Tells whether that was possible; raises ValueError for the fold of anything else.
        """
        place = self._backend.place
        if recorded.head != place.head:
            raise ValueError(f"the fold is at {recorded.head}, the ledger was read to {place.head}")
        partial = self.path.with_name(f"{self.path.name}.part")
        try:
            # Of two runs one is enough; what a killed run left is written over.
            with locked(self.path):
                end = _digest(self._end(place.offset))
                header = {"version": fold.VERSION, "head": place.head, "offset": place.offset, "end": end}
                with open(partial, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                    file.writelines(_lines(header, recorded))
                partial.replace(self.path)
        except OSError:
            with suppress(OSError):
                partial.unlink()
            return False
        return True

    def _fits(self, header: Any) -> bool:
        if header["version"] != fold.VERSION:
            return False
        end = self._end(header["offset"])
        last = end[end.rfind(b"\n", 0, -1) + 1 :]
        # An entry's own number and batch are in it: no other entry of this or another ledger has this digest.
        return _digest(end) == header["end"] and bool(from_json(last)["seq"] == header["head"])

    def _end(self, offset: int) -> bytes:
        """Return the last bytes of the ledger before an offset."""
        begin = max(0, offset - _END)
        with self._backend.path.open("rb") as ledger:
            ledger.seek(begin)
            return ledger.read(max(0, offset - begin))


def worth_saving(entries_behind: int, head: int) -> bool:
    """Tell whether so many entries behind the last snapshot are worth another one of the whole."""
    return entries_behind >= max(_WORTH_IT, head // _SHARE)


def _lines(header: dict[str, Any], recorded: Recorded) -> Iterator[bytes]:
    """Yield the lines of a snapshot: its header, the fold without its jobs, each job, the digest of all before."""
    fold_of, job_of = _adapters()
    whole = hashlib.sha256()
    contents = chain(
        [json.dumps(header).encode(), fold_of.dump_json(replace(recorded, jobs={}), exclude_defaults=True)],
        (job_of.dump_json(record, exclude_defaults=True) for record in recorded.jobs.values()),
    )
    for content in contents:
        whole.update(line := content + b"\n")
        yield line
    yield whole.hexdigest().encode()


def _read(file: BinaryIO, header: bytes) -> Recorded | None:
    """Return the fold behind a header, None where the digest at the end is that of something else."""
    fold_of, job_of = _adapters()
    whole = hashlib.sha256(header + (rest := file.readline()))
    recorded = fold_of.validate_json(rest)
    for line in file:
        if not line.endswith(b"\n"):
            return recorded if line == whole.hexdigest().encode() else None
        whole.update(line)
        record = job_of.validate_json(line)
        recorded.jobs[record.address] = record
    return None


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@cache
def _adapters() -> tuple[TypeAdapter[Recorded], TypeAdapter[JobRecord]]:
    return TypeAdapter(Recorded), TypeAdapter(JobRecord)
