"""The region of a job against the box in which its campaign searches: where they do not meet, results are empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eocanvas_apply.checks.case import ChainCase, GraphCase
from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.geometries.regions import Box, box_of, numbers_of
from eocanvas_apply.documents.xml_tree import Element
from eocanvas_apply.manifest.model.jobs import Job


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
    searched = _searched(case.job)
    for box in case.chain.regions.boxes if searched else ():
        if not any(box.meets(each) for each in searched):
            yield case.at(_found(searched), ("roi", "NSWE"))


def _searched(job: Job) -> list[Box]:
    """Return the boxes of a campaign's searches; none where one of them has no box, or a row fills it in."""
    boxes = [numbers_of((step.hda or {}).get("bbox")) for step in job.steps if step.hda is not None]
    found = [Box(*box) for box in boxes if box and -90 <= box[1] <= box[3] <= 90]
    return found if len(found) == len(boxes) else []


def _leaves(case: GraphCase) -> Iterator[Element]:
    for node in case.graph.nodes:
        yield from (each for each in node.walk() if not each.children and "$" not in each.text)


def _outside(text: str, searched: Sequence[Box]) -> Diagnostic | None:
    box = box_of(text)
    return None if box is None or any(box.meets(each) for each in searched) else _found(searched)


def _found(searched: Sequence[Box]) -> Diagnostic:
    box = ", ".join(f"{each:g}" for each in searched[0])
    hint = f"the search has the bbox [{box}]: west, south, east, north; correct one of the two"
    return warning(
        "region-outside-search", "this region does not meet the box of the search, so the results would be empty", hint
    )
