"""Names for a manifest, made of other texts: that of a project from its folder, those of keys and jobs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, count

_LONGEST_PROJECT, _LONGEST_NAME = 31, 40


def project_name(text: str) -> str:
    """Return a text as the name of a project: small letters, digits and `-`, a letter first; `my-project` for none."""
    return _spelt(text, "-")[:_LONGEST_PROJECT].rstrip("-") or "my-project"


def name_like(text: str, otherwise: str) -> str:
    """Return a text as the name of a key or job; `otherwise` where nothing of it can stand in one."""
    return _spelt(text, "_-")[:_LONGEST_NAME].rstrip("_-") or otherwise


def _spelt(text: str, also: str) -> str:
    return re.sub(r"^[^a-z]+", "", re.sub(rf"[^a-z0-9{also}]+", "-", text.lower()))


class Names:
    """Names that are given once each, whatever their case: a second `subset` becomes `subset-2`."""

    def __init__(self, *taken: str, longest: int = _LONGEST_NAME) -> None:
        self._taken = {name.casefold() for name in taken}
        self._longest = longest

    def give(self, name: str) -> str:
        """Return the name, or the first free one that begins like it."""
        found = next(each for each in self._numbered(name) if each.casefold() not in self._taken)
        self._taken.add(found.casefold())
        return found

    def _numbered(self, name: str) -> Iterator[str]:
        endings = chain([""], (f"-{number}" for number in count(2)))
        return (name[: self._longest - len(ending)] + ending for ending in endings)
