"""The graph or chain of every job, read once a file through a reader that the caller gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath

from eocanvas_apply.diagnostics import Diagnostic
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.documents.yaml.nodes import Path
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.instances import Instance
from eocanvas_apply.manifest.loading import LoadedManifest
from eocanvas_apply.manifest.model.jobs import Job, SnapJob, TailorJob

Read = Callable[[str], bytes]
Document = Graph | Chain


@dataclass(frozen=True)
class Documents:
    """`by_job` holds the document of each job that has one which can be read, before its params are filled in.

    Of a campaign that is the chain with references in its fields, and nothing where the file is another for each row.
    `files` are the SHA-256 (hex) of the files read, by path as the manifest writes it.
    """

    by_job: Mapping[str, Document]
    files: Mapping[str, str]
    diagnostics: tuple[Diagnostic, ...] = ()
    parsed: Mapping[tuple[str, str], Document | None] = field(default_factory=dict, repr=False)

    def of(self, job: Job) -> Document | None:
        """Return the document of any job whose file was read, an instance's too; None when it has none."""
        if isinstance(job, SnapJob):
            return self.parsed.get((Graph.__name__, job.graph))
        if not isinstance(job, TailorJob):
            return None
        chain = Chain({}) if job.chain_file is None else self.parsed.get((Chain.__name__, job.chain_file))
        return chain.with_fields(job.chain_fields) if isinstance(chain, Chain) else None


@dataclass
class _Reader:
    loaded: LoadedManifest
    read: Read
    files: dict[str, str] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    known: dict[tuple[str, str], Document | None] = field(default_factory=dict)

    def document(self, written: str, kind: type[Graph] | type[Chain], at: Path) -> Document | None:
        if (kind.__name__, written) not in self.known:
            self.known[kind.__name__, written] = self._parsed(written, kind, at)
        return self.known[kind.__name__, written]

    def _parsed(self, written: str, kind: type[Graph] | type[Chain], at: Path) -> Document | None:
        try:
            content = self.read(written)
            self.files[written] = hashlib.sha256(content).hexdigest()
            parsed = kind.parse(content, _shown(written, self.loaded.text.file))
        except ManifestError as problem:
            placed = (each if each.position else self.loaded.place(each, at) for each in problem.diagnostics)
            self.diagnostics += placed
            return None
        if isinstance(parsed, Chain):
            self.diagnostics += parsed.warnings
        return parsed


def load_documents(loaded: LoadedManifest, read: Read) -> Documents:
    """Read the documents of all jobs; `read` takes a path as the manifest writes it and raises ManifestError.

    Nothing is raised: what cannot be read or parsed is in the diagnostics.
    """
    reader = _Reader(loaded, read)
    by_job: dict[str, Document] = {}
    for name, job in loaded.manifest.jobs.items() if loaded.manifest else ():
        document: Document | None = None
        if is_by_row(loaded, name):
            continue
        if isinstance(job, SnapJob):
            document = reader.document(job.graph, Graph, ("jobs", name, "graph"))
        elif isinstance(job, TailorJob):
            document = _chain(job, name, reader)
        if document is not None:
            by_job[name] = document
    return Documents(by_job, reader.files, tuple(reader.diagnostics), reader.known)


def with_instances(
    documents: Documents, loaded: LoadedManifest, read: Read, instances: Mapping[str, Sequence[Instance]]
) -> Documents:
    """Return the documents with those files too that only the rows of a campaign name."""
    reader = _Reader(loaded, read, dict(documents.files), list(documents.diagnostics), dict(documents.parsed))
    for name, rows in instances.items():
        if not is_by_row(loaded, name):
            continue
        for instance in rows:
            job = instance.job
            if isinstance(job, SnapJob):
                reader.document(job.graph, Graph, ("jobs", name, "graph"))
            elif isinstance(job, TailorJob):
                _chain(job, name, reader)
    return Documents(documents.by_job, reader.files, tuple(reader.diagnostics), reader.known)


def is_by_row(loaded: LoadedManifest, name: str) -> bool:
    """Tell whether the file of a campaign's graph or chain is another for each row."""
    template = loaded.templates.get(name)
    files = (("graph",), ("chain",), ("chain", "file"))
    return template is not None and any(path in files for path, _ in template.fields)


def _chain(job: TailorJob, name: str, reader: _Reader) -> Document | None:
    if job.chain_file is None:
        return Chain({}).with_fields(job.chain_fields)
    at = ("jobs", name, "chain") if isinstance(job.chain, str) else ("jobs", name, "chain", "file")
    chain = reader.document(job.chain_file, Chain, at)
    return chain.with_fields(job.chain_fields) if isinstance(chain, Chain) else None


def _shown(written: str, manifest: str) -> str:
    return (PurePath(manifest).parent / written).as_posix()
