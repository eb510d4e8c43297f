"""The points of jobs for PixEx: read, checked, and put into the graphs that they belong to.

A graph with its points is the job's graph from then on: it is sent, compared, and its digest is in the fingerprint.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from msgspec import Struct, field, structs

from eocanvas_apply.campaign.point_rows import Points, points_in_list, points_in_rows
from eocanvas_apply.campaign.row_faults import RowFault, RowFaults
from eocanvas_apply.campaign.row_files import RowFiles
from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.diagnostics import Diagnostic, error, fault_of
from eocanvas_apply.documents.pixex import Point, open_coordinates
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import GraphsAndChains, points_key
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.jobs import SnapJob
from eocanvas_apply.manifest.model.points import PointsFile, points_file

Read = Callable[[str], bytes]
_FIELD = "points"


def with_points(documents: GraphsAndChains, loaded: LoadedManifest, read: Read) -> GraphsAndChains:
    """Return the graphs with the points of all jobs, but those that a row fills in."""
    reader = _Reader(loaded, documents, RowFiles(loaded, read))
    for name, job in loaded.manifest.jobs.items() if loaded.manifest else ():
        if isinstance(job, SnapJob) and job.points is not None and not _by_row(loaded, name, _FIELD):
            reader.diagnostics += [reader.placed(found, name, path) for found, path in reader.faults(job)]
    return reader.result()


def with_points_of_rows(
    documents: GraphsAndChains, loaded: LoadedManifest, read: Read, instances: Mapping[str, Sequence[Instance]]
) -> GraphsAndChains:
    """Return the graphs with those points too that rows fill in, or whose graph a row names."""
    reader = _Reader(loaded, documents, RowFiles(loaded, read))
    for name in (each for each in instances if _by_row(loaded, each, _FIELD, "graph")):
        faults = RowFaults()
        for instance in instances[name]:
            job = instance.job
            if not isinstance(job, SnapJob) or job.points is None:
                break
            row = Row(instance.id, instance.fields)
            for found, path in reader.faults(job):
                faults.add((fault_of(found), found.position), row, partial(structs.replace, found), path)
        for each in faults:
            found = each.found if each.found.position else each.diagnostic()
            reader.diagnostics.append(reader.placed(found, name, each.path))
    return reader.result()


def _by_row(loaded: LoadedManifest, name: str, *fields: str) -> bool:
    template = loaded.templates.get(name)
    return template is not None and any(path[0] in fields for path, _ in template.fields)


class _Fault(NamedTuple):
    """What is wrong with points; `path` leads to a point of a list in the manifest, and to its field."""

    found: Diagnostic
    path: Path = ()


class _Reader(Struct):
    loaded: LoadedManifest
    documents: GraphsAndChains
    files: RowFiles
    points: dict[str, Sequence[Point]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _judged: dict[tuple[str, str], tuple[_Fault, ...]] = field(default_factory=dict)

    def faults(self, job: SnapJob) -> tuple[_Fault, ...]:
        """Read the points of a job, and return what is wrong with them and with their place in the graph."""
        key = (points_key(job.points), job.graph)
        if key not in self._judged:
            self._judged[key] = (*self._node_faults(job), *self._read(job, key[0]))
        return self._judged[key]

    def placed(self, found: Diagnostic, name: str, path: Path) -> Diagnostic:
        """Return a finding at a point of a job, or at all of them, unless it has its place in a file."""
        if found.position:
            return structs.replace(found, address=str(Address.job(name)))
        return self.loaded.place(found, ("jobs", name, _FIELD, *path), at_name=not path)

    def result(self) -> GraphsAndChains:
        """Return the graphs and chains with the points, and with what is wrong with these."""
        found = dataclasses.replace(
            self.documents,
            points={**self.documents.points, **self.points},
            files={**self.documents.files, **self.files.digests},
            diagnostics=(*self.documents.diagnostics, *self.diagnostics),
        )
        jobs = self.loaded.manifest.jobs if self.loaded.manifest else {}
        return dataclasses.replace(
            found, by_job={name: found.of(jobs[name]) or known for name, known in found.by_job.items()}
        )

    def _read(self, job: SnapJob, key: str) -> Iterator[_Fault]:
        file = _file_of(job)
        try:
            points = self._found(job, file)
        except ManifestError as problem:
            yield from map(_Fault, problem.diagnostics)
            return
        self.points[key] = points.usable
        yield from (self._of_row(each, file) for each in points.faults)
        yield from map(_Fault, points.as_a_whole())

    def _found(self, job: SnapJob, file: PointsFile | None) -> Points:
        return (
            points_in_rows(self.files.rows(file.kind, file.source).rows, file) if file else points_in_list(job.points)
        )

    def _of_row(self, fault: RowFault, file: PointsFile | None) -> _Fault:
        found, path = fault.diagnostic(), fault.path
        if file is None:
            return _Fault(found, path)
        number, name = int(path[0]), str(path[1]) if path[1:] else None
        return _Fault(self.files.placed(found, file.kind, file.source, number, name))

    def _node_faults(self, job: SnapJob) -> Iterator[_Fault]:
        graph = self.documents.graph_of(job)
        if graph is None:
            return
        number = sum(open_coordinates(node) is not None for node in graph.nodes)
        if number != 1:
            message = "no PixEx node of the graph has empty <coordinates/>, where the points belong"
            hint = "write <coordinates/> into the <parameters> of its PixEx node, or remove `points`"
            if number:
                message = f"{number} PixEx nodes of the graph have empty <coordinates/>; the points belong into one"
                hint = "write the points of the others into the graph"
            yield _Fault(error("points-node", message, hint))


def _file_of(job: SnapJob) -> PointsFile | None:
    """Return the file of a job's points, None where they are a list in the manifest."""
    if isinstance(job.points, str):
        return points_file(job.points)
    return job.points if isinstance(job.points, PointsFile) else None
