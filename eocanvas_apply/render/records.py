"""What is on record, as text: the entries of a ledger, the searches of a lock, the log of a job."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.render.layout import PLAIN, Style, counted, one_line, printable, stamp

_DETAILS = (
    "to",
    "generation",
    "name",
    "job_id",
    "status",
    "reason",
    "message",
    "file",
    "pattern",
    "lifted",
    "allowed",
    "unprotected",
    "project",
    "service",
    "account",
)
NOTHING_TO_LOCK = "Nothing to lock: no campaign has a search without relative times.\n"
_SHOWN = 20
_LONGEST_QUERY = 200

LogLine = tuple[datetime | None, str]


def ledger_text(entries: Iterable[Entry], style: Style = PLAIN) -> str:
    """Return one line an entry: number, time, type, address, and its details."""
    return "".join(_line(entry, style) + "\n" for entry in entries)


def _line(entry: Entry, style: Style) -> str:
    event = entry.to_json()
    # Each word is made printable before one is painted: what colours it must stay as it is.
    kind, address, details = map(one_line, (str(event["type"]), str(event.get("address", "")), _details(event)))
    words = [style.paint(kind, "bold"), address, details]
    return f"{entry.seq:>6}  {stamp(entry.time)}  " + " ".join(word for word in words if word)


def _details(event: dict[str, Any]) -> str:
    return " ".join(f"{name}={_word(event[name])}" for name in _DETAILS if event.get(name))


def _word(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else "yes" if value is True else str(value)


def lock_text(path: str, searches: Sequence[Mapping[str, Any]], dropped: int) -> str:
    """Return the new searches and those that changed, one line each, and how many others there are.

    `searches` are as `lock --format json` lists them; `dropped` counts those that are not in the manifest any more.
    """
    news = [each for each in searches if not each["locked_before"] or each["added"] or each["withdrawn"]]
    rest = {
        f"{_searches(len(searches) - len(news))} unchanged": len(searches) > len(news),
        f"and {len(news) - _SHOWN} more, all with --format json": len(news) > _SHOWN,
        f"{_searches(dropped)} removed: not in the manifest any more": dropped,
    }
    lines = [*map(_search, news[:_SHOWN]), *(words for words, holds in rest.items() if holds)]
    return "\n  ".join([f"{path}: {_searches(len(searches))}", *lines]) + "\n"


def _search(search: Mapping[str, Any]) -> str:
    changed = [f"{len(search[kind])} {kind}" for kind in ("added", "withdrawn") if search[kind]]
    news = ", ".join(changed) if search["locked_before"] else "new"
    query = one_line(json.dumps(search["query"], ensure_ascii=False), _LONGEST_QUERY)
    return f"{counted(search['products'], 'product')} ({news}): {query}"


def _searches(number: int) -> str:
    return counted(number, "search", "searches")


def log_json(lines: Sequence[LogLine]) -> list[dict[str, str | None]]:
    """Return the scrubbed lines of a job's log as JSON."""
    return [{"timestamp": stamp(time), "message": message} for time, message in lines]


def log_text(lines: Sequence[LogLine], style: Style = PLAIN) -> str:
    """Return one line a message with its time."""
    return "".join(f"{style.paint(stamp(time) or '-', 'dim')} {printable(message)}\n" for time, message in lines)
