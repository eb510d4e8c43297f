"""Where the jobs of a project work on the Earth: the geometries of rows, regions of graphs, boxes of searches."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.model.manifest import Manifest
from eocanvas_apply.planning.actions import Phase
from eocanvas_apply.planning.desired.desired import DesiredJob
from eocanvas_apply.report.row_geometry import Json, geometry_of

_EDGE, _POLE = 180, 90
# A place has the state of those of its jobs that most need to be looked at.
_FIRST = (Phase.FAILED, Phase.UNDECIDED, Phase.RUNNING, Phase.WAITING, Phase.DONE, Phase.LEFT_OUT)


@dataclass(frozen=True, slots=True)
class Footprint:
    """One place, a geometry of GeoJSON (RFC 7946), and the jobs that work there by address and phase.

    Many jobs of a campaign of days may share one place.
    """

    geometry: Json
    jobs: Mapping[str, Phase]

    @property
    def phase(self) -> Phase:
        """The phase of those of its jobs that most need to be looked at."""
        return min(self.jobs.values(), key=_FIRST.index)

    @property
    def counts(self) -> Mapping[Phase, int]:
        """How many of its jobs are in each phase that one of them is in, what needs to be looked at first."""
        found = Counter(self.jobs.values())
        return {phase: found[phase] for phase in _FIRST if found[phase]}


@dataclass(frozen=True, slots=True)
class SearchArea:
    """Where a campaign (an address) searches for its products, as a geometry of GeoJSON."""

    address: str
    geometry: Json


def footprints(phases: Iterable[tuple[str, Phase]], jobs: Mapping[str, DesiredJob]) -> tuple[Footprint, ...]:
    """Return the places of these jobs, larger ones first, so that no place hides a smaller one."""
    found: dict[str, tuple[Json, dict[str, Phase]]] = {}
    for address, phase in phases:
        geometry = _place(jobs[address]) if address in jobs else None
        if geometry:
            found.setdefault(json.dumps(geometry), (geometry, {}))[1][address] = phase
    return tuple(Footprint(*each) for each in sorted(found.values(), key=lambda each: -_extent(each[0])))


def search_areas(manifest: Manifest) -> Iterator[SearchArea]:
    """Yield the boxes in which campaigns search."""
    for name, job in manifest.jobs.items():
        for step in job.steps:
            if geometry := box_geometry(step.hda.get("bbox") if step.hda else None):
                yield SearchArea(str(Address.job(name)), geometry)


def _place(job: DesiredJob) -> Json | None:
    if geometry := geometry_of(job.fields):
        return geometry
    boxes = (value for name, value in job.fields.items() if name.rpartition(".")[2] == "bbox")
    return next(filter(None, map(box_geometry, boxes)), None) or box_geometry(job.region)


def box_geometry(value: Any) -> Json | None:
    """Return `[west, south, east, north]` in degrees as a polygon, as two where it crosses the antimeridian.

    None for anything else, and for a field that is still to be filled in.
    """
    if not isinstance(value, list | tuple) or len(value) != 4 or not all(map(_is_number, value)):
        return None
    west, south, east, north = value
    if max(abs(west), abs(east)) > _EDGE or not -_POLE <= south <= north <= _POLE:
        return None
    if west <= east:
        return {"type": "Polygon", "coordinates": _ring(west, south, east, north)}
    parts = [_ring(west, south, _EDGE, north), _ring(-_EDGE, south, east, north)]
    return {"type": "MultiPolygon", "coordinates": parts}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _ring(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def _extent(geometry: Json) -> float:
    """Return the area of the box around a geometry in square degrees."""
    west, south, east, north = bounds(geometry)
    return (east - west) * (north - south)


def bounds(geometry: Json) -> tuple[float, float, float, float]:
    """Return west, south, east and north of a geometry, in degrees."""
    longitudes, latitudes = zip(*_positions(geometry), strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def _positions(geometry: Json) -> Iterator[tuple[float, float]]:
    if geometry["type"] == "GeometryCollection":
        for each in geometry["geometries"]:
            yield from _positions(each)
    else:
        yield from _pairs(geometry["coordinates"])


def _pairs(given: Any) -> Iterator[tuple[float, float]]:
    if given and _is_number(given[0]):
        yield given[0], given[1]
    else:
        for each in given:
            yield from _pairs(each)
