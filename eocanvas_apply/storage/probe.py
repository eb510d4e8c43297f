"""What a preflight asks of a storage, whichever protocol it speaks."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

# How many requests to one storage are under way at a time.
AT_ONCE = 8
# The file that is written and removed again ends with a random part, so that no other file has its name.
WRITTEN = "eocanvas-apply-check-"
CONTENT = b"Written by eocanvas-apply to check that this place can be written. It may be deleted.\n"


@dataclass(frozen=True, slots=True)
class Stock:
    """What was found of some paths: the size of each that is there in bytes, None for a folder, and all names seen."""

    sizes: Mapping[str, int | None]
    names: tuple[str, ...] = field(default=(), repr=False)


class Probe(Protocol):
    """One place with its credentials. Every method raises EocanvasApplyError where the storage does not do it."""

    async def answer(self) -> None:
        """Ask for the place itself: it is there, and it takes the credentials."""

    async def stock(self, paths: Collection[str]) -> Stock:
        """Look for paths, which begin with `/`, in as few requests as that takes."""

    async def write(self, name: str) -> None:
        """Write a small file of this name and remove it; a file that cannot be removed is named in the error."""
