"""Snapshots of the fold beside a local ledger, so that a long one opens at once.

A snapshot only saves time. It is bound to the code that folds and to the entry at the ledger's head when it was made;
one that does not fit, or that was damaged, is ignored, and the ledger is read from its beginning.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
import time
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, make_dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO, Protocol, get_type_hints

from pydantic import TypeAdapter
from pydantic_core import from_json

from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.fold.job_table import Finished, Jobs, Packed, StoredFile
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.ledger.lines import Place

_FORMAT = 1
# Reading fewer entries than this is faster than anything that could be saved.
_WORTH_IT = 1_000
# And than this share of the ledger, one entry in so many: a snapshot is written as a whole.
_SHARE = 50
_LONGEST_LINE = 1 << 24
# Writing one takes seconds; what is older than this nobody writes any more.
_STALE_S = 3600.0


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The fold of a ledger up to a place."""

    recorded: Recorded
    place: Place


class SnapshotKeeper(Protocol):
    """What a journal needs of snapshots, wherever they are kept. Both methods block."""

    def load(self) -> Recorded | None:
        """Return a fold to read on from, None where there is none that fits."""
        ...

    def save(self, recorded: Recorded, settled_before: datetime) -> None:
        """Keep the fold of nothing but the entries read so far."""
        ...


class Snapshots:
    """The one snapshot of a ledger in a local file. Blocks; to be called from a thread."""

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self.path = ledger.with_name(ledger.name.removesuffix(".jsonl") + ".snapshot")

    def load(self) -> Snapshot | None:
        """Return the snapshot, None where there is none that fits the ledger."""
        try:
            with self.path.open("rb") as file:
                header = from_json(file.readline(_LONGEST_LINE))
                return self._read(file, header) if self._fits(header) else None
        except (OSError, ValueError, KeyError, TypeError, OverflowError, zlib.error):
            return None

    def save(self, recorded: Recorded, place: Place, settled_before: datetime) -> bool:
        """Write a snapshot of the fold at a place, all at once or not at all; tell whether that was possible.

        `recorded` must be the fold of nothing but the ledger's first `place.head` entries. Jobs that are over, and
        were not given up after `settled_before`, are packed from now on.
        """
        if recorded.head != place.head:
            raise ValueError(f"the fold is at {recorded.head}, the place at {place.head}")
        recorded.jobs.pack(settled_before)
        try:
            entry = self._entry_before(place.offset)
            self._write(recorded, place, entry)
        except OSError:
            return False
        return True

    def _fits(self, header: Any) -> bool:
        if header["format"] != _FORMAT or header["fold"] != _folding():
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

    def _read(self, file: BinaryIO, header: Any) -> Snapshot | None:
        body = file.read()
        if _digest(body) != header["body"]:
            return None
        table, _, contents = body.partition(b"\n")
        index = from_json(table)
        jobs = Jobs(index["sample"].encode("latin-1"), _packed(index, memoryview(contents)))
        names = {address: address for address in jobs}
        owner_of = {job_id: names.get(owner, owner) for job_id, owner in index["owner_of"].items()}
        for address in index["loose"]:
            jobs.to_change(address)
        rest = _adapter().validate_python(index["rest"])
        recorded = Recorded(jobs=jobs, owner_of=owner_of, **{name: getattr(rest, name) for name in _rest()})
        return Snapshot(recorded, Place(header["offset"], header["head"]))

    def _write(self, recorded: Recorded, place: Place, entry: bytes) -> None:
        packed = dict(recorded.jobs.contents())
        index = {
            "rest": _adapter().dump_python(recorded, mode="json"),
            "owner_of": recorded.owner_of,
            "sample": recorded.jobs.sample.decode("latin-1"),
            "loose": [record.address for record in recorded.jobs.unsettled()],
            "addresses": list(packed),
            "sizes": [len(each.content) for each in packed.values()],
            "youngest": [each.youngest for each in packed.values()],
            "finished": [each.finished for each in packed.values()],
        }
        parts = [json.dumps(index).encode(), b"\n", *(each.content for each in packed.values())]
        header = {
            "format": _FORMAT,
            "fold": _folding(),
            "head": place.head,
            "offset": place.offset,
            "length": len(entry),
            "entry": _digest(entry),
            "body": _digest(*parts),
        }
        self._replace([json.dumps(header).encode(), b"\n", *parts])

    def _replace(self, parts: list[bytes]) -> None:
        folder, prefix = self.path.parent, f"{self.path.name}."
        with tempfile.NamedTemporaryFile(dir=folder, prefix=prefix, delete=False) as file:
            made = Path(file.name)
            try:
                file.writelines(parts)
                file.flush()
                made.replace(self.path)
            except BaseException:
                made.unlink(missing_ok=True)
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


def agrees(recorded: Recorded, entries: Iterable[Entry]) -> bool:
    """Tell whether a snapshot's fold is that of the ledger's entries, of which it may hold the first ones only."""
    whole = Recorded()
    whole.add(takewhile(lambda entry: entry.seq <= recorded.head, entries))
    return all(getattr(whole, each.name) == getattr(recorded, each.name) for each in fields(Recorded))


def _packed(index: Any, contents: memoryview) -> Iterator[tuple[str, Packed]]:
    begin = 0
    columns = (index["addresses"], index["sizes"], index["youngest"], index["finished"])
    for address, size, youngest, found in zip(*columns, strict=True):
        yield address, Packed(bytes(contents[begin : begin + size]), youngest, _finished(found))
        begin += size


def _finished(found: Any) -> Finished | None:
    if found is None:
        return None
    fingerprint, job_id, files = found
    return Finished(fingerprint, job_id, tuple(StoredFile(*each) for each in files))


def _digest(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


@cache
def _folding() -> str:
    """Return the digest of the code that folds: what another release folded may mean something else."""
    room = resources.files("eocanvas_apply.ledger")
    code = sorted((each for each in room.iterdir() if each.name.endswith(".py")), key=lambda each: each.name)
    return _digest(*(each.read_bytes() for each in code))


@cache
def _rest() -> tuple[str, ...]:
    """Return the names of all that is folded beside the jobs."""
    return tuple(each.name for each in fields(Recorded) if each.name not in ("jobs", "owner_of"))


@cache
def _adapter() -> TypeAdapter[Any]:
    types = get_type_hints(Recorded)
    return TypeAdapter(make_dataclass("Rest", [(name, types[name]) for name in _rest()]))
