"""The points of jobs for PixEx: read, checked, and put into the graphs that they belong to.

A graph with its points is the job's graph from then on: it is sent, compared, and its digest is in the fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from eocanvas_apply.campaign.point_rows import Points, points_in_list, points_in_rows
from eocanvas_apply.campaign.row_faults import RowFaults
from eocanvas_apply.campaign.row_files import RowFiles
from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.diagnostics import Diagnostic, error, fault_of
from eocanvas_apply.documents.pixex import Point, open_coordinates
from eocanvas_apply.errors import ManifestError
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
            for found in reader.faults(job):
                reader.diagnostics.append(reader.placed(found, name))
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
            for found in reader.faults(job):
                faults.add(fault_of(found), row, partial(replace, found))
        placed = (each.found if each.found.position else each.diagnostic() for each in faults)
        reader.diagnostics += [reader.placed(each, name) for each in placed]
    return reader.result()


def _by_row(loaded: LoadedManifest, name: str, *fields: str) -> bool:
    template = loaded.templates.get(name)
    return template is not None and any(path[0] in fields for path, _ in template.fields)


@dataclass
class _Reader:
    loaded: LoadedManifest
    documents: GraphsAndChains
    files: RowFiles
    points: dict[str, Sequence[Point]] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    _judged: dict[tuple[str, str], tuple[Diagnostic, ...]] = field(default_factory=dict)

    def faults(self, job: SnapJob) -> tuple[Diagnostic, ...]:
        """Read the points of a job, and return what is wrong with them and with their place in the graph."""
        key = (points_key(job.points), job.graph)
        if key not in self._judged:
            self._judged[key] = (*self._node_faults(job), *self._read(job, key[0]))
        return self._judged[key]

    def placed(self, found: Diagnostic, name: str) -> Diagnostic:
        """Return a finding at the points of a job, unless it has its place in a file."""
        return found if found.position else self.loaded.place(found, ("jobs", name, _FIELD), at_name=True)

    def result(self) -> GraphsAndChains:
        """Return the graphs and chains with the points, and with what is wrong with these."""
        found = replace(
            self.documents,
            points={**self.documents.points, **self.points},
            files={**self.documents.files, **self.files.digests},
            diagnostics=(*self.documents.diagnostics, *self.diagnostics),
        )
        jobs = self.loaded.manifest.jobs if self.loaded.manifest else {}
        return replace(found, by_job={name: found.of(jobs[name]) or known for name, known in found.by_job.items()})

    def _read(self, job: SnapJob, key: str) -> Iterator[Diagnostic]:
        try:
            points = self._found(job)
        except ManifestError as problem:
            yield from problem.diagnostics
            return
        self.points[key] = points.usable
        yield from (each.diagnostic() for each in points.faults)
        yield from points.as_a_whole()

    def _found(self, job: SnapJob) -> Points:
        if isinstance(job.points, list):
            return points_in_list(job.points)
        given = job.points if isinstance(job.points, PointsFile) else points_file(str(job.points))
        return points_in_rows(self.files.rows(given.kind, given.source).rows, given)

    def _node_faults(self, job: SnapJob) -> Iterator[Diagnostic]:
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
            yield error("points-node", message, hint)
