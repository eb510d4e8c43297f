"""A ledger judged as a whole: every fact behind its claim, every append in one piece, the opening first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger import events as e
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.fold.moved_records import moved_address
from eocanvas_apply.ledger.fold.recorded import Recorded

_HINT = "the ledger was edited or two were joined; restore it from a copy"


def verify(entries: Sequence[Entry]) -> list[Diagnostic]:
    """Return what is wrong with a ledger that can be read; nothing for a sound or an empty one."""
    return [*_opening(entries), *_numbers(entries), *_batches(entries), *_claims(entries), *_runs(entries)]


def snapshot_faults(kept: Recorded, entries: Sequence[Entry], url: str) -> list[Diagnostic]:
    """Return what is wrong with a ledger's snapshot, at `url`; nothing where it says what its entries say."""
    whole = Recorded()
    whole.add(entry for entry in entries if entry.seq <= kept.head)
    if whole == kept:
        return []
    message = f"the snapshot up to entry {kept.head} differs from the ledger"
    hint = f"remove {url}: it only saves time; `eocanvas-apply ledger compact` writes another"
    return [error("ledger-snapshot", message, hint)]


def _opening(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    if entries and not isinstance(entries[0].event, e.LedgerOpened):
        yield _fault(entries[0], "a ledger begins with ledger-opened")
    for entry in entries[1:]:
        if isinstance(entry.event, e.LedgerOpened):
            yield _fault(entry, "a ledger is opened once")


def _numbers(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    for number, entry in enumerate(entries, start=1):
        if entry.seq != number:
            yield _fault(entry, f"{number} is expected here")
            return


def _batches(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    ended: set[str] = set()
    for batch, group in groupby(entries, key=lambda entry: entry.batch):
        append = list(group)
        if batch in ended:
            yield _fault(append[0], "another append is inside this one")
        elif append[0].of not in (1, len(append)):
            yield _fault(append[-1], f"the append has {append[0].of} events, {len(append)} are here")
        ended.add(batch)


def _claims(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    claimed: set[tuple[str, str | int]] = set()
    for entry in entries:
        event = entry.event
        about = _about(event)
        if isinstance(event, e.Moved):
            claimed |= {(new, of) for address, of in claimed if (new := moved_address(event, address))}
        elif isinstance(event, e.JobIntended | e.KeyIntended | e.OrderIntended) and about:
            claimed.add(about)
        elif about and about not in claimed:
            yield _fault(entry, f"{event.type} without the intent before it")


def _about(event: e.AnyEvent) -> tuple[str, str | int] | None:
    if isinstance(event, e.KeyEvent | e.Adopted) and event.generation is not None:
        return event.address, event.generation
    if isinstance(event, e.OrderEvent):
        return event.address, event.order
    if isinstance(event, e.IntentEvent | e.Adopted | e.PassObserved) and event.intent:
        return event.address, event.intent
    return None


def _runs(entries: Sequence[Entry]) -> Iterator[Diagnostic]:
    """Find events about jobs that no launch became; those of one job stand in any order."""
    begun = set[tuple[str, str]]()
    for event in (entry.event for entry in entries):
        if isinstance(event, e.Moved):
            begun |= {(new, run) for address, run in begun if (new := moved_address(event, address))}
        elif run := _begun(event):
            begun.add(run)
    for entry in entries:
        run = _run(entry.event)
        if run and run not in begun:
            yield _fault(entry, f"{entry.event.type} of a job without a launch")


def _begun(event: e.AnyEvent) -> tuple[str, str] | None:
    if isinstance(event, e.JobSubmitted | e.Adopted | e.Resolved) and event.job_id:
        return event.address, event.job_id
    return None


def _run(event: e.AnyEvent) -> tuple[str, str] | None:
    if isinstance(event, e.RunEvent | e.PassObserved) and event.job_id:
        return event.address, event.job_id
    return None


def _fault(entry: Entry, what: str) -> Diagnostic:
    return error("ledger-inconsistent", f"entry {entry.seq}: {what}", _HINT)
