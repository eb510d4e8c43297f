"""What a rule looks at: the manifest as a whole, one job with its graph, or one job with its chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from eocanvas_apply.diagnostics import Diagnostic, Position
from eocanvas_apply.documents.graph import OUTPUT, Graph
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.manifest.graphs_and_chains import Document, GraphsAndChains, is_by_row
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.jobs import Job, SnapJob, TailorJob
from eocanvas_apply.manifest.model.manifest import Manifest

if TYPE_CHECKING:
    from eocanvas_apply.documents.chain import Chain
    from eocanvas_apply.manifest.instances import Instance


class ManifestCase(Struct, frozen=True):
    """The manifest as far as it could be read."""

    loaded: LoadedManifest
    manifest: Manifest

    def place(self, found: Diagnostic, *path: str | int, at_name: bool = False) -> Diagnostic:
        """Return a finding at a field of the manifest."""
        return self.loaded.place(found, path, at_name=at_name)


@dataclass(frozen=True)
class GraphCase:
    """One job and its graph; `filled` is the graph with the job's params in it."""

    loaded: LoadedManifest
    name: str
    job: SnapJob
    graph: Graph

    @cached_property
    def filled(self) -> Graph:
        """The graph as it runs; without its params where they make it too large, which is an error."""
        try:
            return self.graph.fill(self.job.params).at_service()
        except ManifestError:
            return self.graph.at_service()

    @cached_property
    def names(self) -> frozenset[str]:
        """The names that the service fills in: the inputs and `output`."""
        return frozenset({*self.job.inputs, OUTPUT})

    @cached_property
    def _address(self) -> str:
        return str(Address.job(self.name))

    def at(self, found: Diagnostic, position: Position) -> Diagnostic:
        """Return a finding at a place of the graph's file."""
        return self.graph.place(found, position, self._address)

    def in_manifest(self, found: Diagnostic, *path: str | int, at_name: bool = False) -> Diagnostic:
        """Return a finding at a field of the job."""
        return self.loaded.place(found, ("jobs", self.name, *path), at_name=at_name)


class ChainCase(Struct, frozen=True):
    """One job and its chain."""

    loaded: LoadedManifest
    name: str
    job: TailorJob
    chain: Chain

    def at(self, found: Diagnostic, path: Path) -> Diagnostic:
        """Return a finding at a field of the chain, wherever that field stands: in its file or in the manifest."""
        if self.chain.in_file(path):
            return self.chain.place(replace(found, address=str(Address.job(self.name))), path)
        return self.loaded.place(found, ("jobs", self.name, "chain", *path), at_name=True)


def cases(loaded: LoadedManifest, documents: GraphsAndChains) -> Iterator[GraphCase | ChainCase]:
    """Yield every job with a graph or chain that could be read."""
    for name, job in loaded.manifest.jobs.items() if loaded.manifest else ():
        yield from _case(loaded, name, job, documents.by_job.get(name))


def _case(loaded: LoadedManifest, name: str, job: Job, document: Document | None) -> Iterator[GraphCase | ChainCase]:
    if isinstance(job, SnapJob) and isinstance(document, Graph):
        yield GraphCase(loaded, name, job, document)
    elif isinstance(job, TailorJob) and (chain := _as_chain(document)):
        yield ChainCase(loaded, name, job, chain)


def _as_chain(document: Document | None) -> Chain | None:
    """Return what is a chain; the module of chains is imported only by a manifest that has one."""
    return None if isinstance(document, Graph) else document


Instances = Mapping[str, "Sequence[Instance]"]


def row_cases(loaded: LoadedManifest, documents: GraphsAndChains, instances: Instances) -> Iterator[GraphCase]:
    """Yield every graph that only rows name, with the first row that names it."""
    for name in (each for each in instances if is_by_row(loaded, each)):
        seen: set[str] = set()
        for job in (instance.job for instance in instances[name]):
            graph = documents.of(job)
            if isinstance(job, SnapJob) and isinstance(graph, Graph) and job.graph not in seen:
                seen.add(job.graph)
                yield GraphCase(loaded, name, job, graph)


def filled_chains(
    loaded: LoadedManifest, documents: GraphsAndChains, instances: Instances
) -> Iterator[tuple[str, ChainCase]]:
    """Yield every different chain that rows fill in, with the id of its first row."""
    for name in (each for each in instances if _fills_chain(loaded, each)):
        seen: set[str] = set()
        for instance in instances[name]:
            job = instance.job
            chain = _as_chain(documents.of(job))
            if isinstance(job, TailorJob) and chain and chain.digest not in seen:
                seen.add(chain.digest)
                yield instance.id, ChainCase(loaded, name, job, chain)


def _fills_chain(loaded: LoadedManifest, name: str) -> bool:
    template = loaded.templates.get(name)
    return template is not None and any(path[0] == "chain" for path, _ in template.fields)
