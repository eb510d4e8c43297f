"""`eocanvas.lock`: what searches found, frozen until the next `lock`.

One line for each query and one for each product, all sorted, so that two branches merge as text: lines of both stay.
A query is identified by the digest of its fields; a changed one is another query and is not locked. Searches with
times relative to now are never locked.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct

from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import Diagnostic, Position, error, info
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import read_text, replace_text

FILE = "eocanvas.lock"
_HEADER = (
    "# What searches found. `eocanvas-apply lock` writes this file; keep it beside the manifest, in version control."
)
_VERSION = "eocanvas-lock 1"
_LONGEST_LINE = 120
_SHOWN_IDS = 3
_LONGEST_QUERY = 200
_DAY, _HOUR = timedelta(days=1), timedelta(hours=1)
_QUERY, _PRODUCT = "query", "product"
# A product takes a line of a kilobyte or two: far more of them than a plan has.
LARGEST = 1_000_000_000


class LockedQuery(Struct, frozen=True):
    """One search: its fields, when it was made, and the fields of each product found, `id` among them, by id."""

    query: Mapping[str, Any]
    searched: datetime
    products: tuple[Mapping[str, Any], ...]


class Lock(Struct, frozen=True):
    """The locked searches by digest of their query."""

    queries: Mapping[str, LockedQuery]


class LockChange(Struct, frozen=True):
    """What a new search finds of a locked query: ids of products that it would add or remove."""

    digest: str
    added: tuple[str, ...]
    withdrawn: tuple[str, ...]


def lock_of(searches: Iterable[LockedQuery]) -> Lock:
    """Return the lock of some searches."""
    return Lock({query_digest(each.query): each for each in searches})


def query_digest(query: Mapping[str, Any]) -> str:
    """Return `sha256:` and the digest of a query; the order of its fields does not count."""
    text = json.dumps(query, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def lock_changes(old: Lock, new: Lock) -> list[LockChange]:
    """Return the differences between two locks in the queries that both have."""
    changes = []
    for digest in sorted(old.queries.keys() & new.queries.keys()):
        before = {str(each["id"]) for each in old.queries[digest].products}
        after = {str(each["id"]) for each in new.queries[digest].products}
        if before != after:
            changes.append(LockChange(digest, tuple(sorted(after - before)), tuple(sorted(before - after))))
    return changes


def write_lock(lock: Lock) -> str:
    """Return the text of the file; `read_lock` reads it back."""
    lines = sorted(line for digest, each in lock.queries.items() for line in _lines(digest, each))
    return "\n".join([_HEADER, _VERSION, *lines, ""])


def read_lock(text: str, file: str) -> Lock:
    """Read the file's text; raises ManifestError with every line that cannot be read, as in an unfinished merge."""
    lines = [(n, line) for n, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    queries: dict[str, tuple[Mapping[str, Any], datetime]] = {}
    products: dict[str, dict[str, Mapping[str, Any]]] = {}
    faults: list[Diagnostic] = []
    if lines and lines[0][1].strip() != _VERSION:
        faults.append(_misread(file, *lines[0], f"a lock file begins with the line `{_VERSION}`"))
    for number, line in lines[1:]:
        try:
            _read_line(line, queries, products)
        except (ValueError, KeyError, TypeError):
            faults.append(_misread(file, number, line, "this line does not belong into a lock file"))
    if faults:
        raise ManifestError(*faults)
    found = {digest: tuple(fields for _, fields in sorted(products.get(digest, {}).items())) for digest in queries}
    return Lock({digest: LockedQuery(*queries[digest], found[digest]) for digest in sorted(queries)})


def _read_line(
    line: str, queries: dict[str, tuple[Mapping[str, Any], datetime]], products: dict[str, dict[str, Mapping[str, Any]]]
) -> None:
    if line.strip() == _VERSION:
        return
    digest, kind, rest = line.split(" ", 2)
    if kind == _PRODUCT:
        fields = json.loads(rest)
        products.setdefault(digest, {})[fields["id"]] = fields
    elif kind == _QUERY:
        stamp, _, query = rest.partition(" ")
        found, searched = json.loads(query), datetime.fromisoformat(stamp)
        if query_digest(found) != digest or searched.tzinfo is None:
            raise ValueError(digest)
        # A merge may leave the line of both branches: the older search counts, so that its age is not hidden.
        known = queries.get(digest)
        queries[digest] = (found, min(searched, known[1]) if known else searched)
    else:
        raise ValueError(kind)


def _misread(file: str, number: int, line: str, message: str) -> Diagnostic:
    hint = "finish the merge by keeping the lines of both sides, or write a new file with `eocanvas-apply lock`"
    return error("lock-syntax", message, hint).at(Position(file, number, 1), line[:_LONGEST_LINE])


def _lines(digest: str, locked: LockedQuery) -> Iterator[str]:
    yield f"{digest} {_QUERY} {locked.searched.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {_json(locked.query)}"
    for fields in locked.products:
        yield f"{digest} {_PRODUCT} {_json({'id': fields['id'], **fields})}"


def _json(value: Mapping[str, Any]) -> str:
    # The id first, the rest sorted, so that a line is found by eye.
    ordered = {**({"id": value["id"]} if "id" in value else {}), **dict(sorted(value.items()))}
    return json.dumps(ordered, ensure_ascii=True, sort_keys=False, separators=(",", ":"))


class LockFile(Struct, frozen=True):
    """A lock file's text and the lock in it; both None where there is no file."""

    text: str | None = None
    lock: Lock | None = None


def read_lock_file(boundary: Boundary) -> LockFile:
    """Read the lock of a manifest's folder; raises ManifestError for one that cannot be read."""
    if not os.path.lexists(path := boundary.folder / FILE):
        return LockFile()
    text = read_text(FILE, boundary, LARGEST)
    return LockFile(text, read_lock(text, str(path)))


def write_lock_file(folder: Path, lock: Lock) -> Path:
    """Replace the lock file of a folder in one step and return its path; raises ManifestError."""
    path = folder / FILE
    try:
        replace_text(path, write_lock(lock))
    except OSError as fault:
        raise ManifestError(error("lock-not-written", f"{path} cannot be written: {fault.strerror}")) from None
    return path


def lock_age(lock: Lock | None, searches: Iterable[LockedQuery], now: datetime) -> tuple[Diagnostic, ...]:
    """Return a note on the age of the searches that the lock answered; nothing where it answered none."""
    locked = lock.queries if lock else {}
    used = [each.searched for digest, each in lock_of(searches).queries.items() if digest in locked]
    if not used:
        return ()
    oldest, count = min(used), len(used)
    what = "a search is" if count == 1 else f"{count} searches are"
    message = f"{what} answered by {FILE}, {age(now - oldest)} old ({oldest:%Y-%m-%d})"
    return (info("lock-age", message, "`plan --refresh-searches` shows what a new search would change"),)


def changed_searches(lock: Lock | None, searches: Iterable[LockedQuery]) -> tuple[Diagnostic, ...]:
    """Return a note for each locked search that finds other products now, or one that nothing changed."""
    if lock is None:
        return (
            info("nothing-locked", f"there is no {FILE}: every plan searches again", "`eocanvas-apply lock` writes it"),
        )
    new = lock_of(searches)
    changes = lock_changes(lock, new)
    if not changes:
        return (info("searches-unchanged", f"a new search finds the products that {FILE} has"),)
    return tuple(_changed(change, new.queries[change.digest].query) for change in changes)


def age(passed: timedelta) -> str:
    """Return a time span in days, else in hours."""
    if passed >= _DAY:
        return _counted(passed // _DAY, "day")
    return _counted(passed // _HOUR, "hour") if passed >= _HOUR else "less than an hour"


def shown_query(query: Mapping[str, Any]) -> str:
    """Return a query in one short line."""
    text = json.dumps(query, ensure_ascii=False)
    return text if len(text) <= _LONGEST_QUERY else text[: _LONGEST_QUERY - 1] + "…"


def _changed(change: LockChange, query: Mapping[str, Any]) -> Diagnostic:
    parts = [("add", change.added), ("remove", change.withdrawn)]
    changes = " and ".join(f"{verb} {_listed(ids)}" for verb, ids in parts if ids)
    message = f"a new search of {shown_query(query)} would {changes}"
    return info("search-changed", message, f"`eocanvas-apply lock` accepts it; until then `apply` uses {FILE}")


def _listed(ids: Sequence[str]) -> str:
    more = ", ..." if len(ids) > _SHOWN_IDS else ""
    return f"{_counted(len(ids), 'product')} ({', '.join(ids[:_SHOWN_IDS])}{more})"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
