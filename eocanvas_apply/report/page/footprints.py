"""Where the jobs of a project work on the Earth: the geometries of rows, regions of graphs, boxes of searches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct

from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.report.row_geometry import Json
from eocanvas_apply.report.row_places import bounds, box_geometry, place_of

# What needs to be looked at stands before what does not.
URGENT_FIRST = (Phase.FAILED, Phase.UNDECIDED, Phase.RUNNING, Phase.WAITING, Phase.DONE, Phase.LEFT_OUT)


class Footprint(Struct, frozen=True):
    """One place, a geometry of GeoJSON (RFC 7946), and the jobs that work there by address and phase.

    Many jobs of a campaign of days may share one place.
    """

    geometry: Json
    jobs: Mapping[str, Phase]

    @property
    def phase(self) -> Phase:
        """The phase of those of its jobs that most need to be looked at."""
        return min(self.jobs.values(), key=URGENT_FIRST.index)

    @property
    def counts(self) -> Mapping[Phase, int]:
        """How many of its jobs are in each phase that one of them is in, what needs to be looked at first."""
        found = Counter(self.jobs.values())
        return {phase: found[phase] for phase in URGENT_FIRST if found[phase]}


class SearchArea(Struct, frozen=True):
    """Where a campaign (an address) searches for its products, as a geometry of GeoJSON."""

    address: str
    geometry: Json


def footprints(phases: Iterable[tuple[str, Phase]], jobs: Mapping[str, DesiredJob]) -> tuple[Footprint, ...]:
    """Return the places of these jobs, larger ones first, so that no place hides a smaller one."""
    found: dict[str, tuple[Json, dict[str, Phase]]] = {}
    for address, phase in phases:
        job = jobs.get(address)
        if job and (geometry := place_of(job.fields) or box_geometry(job.region)):
            found.setdefault(json.dumps(geometry), (geometry, {}))[1][address] = phase
    return tuple(Footprint(*each) for each in sorted(found.values(), key=lambda each: -_extent(each[0])))


def search_areas(manifest: Manifest) -> Iterator[SearchArea]:
    """Yield the boxes in which campaigns search."""
    for name, job in manifest.jobs.items():
        for step in job.steps:
            if geometry := box_geometry(step.hda.get("bbox") if step.hda else None):
                yield SearchArea(str(Address.job(name)), geometry)


def _extent(geometry: Json) -> float:
    """Return the area of the box around a geometry in square degrees."""
    west, south, east, north = bounds(geometry)
    return (east - west) * (north - south)
