"""The region of a job against the box in which its campaign searches: where they do not meet, results are empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from eocanvas_apply.checks.case import ChainCase, GraphCase
from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.wkt import bounds
from eocanvas_apply.documents.xml_tree import Element
from eocanvas_apply.manifest.model.jobs import Job


class Box(NamedTuple):
    """Degrees; west is greater than east where it crosses the antimeridian."""

    west: float
    south: float
    east: float
    north: float

    def meets(self, other: Box) -> bool:
        """Tell whether two boxes have a place in common."""
        if self.south > other.north or other.south > self.north:
            return False
        return any(w <= e2 and w2 <= e for w, e in self._spans() for w2, e2 in other._spans())

    def _spans(self) -> list[tuple[float, float]]:
        return [(self.west, self.east)] if self.west <= self.east else [(self.west, 180), (-180, self.east)]


def of_graphs(case: GraphCase) -> Iterator[Diagnostic]:
    """Yield geometries of a graph and its params that do not meet the search."""
    searched = _searched(case.job)
    if not searched:
        return
    for name, value in case.job.params.items():
        if isinstance(value, str) and (found := _outside(value, searched)):
            yield case.in_manifest(found, "params", name)
    for element in _leaves(case):
        if found := _outside(element.text, searched):
            yield case.at(found, element.text_position)


def of_chains(case: ChainCase) -> Iterator[Diagnostic]:
    """Yield a chain's region that does not meet the search."""
    roi = case.chain.fields.get("roi")
    given = _numbers(roi.get("NSWE")) if isinstance(roi, dict) else None
    searched = _searched(case.job)
    if given and searched:
        north, south, west, east = given
        if south < north and not any(Box(west, south, east, north).meets(box) for box in searched):
            yield case.at(_found(searched), ("roi", "NSWE"))


def _searched(job: Job) -> list[Box]:
    """Return the boxes of a campaign's searches; none where one of them has no box, or a row fills it in."""
    boxes = [_numbers((step.hda or {}).get("bbox")) for step in job.steps if step.hda is not None]
    found = [Box(*box) for box in boxes if box and -90 <= box[1] <= box[3] <= 90]
    return found if len(found) == len(boxes) else []


def _leaves(case: GraphCase) -> Iterator[Element]:
    for node in case.graph.nodes:
        yield from (each for each in node.walk() if not each.children and "$" not in each.text)


def _outside(text: str, searched: Sequence[Box]) -> Diagnostic | None:
    box = bounds(text)
    return None if box is None or any(Box(*box).meets(each) for each in searched) else _found(searched)


def _found(searched: Sequence[Box]) -> Diagnostic:
    box = ", ".join(f"{each:g}" for each in searched[0])
    hint = f"the search has the bbox [{box}]: west, south, east, north; correct one of the two"
    return warning(
        "region-outside-search", "this region does not meet the box of the search, so the results would be empty", hint
    )


def _numbers(value: object) -> list[float] | None:
    if not isinstance(value, list) or len(value) != 4:
        return None
    numbers = [float(each) for each in value if isinstance(each, int | float) and not isinstance(each, bool)]
    return numbers if len(numbers) == 4 else None
