"""Lists of the service, read entry by entry: an entry that cannot be read is passed over and reported."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from msgspec import Struct, field

from eocanvas_apply.diagnostics import Diagnostic, warning

T = TypeVar("T")
MOST_ENTRIES = 200_000


class ListKind(StrEnum):
    """What the entries of a list are; the value names the list in messages."""

    KEYS = "the list of keys"
    JOBS = "the list of jobs"
    PROCESSES = "the list of processes"
    RESULTS = "the list of results of a job"
    LOG = "the log of a job"
    PRODUCTS = "the products of a search"
    TERMS = "the licences of a dataset"


class Unreadable(Struct, frozen=True):
    """An entry that cannot be read, and why; `digest` distinguishes it from the others of its page."""

    why: str
    digest: str
    created: datetime | None = None


def entries(
    document: object,
    kind: ListKind,
    read: Callable[[object], T],
    created: Callable[[object], datetime | None] = lambda item: None,  # noqa: ARG005
) -> list[T | Unreadable]:
    """Return every entry of a list, in its order; raise ValueError where there is no list.

    `read` raises ValueError for an entry that cannot be read; `created` returns the time of such an entry, if it has
    a readable one.
    """
    if not isinstance(document, list):
        raise ValueError(f"without {kind}")
    if len(document) > MOST_ENTRIES:
        raise ValueError(f"with more than {MOST_ENTRIES:,} entries at once")
    equal: Counter[str] = Counter()

    def one(item: object) -> T | Unreadable:
        try:
            return read(item)
        except ValueError as fault:
            digest = _digest(item)
            equal[digest] += 1
            return Unreadable(str(fault), f"{digest} {equal[digest]}", created(item))

    return [one(item) for item in document]


def _digest(item: object) -> str:
    try:
        text = repr(item)
    except RecursionError:
        text = "too deep"
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


class Irregularities(Struct):
    """What is wrong with the lists that a run has read, each list as it was read last."""

    _passed_over: dict[tuple[ListKind, str], Sequence[Unreadable]] = field(default_factory=dict)
    _endless: dict[tuple[ListKind, str], int] = field(default_factory=dict)

    def kept(self, kind: ListKind, request: str, found: Iterable[T | Unreadable]) -> list[T]:
        """Return the readable entries of a whole list, and note the others; `request` is what asked for it."""
        readable: list[T] = []
        unreadable: list[Unreadable] = []
        for each in found:
            if isinstance(each, Unreadable):
                unreadable.append(each)
            else:
                readable.append(each)
        self._passed_over.pop((kind, request), None)
        self._endless.pop((kind, request), None)
        if unreadable:
            self._passed_over[kind, request] = unreadable
        return readable

    def passed_over(self, kind: ListKind) -> bool:
        """Return whether entries of such a list could not be read."""
        return any(of is kind for of, _ in self._passed_over)

    def endless(self, kind: ListKind, request: str, count: int) -> None:
        """Note that the pages of a list have no end, after so many entries."""
        self._endless[kind, request] = count

    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Return one warning for each kind of list and fault."""
        return tuple(warning for kind in ListKind for warning in (*self._unreadable(kind), *self._circular(kind)))

    def _unreadable(self, kind: ListKind) -> Iterable[Diagnostic]:
        paths = [path for of, path in self._passed_over if of is kind]
        if paths:
            first = self._passed_over[kind, paths[0]][0]
            count = sum(len(self._passed_over[kind, path]) for path in paths)
            what = f"{count} {'entry' if count == 1 else 'entries'} of {kind}{_where(paths)} cannot be read"
            hint = "What cannot be read is left out; everything else goes on. Report it to the service."
            first_of = "" if count == 1 else "the first is an entry "
            yield warning("service-entry-unreadable", f"{what}: {first_of}{first.why}", hint)

    def _circular(self, kind: ListKind) -> Iterable[Diagnostic]:
        paths = [path for of, path in self._endless if of is kind]
        if paths:
            count = self._endless[kind, paths[0]]
            what = f"the pages of {kind}{_where(paths)} have no end: they lead back or go on without new entries"
            hint = f"Read as far as {count} entries; what may stand behind them is unknown. Report it to the service."
            yield warning("service-list-endless", what, hint)


def _where(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
    return f" ({paths[0]}{more})"
