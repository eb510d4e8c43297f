"""Copies of ledgers: the same entries under the same numbers, so that saved plans and snapshots go on to hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from eocanvas_apply.diagnostics import error
from eocanvas_apply.errors import LedgerError
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.journal import Backend
from eocanvas_apply.ledger.verify import verify

# How many entries an append of a copy has, unless one of the original is longer.
_PART = 5_000


async def copy_ledger(source: Backend, target: Backend) -> tuple[int, int]:
    """Append the entries of one ledger to another; return how many it has then, and how many of them are new.

    The target is empty, or holds the beginning of the source: a copy that was interrupted goes on. What is appended to
    the source meanwhile is copied too. Raises LedgerError.
    """
    entries = list(await source.read())
    if not entries:
        raise LedgerError(error("ledger-absent", f"no ledger at {source.url}", "name the ledger to copy first"))
    if faults := verify(entries):
        raise LedgerError(*faults)
    there = list(await target.read())
    if there != entries[: len(there)]:
        raise _other(source, target)
    before = len(there)
    while new := entries[len(there) :]:
        for part in _parts(new):
            await target.append(part[0].seq - 1, part)
        there = entries
        entries = [*entries, *await source.read(len(entries))]
    return len(entries), len(entries) - before


def _parts(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    """Yield the entries in parts of whole appends."""
    part: list[Entry] = []
    for _, append in groupby(entries, key=lambda entry: entry.batch):
        part.extend(append)
        if len(part) >= _PART:
            yield part
            part = []
    if part:
        yield part


def _other(source: Backend, target: Backend) -> LedgerError:
    message = f"{target.url} holds entries that {source.url} does not have"
    return LedgerError(error("ledger-not-empty", message, "name a place without a ledger; nothing was changed"))
