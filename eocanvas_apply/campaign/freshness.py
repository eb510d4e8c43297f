"""How old what is locked is, and what a new search would change of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from eocanvas_apply.campaign.expansion import Expansion
from eocanvas_apply.campaign.lock import FILE, Lock, LockChange, lock_changes, lock_of
from eocanvas_apply.diagnostics import Diagnostic, info

_SHOWN_IDS = 3
_LONGEST_QUERY = 200
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)


def lock_age(lock: Lock | None, found: Expansion, now: datetime) -> tuple[Diagnostic, ...]:
    """Return a note on how old the searches are that the lock answered; nothing where it answered none."""
    locked = lock.queries if lock else {}
    used = [each.searched for digest, each in lock_of(found.searches).queries.items() if digest in locked]
    if not used:
        return ()
    oldest, count = min(used), len(used)
    what = "a search is" if count == 1 else f"{count} searches are"
    message = f"{what} answered by {FILE}, made {age(now - oldest)} ago ({oldest:%Y-%m-%d})"
    return (info("lock-age", message, "`plan --refresh-searches` shows what a new search would change"),)


def changed_searches(lock: Lock | None, found: Expansion) -> tuple[Diagnostic, ...]:
    """Return a note a locked search that finds other products now, or one that nothing changed."""
    if lock is None:
        return (info("nothing-locked", f"there is no {FILE}: every plan searches anew", "`lock` writes it"),)
    new = lock_of(found.searches)
    changes = lock_changes(lock, new)
    if not changes:
        return (info("searches-unchanged", f"a new search finds the products that {FILE} has"),)
    return tuple(_changed(change, new.queries[change.digest].query) for change in changes)


def age(passed: timedelta) -> str:
    """Return a distance in time in the unit that people would name it by."""
    if passed >= _DAY:
        return _counted(passed // _DAY, "day")
    return _counted(passed // _HOUR, "hour") if passed >= _HOUR else "less than an hour"


def shown_query(query: Mapping[str, Any]) -> str:
    """Return a query in one short line."""
    text = json.dumps(query, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUERY else text[: _LONGEST_QUERY - 1] + "…"


def _changed(change: LockChange, query: Mapping[str, Any]) -> Diagnostic:
    parts = [("add", change.added), ("withdraw", change.withdrawn)]
    told = " and ".join(f"{verb} {_listed(ids)}" for verb, ids in parts if ids)
    message = f"a new search of {shown_query(query)} would {told}"
    return info("search-changed", message, f"`lock` takes it over; until then `apply` keeps to {FILE}")


def _listed(ids: Sequence[str]) -> str:
    more = ", ..." if len(ids) > _SHOWN_IDS else ""
    return f"{_counted(len(ids), 'product')} ({', '.join(ids[:_SHOWN_IDS])}{more})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
