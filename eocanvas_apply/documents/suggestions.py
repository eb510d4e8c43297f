"""The word somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is close enough to `word` to be suggested, ignoring case, `-` and `_`."""
    spellings = {_plain(each): each for each in sorted(known, reverse=True)}
    found = get_close_matches(_plain(word[:100]), spellings, n=1, cutoff=0.6)
    return spellings[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean X?`, or nothing when no known word is near."""
    near = nearest(word, known)
    return f"did you mean {near}?" if near else ""


def _plain(word: str) -> str:
    return word.casefold().replace("-", "").replace("_", "")
