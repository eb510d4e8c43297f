"""Records of jobs packed small: a ledger of 100,000 jobs stays a matter of megabytes.

Nearly all jobs of a long campaign are over. What is over is kept as compressed JSON and unpacked for whoever looks.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from pydantic import TypeAdapter

from eocanvas_apply.ledger.fold import Intent, IntentState, JobRecord, Run

_LEVEL = 3
_LONGEST_SAMPLE = 16_384
# Of a run that nobody knows the creation of: it may be young.
_ANY_TIME = 1e15


@dataclass(frozen=True, slots=True)
class Packed:
    """One record packed; `youngest` is when its last run was created, in seconds since 1970 (0 without a run)."""

    content: bytes
    youngest: float


class PackedJobs(MutableMapping[str, JobRecord]):
    """Records by address, in the order in which they came; those that are over may be packed.

    What a look at a packed record gives is a copy, to read only. Who changes a record takes it with `setdefault`,
    which unpacks it for good.
    """

    def __init__(self, sample: bytes = b"", packed: Iterable[tuple[str, Packed]] = ()) -> None:
        self.sample = sample
        self._held: dict[str, JobRecord | Packed] = dict(packed)
        self._loose: dict[str, JobRecord] = {}

    def __getitem__(self, address: str) -> JobRecord:
        held = self._held[address]
        return held if isinstance(held, JobRecord) else self._unpacked(held)

    def __setitem__(self, address: str, record: JobRecord) -> None:
        self._held[address] = self._loose[address] = record

    def __delitem__(self, address: str) -> None:
        del self._held[address]
        self._loose.pop(address, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._held)

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, address: object) -> bool:
        return address in self._held

    def setdefault(self, address: str, default: JobRecord | None = None) -> JobRecord:
        """Return the record to change, the given one where there is none yet."""
        loose = self._loose.get(address)
        if loose is not None:
            return loose
        if address not in self._held and default is None:
            raise TypeError("a record is needed for a new address")
        self[address] = self[address] if address in self._held else default or JobRecord(address)
        return self._loose[address]

    def unsettled(self) -> Iterator[JobRecord]:
        """Return the records that are not packed, by address: all that something is still open about are there."""
        return (self._loose[address] for address in sorted(self._loose))

    def created_after(self, since: datetime) -> Iterator[JobRecord]:
        """Return the records that may have a run created after this time."""
        seconds = since.timestamp()
        for held in self._held.values():
            if isinstance(held, JobRecord):
                yield held
            elif held.youngest > seconds:
                yield self._unpacked(held)

    def pack(self, since: datetime) -> None:
        """Pack what is over, and was not given up after `since`."""
        for address, record in list(self._loose.items()):
            if settled(record, since):
                self._held[address] = self.packed(record)
                del self._loose[address]

    def packed(self, record: JobRecord) -> Packed:
        """Return one record as it is kept when it is packed."""
        text = _adapter().dump_json(record)
        # What all records have in common is kept once.
        self.sample = self.sample or text[:_LONGEST_SAMPLE]
        compress = zlib.compressobj(_LEVEL, zdict=self.sample)
        return Packed(compress.compress(text) + compress.flush(), max(map(_created, record.runs.values()), default=0.0))

    def contents(self) -> Iterator[tuple[str, Packed]]:
        """Return every record packed, whether or not it is kept so."""
        for address, held in self._held.items():
            yield address, self.packed(held) if isinstance(held, JobRecord) else held

    def _unpacked(self, packed: Packed) -> JobRecord:
        text = zlib.decompressobj(zdict=self.sample).decompress(packed.content)
        return _adapter().validate_json(text)


def settled(record: JobRecord, since: datetime) -> bool:
    """Tell whether a job is over: every launch became known, every run ended, its results are listed and stored.

    A launch given up after `since` may still turn up.
    """
    return not any(_may_turn_up(intent, since) for intent in record.intents.values()) and not any(
        run.in_flight or _unfetched(run) for run in record.runs.values()
    )


def _may_turn_up(intent: Intent, since: datetime) -> bool:
    if intent.intended is None or intent.state is IntentState.OPEN:
        return True
    return intent.given_up and intent.intended.decided > since


def _unfetched(run: Run) -> bool:
    listed = run.results or ()
    unlisted = run.status == "successful" and not listed
    return unlisted or any(not each.at_key and each.title not in run.stored for each in listed)


def _created(run: Run) -> float:
    return run.created.timestamp() if run.created else _ANY_TIME


@cache
def _adapter() -> TypeAdapter[JobRecord]:
    return TypeAdapter(JobRecord)
