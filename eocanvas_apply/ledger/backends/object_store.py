"""A ledger in an object store: each append is an object of its own, a segment, which is created and never changed.

A segment is named by the number of its first entry. So two runs that append on one head ask for one name, and the
store, which creates an object only where there is none, lets one of them in.
"""

from __future__ import annotations

import asyncio
import json
import re
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerConflict, LedgerError
from eocanvas_apply.ledger.backends.ledger_bucket import LedgerBucket
from eocanvas_apply.ledger.entry import Entry, Place, parsed

_SEGMENTS = "segments"
_NAME = re.compile(r"([0-9]{12})\.jsonl")
_PROBE = "create-only-once"
_PROBE_TEXT = b"Written before the first append: a second one must be refused. It may stay.\n"
_AT_ONCE = 16
# How long a store may take to show an object that it says is there.
_LAG_S = 20.0


class Segment(Struct, frozen=True):
    """The last segment that was read or appended: its name, its append, the tag of its content, its last entry."""

    name: str = ""
    batch: str = ""
    tag: str = ""
    head: int = 0


class ObjectStoreBackend:
    """A ledger below one prefix of a bucket.

    One object may be used from several threads, and any number of processes may work on one prefix.
    """

    def __init__(self, bucket: LedgerBucket) -> None:
        self.bucket = bucket
        self.lag_s = _LAG_S
        self._guard = threading.Lock()
        self.last = Segment()
        # The first number of a segment that the store refused to create again: it is there, whatever a listing shows.
        self._known = 0
        self._refuses_second = False

    @property
    def url(self) -> str:
        """The bucket and the prefix."""
        return self.bucket.url

    def has(self, segment: Segment) -> bool:
        """Tell whether a segment is there with the append it should have; raises LedgerError."""
        content = self.bucket.content(f"{_SEGMENTS}/{segment.name}")
        return content is not None and _batch(content) == segment.batch

    def resume(self, last: Segment) -> None:
        """Begin to read behind a segment that a snapshot was made at."""
        with self._guard:
            self.last = last

    async def read(self, after: int = 0, *, part: bool = False) -> Sequence[Entry]:
        """Return the entries after a number; raises LedgerError for a store that cannot be read or trusted."""
        return await asyncio.to_thread(self._read, after, part=part)

    async def append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        """Create one segment; raises LedgerConflict or LedgerError."""
        await asyncio.to_thread(self._append, expected_head, entries)

    def _read(self, after: int, *, part: bool) -> Sequence[Entry]:
        with self._guard:
            if after != self.last.head:
                self.last = Segment()
            found: list[Entry] = []
            for entries in self._parts():
                found.extend(entry for entry in entries if entry.seq > after)
                if part and found:
                    return found
            if self.last.head < after:
                raise _gone(self.url)
            return found

    def _parts(self) -> Iterator[Sequence[Entry]]:
        """Yield the entries behind the last segment that is known, those of one listing at once."""
        whole = False
        while not whole:
            # The last one is listed again: it says that this is the ledger that was read before.
            listed = self.bucket.listed(_SEGMENTS, self.last.name.removesuffix(".jsonl"))
            self._recognise(listed.tags)
            new = self._new(sorted(int(m[1]) for name in listed.tags if (m := _NAME.fullmatch(name))))
            for entries in chain(new, ((),)):
                self.last = replace(self.last, tag=listed.tags.get(self.last.name, self.last.tag))
                yield entries
            whole = listed.whole

    def _new(self, numbers: Sequence[int]) -> Iterator[Sequence[Entry]]:
        new = [number for number in numbers if number > self.last.head]
        if new:
            with ThreadPoolExecutor(min(_AT_ONCE, len(new))) as pool:
                yield [entry for segment in pool.map(self._content, new) for entry in self._taken(*segment)]
        while self._known == self.last.head + 1:
            # The listing is older than the refusal.
            yield self._taken(*self._content(self._known))

    def _content(self, number: int) -> tuple[int, bytes]:
        """Return the content of a segment that is there; a store may show it late."""
        end = time.monotonic() + self.lag_s
        while (content := self.bucket.content(f"{_SEGMENTS}/{_name(number)}")) is None:
            if time.monotonic() > end:
                raise _missing(self.url, number)
            time.sleep(0.2)
        return number, content

    def _taken(self, number: int, content: bytes) -> Sequence[Entry]:
        """Return the entries of a segment, after those that a listing which lags behind left out before it."""
        before: list[Entry] = []
        while self.last.head + 1 < number:
            before.extend(self._taken(*self._content(self.last.head + 1)))
        entries = self._parsed(number, content)
        self.last = Segment(_name(number), entries[0].batch, head=entries[-1].seq)
        return [*before, *entries]

    def _parsed(self, number: int, content: bytes) -> Sequence[Entry]:
        entries, place = parsed(self.url, content.splitlines(keepends=True), Place(head=number - 1))
        if not entries or place.offset != len(content) or self.last.head + 1 != number:
            raise _damaged(self.url, number)
        return entries

    def _recognise(self, tags: Mapping[str, str]) -> None:
        """Make sure that the last segment that was read or appended is there, and is the same."""
        last = self.last
        if not last.head or (last.tag and tags.get(last.name) == last.tag):
            return
        if not self.has(last):
            raise _gone(self.url)

    def _append(self, expected_head: int, entries: Sequence[Entry]) -> None:
        content = b"".join(entry.line() for entry in entries)
        with self._guard:
            if expected_head != self.last.head:
                self._require_head(expected_head)
            self._require_refusal()
            number = expected_head + 1
            tag = self.bucket.create(f"{_SEGMENTS}/{_name(number)}", content)
            if tag is None:
                self._known = number
                # An answer that was lost: the attempt before this one created it.
                if _batch(self._content(number)[1]) != entries[0].batch:
                    raise _conflict(self.url)
            self.last = Segment(_name(number), entries[0].batch, tag or "", expected_head + len(entries))

    def _require_head(self, expected: int) -> None:
        self.last = Segment()
        for _ in self._parts():
            pass
        if self.last.head < expected:
            raise _gone(self.url)
        if self.last.head > expected:
            raise _conflict(self.url)

    def _require_refusal(self) -> None:
        """Make sure, once, that the store refuses to create what is there."""
        if self._refuses_second:
            return
        try:
            refused = any(self.bucket.create(_PROBE, _PROBE_TEXT) is None for _ in ("first", "second"))
        except NotImplementedError:
            refused = False
        if not refused:
            raise _unconditional(self.url)
        self._refuses_second = True


def _name(number: int) -> str:
    return f"{number:012}.jsonl"


def _batch(content: bytes) -> str:
    """Return the append that a segment holds, empty for what is no segment."""
    try:
        return str(json.loads(content.split(b"\n", 1)[0])["batch"])
    except (ValueError, KeyError, TypeError):
        return ""


def _conflict(url: str) -> LedgerConflict:
    return LedgerConflict(error("ledger-conflict", f"{url}: another run appended first"))


def _gone(url: str) -> LedgerError:
    hint = "restore its objects before the next run; nothing was sent that is not on record in it"
    return LedgerError(error("ledger-gone", f"{url}: the ledger is gone or was replaced", hint))


def _missing(url: str, number: int) -> LedgerError:
    message = f"{url}: there is no segment {_name(number)}, although the ledger goes on behind it"
    return LedgerError(error("ledger-corrupt", message, "objects were deleted; restore them from a copy"))


def _damaged(url: str, number: int) -> LedgerError:
    message = f"{url}: segment {_name(number)} is not one whole append"
    return LedgerError(error("ledger-corrupt", message, "it was changed by hand; restore it from a copy"))


def _unconditional(url: str) -> LedgerError:
    message = f"{url}: this storage writes an object although it is there (If-None-Match is ignored)"
    hint = "two runs would overwrite each other's entries; use another storage, PostgreSQL or a file"
    return LedgerError(error("ledger-store-not-conditional", message, hint))
