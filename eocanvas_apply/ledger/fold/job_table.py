"""The records of all jobs, those that are over packed small: a ledger of 100,000 jobs stays a matter of megabytes.

Nearly all jobs of a long campaign are over. What is over is kept as compressed JSON and unpacked for whoever looks.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import NamedTuple

from pydantic import TypeAdapter

from eocanvas_apply.ledger.fold.job_records import Intent, IntentState, JobRecord, Run
from eocanvas_apply.vocabulary import OgcStatus

_LEVEL = 3
_LONGEST_SAMPLE = 16_384


class StoredFile(NamedTuple):
    """A result as it was stored: `file` is relative to the manifest, `size` in bytes, `sha256` in hex."""

    file: str
    size: int
    sha256: str
    modified_ns: int | None


class Finished(NamedTuple):
    """A job that ended well, everything safe: nothing is left to do as long as its definition stays this one."""

    fingerprint: str
    job_id: str
    files: tuple[StoredFile, ...]


@dataclass(frozen=True, slots=True)
class Packed:
    """One record packed, with what most who look want of it.

    `youngest` is when its last run was created, in seconds since 1970, 0 without a run.
    """

    content: bytes
    youngest: float
    finished: Finished | None


class Jobs(Mapping[str, JobRecord]):
    """Records by address, in the order in which they came; those that are over may be packed.

    What a look at a packed record gives is a copy, to read only. Who changes a record takes it with `to_change`,
    which unpacks it for good.
    """

    def __init__(self, sample: bytes = b"", packed: Iterable[tuple[str, Packed]] = ()) -> None:
        self.sample = sample
        self._held: dict[str, JobRecord | Packed] = dict(packed)
        self._loose: dict[str, JobRecord] = {}

    def __getitem__(self, address: str) -> JobRecord:
        held = self._held[address]
        return held if isinstance(held, JobRecord) else self._unpacked(held)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, address: object) -> bool:
        return address in self._held

    def to_change(self, address: str) -> JobRecord:
        """Return the record itself, made when it is new."""
        if (loose := self._loose.get(address)) is None:
            loose = self[address] if address in self._held else JobRecord(address)
            self._held[address] = self._loose[address] = loose
        return loose

    def unsettled(self) -> list[JobRecord]:
        """Return the records that are not packed: all that something is still open about are among them."""
        return list(self._loose.values())

    def created_after(self, since: datetime) -> Iterator[JobRecord]:
        """Yield the records that may have a run created after this time."""
        seconds = since.timestamp()
        for held in self._held.values():
            if isinstance(held, JobRecord):
                yield held
            elif held.youngest > seconds:
                yield self._unpacked(held)

    def finished(self, address: str) -> Finished | None:
        """Return how a job ended well, None where it did not, or where that takes a closer look."""
        held = self._held.get(address)
        return held.finished if isinstance(held, Packed) else finished(held) if held else None

    def pack(self, since: datetime) -> None:
        """Pack what is over, and was not given up after `since`."""
        for address, record in list(self._loose.items()):
            if settled(record, since):
                self._held[address] = self._packed(record)
                del self._loose[address]

    def contents(self) -> Iterator[tuple[str, Packed]]:
        """Yield every record packed, whether or not it is kept so."""
        for address, held in self._held.items():
            yield address, self._packed(held) if isinstance(held, JobRecord) else held

    def _packed(self, record: JobRecord) -> Packed:
        text = _adapter().dump_json(record)
        # What all records have in common is kept once.
        self.sample = self.sample or text[:_LONGEST_SAMPLE]
        compress = zlib.compressobj(_LEVEL, zdict=self.sample)
        youngest = max((run.created.timestamp() for run in record.runs.values() if run.created), default=0.0)
        return Packed(compress.compress(text) + compress.flush(), youngest, finished(record))

    def _unpacked(self, packed: Packed) -> JobRecord:
        text = zlib.decompressobj(zdict=self.sample).decompress(packed.content)
        return _adapter().validate_json(text)


def settled(record: JobRecord, since: datetime) -> bool:
    """Tell whether a job is over: every launch became known, and every run ended in a way that nobody asks about.

    A launch given up after `since` may still turn up.
    """
    return not any(_may_turn_up(intent, since) for intent in record.intents.values()) and not any(
        _asked_about(run) for run in record.runs.values()
    )


def finished(record: JobRecord) -> Finished | None:
    """Return how a job ended well whose last launch became one run, with its results listed and stored."""
    intent, run = record.last_intent, _only_run(record)
    if intent is None or intent.intended is None or run is None or record.forgotten:
        return None
    if run.status != OgcStatus.SUCCESSFUL or not run.results or run.pending:
        return None
    stored = (StoredFile(each.file, each.size, each.sha256, each.modified_ns) for each in run.stored.values())
    return Finished(intent.intended.fingerprint, run.job_id, tuple(stored))


def _only_run(record: JobRecord) -> Run | None:
    """Return the run of the last intent where no other launch, given up or carried out twice, may count instead."""
    intent = record.last_intent
    if intent is None or intent.state is not IntentState.SUBMITTED:
        return None
    earlier = islice(record.intents.values(), len(record.intents) - 1)
    if any(each.given_up and each.state is IntentState.SUBMITTED for each in earlier):
        return None
    runs = [run for run in record.runs.values() if run.intent == intent.id]
    return runs[0] if len(runs) == 1 else None


def _may_turn_up(intent: Intent, since: datetime) -> bool:
    if intent.intended is None or intent.state is IntentState.OPEN:
        return True
    return intent.given_up and intent.intended.decided > since


def _asked_about(run: Run) -> bool:
    """Tell whether the service still has something to say: an end, a creation, results, or why it failed."""
    unlisted = run.status == OgcStatus.SUCCESSFUL and not run.results
    unexplained = run.status == OgcStatus.FAILED and run.failure is None
    return run.in_flight or run.created is None or unlisted or unexplained


@cache
def _adapter() -> TypeAdapter[JobRecord]:
    return TypeAdapter(JobRecord)
