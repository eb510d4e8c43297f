"""The SNAP graph or Data Tailor chain of every job, each file read once through a reader that the caller gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Union

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.model.jobs import Job, SnapJob, TailorJob
from eocanvas_apply.manifest.model.points import PointsFile

if TYPE_CHECKING:
    from eocanvas_apply.documents.chain import Chain
    from eocanvas_apply.documents.pixex import Point
    from eocanvas_apply.documents.yaml.nodes import Path
    from eocanvas_apply.manifest.instances import Instance
    from eocanvas_apply.manifest.loading import LoadedManifest

Read = Callable[[str], bytes]
Document = Union[Graph, "Chain"]


@dataclass(frozen=True)
class GraphsAndChains:
    """`by_job` holds the graph or chain of each job that has a valid one, before its params are filled in.

    Of a campaign that is the chain with references in its fields, and nothing where each row names another file.
    `files` are the SHA-256 (hex) of the files read, by path as the manifest writes it.
    """

    by_job: Mapping[str, Document]
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    parsed: Mapping[tuple[str, str], Document | None] = field(default_factory=dict, repr=False)
    points: Mapping[str, Sequence[Point]] = field(default_factory=dict, repr=False)
    _with_points: dict[tuple[str, str], Graph] = field(default_factory=dict, repr=False)

    def of(self, job: Job) -> Document | None:
        """Return the graph or chain of any job whose file was read, an instance's too; None when it has none."""
        if isinstance(job, SnapJob):
            return self._filled(job)
        if not isinstance(job, TailorJob):
            return None
        from eocanvas_apply.documents.chain import Chain

        chain = Chain({}) if job.chain_file is None else self.parsed.get((Chain.__name__, job.chain_file))
        return chain.with_fields(job.chain_fields) if isinstance(chain, Chain) else None

    def graph_of(self, job: SnapJob) -> Graph | None:
        """Return the graph of a job as its file has it, without the points of the job."""
        graph = self.parsed.get((Graph.__name__, job.graph))
        return graph if isinstance(graph, Graph) else None

    def _filled(self, job: SnapJob) -> Graph | None:
        graph = self.graph_of(job)
        if graph is None or job.points is None:
            return graph
        key = points_key(job.points)
        if key not in self.points:
            return graph
        if (job.graph, key) not in self._with_points:
            self._with_points[job.graph, key] = graph.with_points(self.points[key])
        return self._with_points[job.graph, key]


def points_key(points: object) -> str:
    """Return a text that is equal for points that are given in the same words."""
    return points.model_dump_json() if isinstance(points, PointsFile) else json.dumps(points, default=str)


@dataclass
class _Reader:
    loaded: LoadedManifest
    read: Read
    files: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    parsed: dict[tuple[str, str], Document | None] = field(default_factory=dict)

    def add(self, job: Job, name: str) -> None:
        """Read the file of a job, if it has one that was not read yet."""
        if isinstance(job, SnapJob):
            self._parse(job.graph, Graph, ("jobs", name, "graph"))
        elif isinstance(job, TailorJob) and job.chain_file is not None:
            from eocanvas_apply.documents.chain import Chain

            at = ("jobs", name, "chain") if isinstance(job.chain, str) else ("jobs", name, "chain", "file")
            self._parse(job.chain_file, Chain, at)

    def result(self, by_job: Mapping[str, Document] | None = None) -> GraphsAndChains:
        return GraphsAndChains(by_job or {}, self.files, tuple(self.diagnostics), self.parsed)

    def _parse(self, written: str, kind: type[Graph] | type[Chain], at: Path) -> None:
        if (kind.__name__, written) in self.parsed:
            return
        self.parsed[kind.__name__, written] = None
        try:
            content = self.read(written)
            self.files[written] = hashlib.sha256(content).hexdigest()
            parsed = kind.parse(content, self.loaded.shown(written))
        except ManifestError as problem:
            self.diagnostics += [each if each.position else self.loaded.place(each, at) for each in problem.diagnostics]
            return
        self.diagnostics += parsed.warnings
        self.parsed[kind.__name__, written] = parsed


def load_graphs_and_chains(loaded: LoadedManifest, read: Read) -> GraphsAndChains:
    """Read the graphs and chains of all jobs; `read` takes a path as the manifest writes it and raises ManifestError.

    Nothing is raised: faults of files are in the diagnostics.
    """
    reader = _Reader(loaded, read)
    jobs = loaded.manifest.jobs if loaded.manifest else {}
    own = {name: job for name, job in jobs.items() if not is_by_row(loaded, name)}
    for name, job in own.items():
        reader.add(job, name)
    found = reader.result()
    return reader.result({name: document for name, job in own.items() if (document := found.of(job)) is not None})


def with_instances(
    documents: GraphsAndChains, loaded: LoadedManifest, read: Read, instances: Mapping[str, Sequence[Instance]]
) -> GraphsAndChains:
    """Return the graphs and chains with those files too that only the rows of a campaign name."""
    reader = _Reader(loaded, read, dict(documents.files), list(documents.diagnostics), dict(documents.parsed))
    for name in instances:
        for instance in instances[name] if is_by_row(loaded, name) else ():
            reader.add(instance.job, name)
    return replace(reader.result(documents.by_job), points=documents.points)


def is_by_row(loaded: LoadedManifest, name: str) -> bool:
    """Tell whether each row of a campaign names another file of a graph or chain."""
    template = loaded.templates.get(name)
    files = (("graph",), ("chain",), ("chain", "file"))
    return template is not None and any(path in files for path, _ in template.fields)
