"""What tells the results of one job apart: their titles, and where titles are equal, their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable

from eocanvas_apply.ledger.events import ListedResult, ResultStored


def keys_of(titles: Iterable[str]) -> list[str]:
    """Return a key for each title, in their order: the title, and for later ones of the same title its number too."""
    seen: Counter[str] = Counter()
    keys = []
    for title in titles:
        seen[title] += 1
        keys.append(_key(title, seen[title]))
    return keys


def key_of(stored: ResultStored) -> str:
    """Return the key of a result that lies here."""
    return _key(stored.title, stored.ordinal or 1)


def ordinal_of(key: str, title: str) -> int | None:
    """Return the number that a key holds beside its title, None for the first of its title."""
    return int(key[len(title) + 1 :]) if key != title else None


def by_key(results: Iterable[ListedResult]) -> dict[str, ListedResult]:
    """Return listed results by their keys."""
    listed = tuple(results)
    return dict(zip(keys_of(result.title for result in listed), listed, strict=True))


def pending(results: Iterable[ListedResult], stored: Container[str]) -> dict[str, ListedResult]:
    """Return by key what is to be fetched: neither stored nor at a key's storage."""
    return {key: result for key, result in by_key(results).items() if not result.at_key and key not in stored}


def _key(title: str, ordinal: int) -> str:
    # No title holds a line break, so that this is no other title.
    return title if ordinal == 1 else f"{title}\n{ordinal}"
