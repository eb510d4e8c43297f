"""Whether the entries of a ledger make sense together, beyond each being readable and in its place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from eocanvas_apply.diagnostics import Diagnostic, Position, Severity
from eocanvas_apply.ledger import events as e


def verify(entries: Sequence[e.Entry], url: str) -> list[Diagnostic]:
    """Return an error for each entry that contradicts the ones beside it."""
    intended = {_subject(entry.event) for entry in entries if isinstance(entry.event, e.KeyIntended | e.JobIntended)}
    rules: list[Callable[[e.Entry], str | None]] = [_opening, lambda entry: _unintended(entry.event, intended)]
    return [
        Diagnostic("ledger-inconsistent", Severity.ERROR, fault, _HINT, Position(url, entry.seq, 1))
        for entry in entries
        for rule in rules
        if (fault := rule(entry))
    ]


_HINT = "nothing was changed; restore the ledger from a copy, or say what happened when you report it"


def _opening(entry: e.Entry) -> str | None:
    opens = isinstance(entry.event, e.LedgerOpened)
    if entry.seq == 1 and not opens:
        return f"a ledger begins with ledger-opened, not with {entry.event.type}"
    return "the ledger is opened a second time" if opens and entry.seq > 1 else None


def _unintended(event: e.AnyEvent, intended: set[tuple[str, str] | None]) -> str | None:
    subject = _subject(event)
    if subject is None or subject in intended:
        return None
    return f"{event.type} of {subject[0]} speaks of {subject[1]}, which nothing in this ledger intended"


def _subject(event: e.AnyEvent) -> tuple[str, str] | None:
    """Return what an event says more of: an intent, or a generation of a key."""
    if isinstance(event, e.KeyEvent):
        return event.address, f"generation {event.generation}"
    intent = getattr(event, "intent", None)
    return (event.address, f"intent {intent}") if isinstance(event, e.AddressEvent) and intent else None
