"""Where a graph or chain works: the regions that stand in it or that params fill in, as boxes in degrees."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import NamedTuple

from msgspec import Struct

from eocanvas_apply.documents.geometries.wkt import bounds


class Box(NamedTuple):
    """Degrees; west is greater than east where it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    @property
    def area(self) -> float:
        """Its size in square degrees."""
        width = self.east - self.west
        return (width if width >= 0 else width + 360) * (self.north - self.south)

    def meets(self, other: Box) -> bool:
        """Tell whether two boxes have a place in common."""
        if self.south > other.north or other.south > self.north:
            return False
        return any(w <= e2 and w2 <= e for w, e in self._spans() for w2, e2 in other._spans())

    def _spans(self) -> list[tuple[float, float]]:
        return [(self.west, self.east)] if self.west <= self.east else [(self.west, 180), (-180, self.east)]


def box_of(text: str) -> Box | None:
    """Return the box around a geometry as text, None for any other text."""
    found = bounds(text)
    return Box(*found) if found else None


def nswe_box(value: object) -> Box | None:
    """Return the box of a chain's `NSWE`, None where it is no list of four numbers in that order."""
    given = numbers_of(value)
    if given is None:
        return None
    north, south, west, east = given
    return Box(west, south, east, north) if south < north else None


def numbers_of(value: object) -> list[float] | None:
    """Return the four numbers of a box, None for anything else."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [float(each) for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    return numbers if len(numbers) == 4 else None


class Regions(Struct, frozen=True):
    """The regions of a graph or chain.

    `rest` is the digest of all else in it: two of one `rest` do the same for other regions. `boxes` are those that
    stand in it, and in `open_texts` params may fill in others.
    """

    rest: str
    boxes: Sequence[Box]
    open_texts: Sequence[str] = ()

    @classmethod
    def of(cls, canonical: str, boxes: Sequence[Box], open_texts: Sequence[str] = ()) -> Regions:
        """Return them with the digest of a canonical text without regions."""
        digest = hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()
        return cls(f"sha256:{digest}", boxes, open_texts)

    def largest(self, fill: Callable[[str], str]) -> Box | None:
        """Return the largest region of a job, whose params `fill` puts into a text; None where it has none."""
        filled = (box_of(fill(text)) for text in self.open_texts)
        return max((*self.boxes, *filter(None, filled)), key=lambda box: box.area, default=None)
