"""`eocanvas.lock`: what searches found, frozen until somebody looks anew.

One line a query and one a product, all sorted, so that two branches merge as text: lines of both stay. A query is
known by the digest of its fields; a changed one is another query and is not locked. Searches with times relative to
now are never locked.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eocanvas_apply.campaign.searching import query_digest
from eocanvas_apply.diagnostics import Diagnostic, Position, error
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.files import located, read_text

FILE = "eocanvas.lock"
_HEADER = (
    "# What searches found. `eocanvas-apply lock` writes this file; keep it beside the manifest, in version control."
)
_VERSION = "eocanvas-lock 1"
_LONGEST_LINE = 120
_QUERY, _PRODUCT = "query", "product"


@dataclass(frozen=True, slots=True)
class LockedQuery:
    """One search: its fields, when it was made, and the fields of each product found, `id` among them, by id."""

    query: Mapping[str, Any]
    searched: datetime
    products: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Lock:
    """The locked searches by digest of their query."""

    queries: Mapping[str, LockedQuery]

    @property
    def oldest(self) -> datetime | None:
        """When the oldest of its searches was made."""
        return min((each.searched for each in self.queries.values()), default=None)


@dataclass(frozen=True, slots=True)
class LockChange:
    """What a new search shows of a locked query: ids of products that it would add or withdraw."""

    digest: str
    added: tuple[str, ...]
    withdrawn: tuple[str, ...]


def lock_of(searches: Iterable[LockedQuery]) -> Lock:
    """Return the lock of some searches."""
    return Lock({query_digest(each.query): each for each in searches})


def frozen(query: Mapping[str, Any], lock: Lock | None) -> tuple[Mapping[str, Any], ...] | None:
    """Return the products of a locked query, None when it is not locked; never asked for relative times."""
    locked = lock.queries.get(query_digest(query)) if lock else None
    return locked.products if locked else None


def lock_changes(old: Lock, new: Lock) -> list[LockChange]:
    """Return what differs between the same queries of two locks; a query that only one of them has does not count."""
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
    """Read the file's text; raise ManifestError with every line that is none, as in a merge not finished."""
    reading = _Reading(file)
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.startswith("#"):
            reading.take(number, line)
    return reading.finished()


class _Reading:
    def __init__(self, file: str) -> None:
        self._file = file
        self._queries: dict[str, tuple[Mapping[str, Any], datetime]] = {}
        self._products: dict[str, dict[str, Mapping[str, Any]]] = {}
        self._faults: list[Diagnostic] = []
        self._has_version = False

    def take(self, number: int, line: str) -> None:
        if not self._has_version:
            self._has_version = True
            if line.strip() != _VERSION:
                self._refuse(number, line, f"this lock does not begin with `{_VERSION}`")
            return
        try:
            self._read(line)
        except (ValueError, KeyError, TypeError):
            self._refuse(number, line, "this is no line of a lock")

    def finished(self) -> Lock:
        if self._faults:
            raise ManifestError(*self._faults)
        return Lock({digest: self._query(digest) for digest in sorted(self._queries)})

    def _read(self, line: str) -> None:
        if line.strip() == _VERSION:
            return
        digest, kind, rest = line.split(" ", 2)
        if kind == _PRODUCT:
            fields = json.loads(rest)
            self._products.setdefault(digest, {})[fields["id"]] = fields
        elif kind == _QUERY:
            stamp, _, query = rest.partition(" ")
            found, searched = json.loads(query), datetime.fromisoformat(stamp)
            if query_digest(found) != digest or searched.tzinfo is None:
                raise ValueError(digest)
            # A merge may leave the line of both branches: the older look counts, so that its age is not hidden.
            known = self._queries.get(digest)
            self._queries[digest] = (found, min(searched, known[1]) if known else searched)
        else:
            raise ValueError(kind)

    def _query(self, digest: str) -> LockedQuery:
        query, searched = self._queries[digest]
        products = self._products.get(digest, {})
        return LockedQuery(query, searched, tuple(products[name] for name in sorted(products)))

    def _refuse(self, number: int, line: str, message: str) -> None:
        hint = "finish the merge by keeping the lines of both sides, or write it anew with `eocanvas-apply lock`"
        self._faults.append(
            error("lock-syntax", message, hint).at(Position(self._file, number, 1), line[:_LONGEST_LINE])
        )


def _lines(digest: str, locked: LockedQuery) -> Iterator[str]:
    yield f"{digest} {_QUERY} {locked.searched.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ} {_json(locked.query)}"
    for fields in locked.products:
        yield f"{digest} {_PRODUCT} {_json({'id': fields['id'], **fields})}"


def _json(value: Mapping[str, Any]) -> str:
    # The id first, the rest sorted, so that a line is found by eye.
    ordered = {**({"id": value["id"]} if "id" in value else {}), **dict(sorted(value.items()))}
    return json.dumps(ordered, ensure_ascii=True, sort_keys=False, separators=(",", ":"))


# A line a product, a kilobyte or two each: far more of them than anybody plans with.
LARGEST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class LockFile:
    """The text of a lock as it stands in its file, and what it says; both None where there is no file."""

    text: str | None = None
    lock: Lock | None = None


def read_lock_file(folder: Path) -> LockFile:
    """Read the lock of a folder; raise ManifestError for one that cannot be read, as after a merge not finished."""
    path = located(FILE, folder)
    if not path.exists():
        return LockFile()
    text = read_text(FILE, folder, LARGEST)
    return LockFile(text, read_lock(text, str(path)))


def write_lock_file(folder: Path, lock: Lock) -> Path:
    """Put a lock in the place of the one that was there, in one step; return its path.

    Raises ManifestError where the file cannot be written.
    """
    path = folder / FILE
    try:
        _replace(path, write_lock(lock))
    except OSError as fault:
        raise ManifestError(error("lock-not-written", f"{path} cannot be written: {fault.strerror}")) from None
    return path


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        beside.chmod(_mode_of(path))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _mode_of(path: Path) -> int:
    # A temporary file is private; a lock belongs to everybody who reads the manifest beside it.
    return path.stat().st_mode & 0o777 if path.exists() else 0o644
