"""The region of a job against the box in which its campaign searches: where they do not meet, results are empty."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from eocanvas_apply.checks.case import ChainCase, GraphCase, Instances
from eocanvas_apply.diagnostics import Diagnostic, warning
from eocanvas_apply.documents.geometries.regions import Box, box_of, numbers_of
from eocanvas_apply.documents.xml_tree import Element
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.jobs import Job
from eocanvas_apply.manifest.validation.meaning import value_at

if TYPE_CHECKING:
    from eocanvas_apply.manifest.instances import Instance


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


def of_rows(loaded: LoadedManifest, instances: Instances) -> Iterator[Diagnostic]:
    """Yield params that rows fill in with regions outside of the search, each param once."""
    for name, rows in instances.items():
        job, template = loaded.manifest.jobs.get(name) if loaded.manifest else None, loaded.templates.get(name)
        searched = _searched(job) if job else []
        paths = dict.fromkeys(path for path, _ in template.fields if path[0] == "params") if template else {}
        outside = {path: [row for row in rows if _is_outside(row, path, searched)] for path in paths if searched}
        for path, found in outside.items():
            if found:
                first = f"`{found[0].id[:60]}`"
                where = f"in the row {first}" if len(found) == 1 else f"in {len(found)} rows, first {first}"
                report = _found(searched)
                report = replace(report, message=f"{report.message} ({where})")
                yield loaded.place(report, ("jobs", name, *path))


def _is_outside(row: Instance, path: Path, searched: Sequence[Box]) -> bool:
    value = value_at(row.template.fill(row.fields), path)
    return isinstance(value, str) and _outside(value, searched) is not None


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
