"""A ledger judged as a whole: every fact behind its claim, every batch in one piece, the opening first."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.ledger import events as e

_HINT = "the ledger was edited or two were joined; restore it from a copy"


def verify(entries: Sequence[e.Entry]) -> list[Diagnostic]:
    """Return what is wrong with a ledger that can be read; nothing for a sound or an empty one."""
    return [*_opening(entries), *_batches(entries), *_claims(entries)]


def _opening(entries: Sequence[e.Entry]) -> list[Diagnostic]:
    found = []
    if entries and not isinstance(entries[0].event, e.LedgerOpened):
        found.append(_fault(entries[0], "a ledger begins with ledger-opened"))
    again = [entry for entry in entries[1:] if isinstance(entry.event, e.LedgerOpened)]
    return found + [_fault(entry, "a ledger is opened once") for entry in again]


def _batches(entries: Sequence[e.Entry]) -> list[Diagnostic]:
    ended: set[str] = set()
    found = []
    for before, entry in pairwise(entries):
        if entry.batch != before.batch:
            ended.add(before.batch)
            if entry.batch in ended:
                found.append(_fault(entry, "another append stands inside this one"))
    return found


def _claims(entries: Sequence[e.Entry]) -> list[Diagnostic]:
    claimed: set[tuple[str, str | int]] = set()
    found = []
    for entry in entries:
        event = entry.event
        if isinstance(event, e.JobIntended):
            claimed.add((event.address, event.intent))
        elif isinstance(event, e.KeyIntended):
            claimed.add((event.address, event.generation))
        elif (about := _about(event)) and about not in claimed:
            found.append(_fault(entry, f"{event.type} without the intent before it"))
    return found


def _about(event: e.AnyEvent) -> tuple[str, str | int] | None:
    if isinstance(event, e.IntentEvent):
        return event.address, event.intent
    return (event.address, event.generation) if isinstance(event, e.KeyEvent) else None


def _fault(entry: e.Entry, what: str) -> Diagnostic:
    return error("ledger-inconsistent", f"entry {entry.seq}: {what}", _HINT)
