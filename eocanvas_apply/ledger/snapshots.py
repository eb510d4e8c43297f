"""Snapshots of the fold beside a local ledger, so that a long one opens at once.

A snapshot only saves time. It is bound to the version of the fold and to the entry at the ledger's head when it was
written; one that does not fit, or that was damaged, is ignored, and the ledger is read from its beginning.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from pydantic import TypeAdapter
from pydantic_core import from_json

from eocanvas_apply.ledger.fold import recorded as fold
from eocanvas_apply.ledger.fold.job_records import JobRecord
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.lines import Place
from eocanvas_apply.ledger.local import LocalBackend

# Reading fewer entries than this is faster than anything that could be saved.
_WORTH_IT = 1_000
# And than this share of the ledger, one entry in so many: a snapshot is written as a whole.
_SHARE = 50
_LONGEST_LINE = 1 << 24
# Writing one takes seconds; an older one was left by a killed run.
_STALE_S = 3600.0


class SnapshotKeeper(Protocol):
    """What a journal needs of snapshots, wherever they are kept. Both methods block."""

    def load(self) -> Recorded | None:
        """Return a fold to read on from, None where there is none that fits."""
        ...

    def save(self, recorded: Recorded) -> bool:
        """Keep the fold of nothing but the entries read so far; tell whether that was possible."""
        ...


class LocalSnapshots:
    """The one snapshot of a ledger in a local file, and the backend that reads on behind it."""

    def __init__(self, backend: LocalBackend) -> None:
        self._backend = backend
        self._ledger = ledger = backend.path
        self.path = ledger.with_name(ledger.name.removesuffix(".jsonl") + ".snapshot")

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

        Raises ValueError for the fold of anything else.
        """
        place = self._backend.place
        if recorded.head != place.head:
            raise ValueError(f"the fold is at {recorded.head}, the ledger was read to {place.head}")
        try:
            self._replace(_lines(self._header(place), recorded))
        except OSError:
            return False
        return True

    def _header(self, place: Place) -> dict[str, Any]:
        entry = self._entry_before(place.offset)
        fits = {"head": place.head, "offset": place.offset, "length": len(entry), "entry": _digest(entry)}
        return {"version": fold.VERSION, **fits}

    def _fits(self, header: Any) -> bool:
        if header["version"] != fold.VERSION:
            return False
        offset, length = header["offset"], header["length"]
        with self._ledger.open("rb") as ledger:
            ledger.seek(offset - length)
            line = ledger.read(length)
        # An entry's own number and batch are in it: no other entry of this or another ledger has this digest.
        return _digest(line) == header["entry"] and bool(from_json(line)["seq"] == header["head"])

    def _entry_before(self, offset: int) -> bytes:
        with self._ledger.open("rb") as ledger:
            size = 4096
            while True:
                begin = max(0, offset - size)
                ledger.seek(begin)
                block = ledger.read(offset - begin)
                end_of_last = block.rfind(b"\n", 0, len(block) - 1)
                if end_of_last >= 0 or begin == 0:
                    return block[end_of_last + 1 :]
                size *= 4

    def _replace(self, lines: Iterable[bytes]) -> None:
        folder, prefix = self.path.parent, f"{self.path.name}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix, delete=False) as file:
            written = Path(file.name)
            try:
                file.writelines(lines)
                file.flush()
                written.replace(self.path)
            except BaseException:
                written.unlink(missing_ok=True)
                raise
        self._sweep()

    def _sweep(self) -> None:
        """Remove what runs that were killed while they wrote have left."""
        for left in self.path.parent.glob(f"{self.path.name}.*"):
            with suppress(OSError):
                if time.time() - left.stat().st_mtime > _STALE_S:
                    left.unlink()


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
