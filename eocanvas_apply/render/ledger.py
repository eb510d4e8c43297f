"""The entries of a ledger for people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.render.layout import PLAIN, Style, one_line, stamp

_DETAILS = ("generation", "name", "job_id", "status", "reason", "message", "file", "project", "service", "account")


def text(entries: Iterable[Entry], style: Style = PLAIN) -> str:
    """Return one line an entry: number, time, type, address, and its details."""
    return "".join(_line(entry, style) + "\n" for entry in entries)


def _line(entry: Entry, style: Style) -> str:
    event = entry.to_json()
    words = [style.paint(str(event["type"]), "bold"), str(event.get("address", "")), _details(event)]
    return f"{entry.seq:>6}  {stamp(entry.time)}  " + one_line("  ".join(word for word in words if word))


def _details(event: dict[str, Any]) -> str:
    return " ".join(f"{name}={event[name]}" for name in _DETAILS if event.get(name) not in (None, ""))
