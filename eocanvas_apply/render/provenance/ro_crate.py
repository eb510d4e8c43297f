"""The metadata of an RO-Crate 1.1 of a job or campaign, after the profile Process Run Crate 0.5."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from eocanvas_apply.render.provenance.job_facts import (
    FACILITY,
    FOLDER,
    Json,
    address_of,
    counted_results,
    document_copy,
    known,
    lineage,
    media_type,
    reference,
    relative,
    short_digest,
)
from eocanvas_apply.report.provenance.described_job import DescribedJob, DescribedRun, ResultFacts
from eocanvas_apply.report.provenance.given_inputs import GivenInput
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion

METADATA = "ro-crate-metadata.json"
# By it we know a crate as our own.
OWN = "#eocanvas-apply"
_CONTEXT = "https://w3id.org/ro/crate/1.1/context"
_CRATE = "https://w3id.org/ro/crate/1.1"
_PROFILE = "https://w3id.org/ro/wfrun/process/0.5"
_LANGUAGES = {"graph": "#snap-graph", "chain": "#data-tailor-chain"}
_LANGUAGE_NAMES = {"#snap-graph": "ESA SNAP graph (XML)", "#data-tailor-chain": "EUMETSAT Data Tailor chain (YAML)"}
_URLS = {
    FACILITY: "https://www.wekeo.eu/",
    "ESA SNAP": "https://step.esa.int/",
    "EUMETSAT Data Tailor": "https://user.eumetsat.int/resources/user-guides/data-tailor-standalone-guide",
}
_COMPLETED = "http://schema.org/CompletedActionStatus"


class CratedFile(Struct, frozen=True):
    """A file beside the results that belongs to the crate: its path from the root, what it is, size and SHA-256."""

    path: str
    title: str
    size: int
    sha256: str


def ro_crate(
    job: DescribedJob,
    files: Sequence[CratedFile],
    version: ManifestVersion,
    made: datetime,
    program: str,
) -> Json:
    """Return the metadata of the crate whose root is the job's folder; `program` is our own version.

    `files` are copies of graphs, chains and manifests, and the table of the results. Each result has to lie below the
    root, or at an address.
    """
    crate = _Crate(job, files)
    for run in job.runs:
        crate.add_run(run)
    for each in files:
        crate.add_file(each, version)
    crate.add(
        {"@id": OWN, "@type": "SoftwareApplication", "name": "eocanvas-apply", "softwareVersion": program}
        | {"description": "It launched the jobs, downloaded their results and wrote this description."}
    )
    graph = [*_heads(job, crate, made), *crate.entities.values()]
    return {"@context": _CONTEXT, "@graph": [_compact(each) for each in graph]}


def _compact(entity: Json) -> Json:
    """Return an entity as RO-Crate writes it: a list of one thing is that thing."""
    return {name: each[0] if isinstance(each, list) and len(each) == 1 else each for name, each in entity.items()}


def _heads(job: DescribedJob, crate: _Crate, made: datetime) -> Iterator[Json]:
    yield {"@id": METADATA, "@type": "CreativeWork", "about": _ref("./"), "conformsTo": _ref(_CRATE)}
    yield {
        "@id": "./",
        "@type": "Dataset",
        "name": f"Results of {job.address} of the project {job.project}",
        "description": f"{counted_results(job)}, with what made them.",
        "datePublished": made.date().isoformat(),
        "license": "No licence is stated.",
        "conformsTo": _ref(_PROFILE),
        "hasPart": [_ref(each) for each in crate.parts],
        "mentions": [_ref(each) for each in crate.actions],
        "sdPublisher": _ref(OWN),
    }
    yield {"@id": _PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


class _Crate:
    """The entities of a crate by their ids, each once."""

    def __init__(self, job: DescribedJob, files: Sequence[CratedFile]) -> None:
        self._folder = job.folder
        self._files = {each.path for each in files}
        self.entities: dict[str, Json] = {}
        self.parts: list[str] = []
        self.actions: list[str] = []
        self._of_job: dict[str, list[str]] = {
            run.origin.job_id: [self._id_of(each) for each in run.results] for run in job.runs
        }

    def add(self, entity: Json) -> str:
        """Add an entity that is not there yet, and return its id."""
        self.entities.setdefault(entity["@id"], entity)
        return str(entity["@id"])

    def add_file(self, file: CratedFile, version: ManifestVersion) -> None:
        entity: Json = {
            "@id": reference(file.path),
            "@type": "File",
            "name": file.title,
            "contentSize": str(file.size),
            "sha256": file.sha256,
            "encodingFormat": media_type(file.path),
        }
        if posixpath.basename(file.path) in {posixpath.basename(name) for name in version.files}:
            entity |= {"@type": ["File", "SoftwareSourceCode"], "codeRepository": version.repository}
            entity |= {"version": _commit(version)}
        self._part({**known(entity), **self.entities.get(reference(file.path), {})})

    def add_run(self, run: DescribedRun) -> None:
        origin = run.origin
        for each in run.results:
            self._part(self._result(run, each))
        objects = [*self._inputs(run), *self._params(run)]
        action = {
            "@id": f"#job-{origin.job_id}",
            "@type": "CreateAction",
            "name": f"{origin.address}: job {origin.job_id}",
            "description": lineage(run),
            "identifier": origin.job_id,
            "startTime": _iso(origin.started or origin.created),
            "endTime": _iso(origin.finished),
            "actionStatus": _COMPLETED,
            "instrument": [_ref(each) for each in self._instruments(run)],
            "object": [_ref(each) for each in objects],
            "result": [_ref(each) for each in self._of_job[origin.job_id]],
        }
        self.actions.append(self.add(known(action)))

    def _part(self, entity: Json) -> None:
        if entity["@id"] not in self.parts:
            self.parts.append(entity["@id"])
        self.entities[entity["@id"]] = entity

    def _id_of(self, result: ResultFacts) -> str:
        if result.file is not None:
            return relative(result.file, self._folder)
        return reference(result.location) if result.location else f"urn:eocanvas-apply:result:{reference(result.title)}"

    def _result(self, run: DescribedRun, result: ResultFacts) -> Json:
        entity = {
            "@id": self._id_of(result),
            # What lies at a key, and is no address that opens, is no file of the crate.
            "@type": "File",
            "name": result.name,
            "contentSize": None if result.size is None else str(result.size),
            "sha256": result.sha256,
            "encodingFormat": media_type(result.name),
            "dateCreated": _iso(run.origin.finished),
        }
        return known(entity)

    def _inputs(self, run: DescribedRun) -> Iterator[str]:
        for given in run.origin.inputs:
            if of_job := self._of_job.get(run.before.get(given.name, "")):
                yield from of_job
            elif given.kind == "value":
                yield self.add(_value(given.name, given.title))
            else:
                yield self.add(_input(given, run))

    def _params(self, run: DescribedRun) -> Iterator[str]:
        for name, value in run.origin.params.items():
            yield self.add(_value(name, value))

    def _instruments(self, run: DescribedRun) -> Iterator[str]:
        origin = run.origin
        if document := self._document(run):
            yield document
        yield self.add(_process(run, [self.add(each) for each in _programs(origin.software)]))

    def _document(self, run: DescribedRun) -> str | None:
        """Add the graph or chain: its copy in the crate, or its digest alone."""
        origin, name = run.origin, document_copy(run)
        if name is None:
            return None
        path = f"{FOLDER}/{name}"
        language = _LANGUAGES.get(origin.document_kind, "#document")
        entity = {
            "@id": reference(path) if path in self._files else f"#{name}",
            "@type": ["File", "SoftwareSourceCode"] if path in self._files else "SoftwareSourceCode",
            "name": f"The {origin.document_kind} {run.document_file or name}",
            "identifier": origin.document,
            "version": origin.document,
            "programmingLanguage": _ref(language),
        }
        self.add({"@id": language, "@type": "ComputerLanguage", "name": _LANGUAGE_NAMES.get(language, "document")})
        return self.add(entity)


def _process(run: DescribedRun, programs: Sequence[str]) -> Json:
    origin = run.origin
    entity = {
        "@id": f"#process-{short_digest([origin.process, origin.process_version, programs])}",
        "@type": "SoftwareApplication",
        "name": f"{origin.process or 'process'} of {FACILITY}",
        "softwareVersion": origin.process_version,
        "url": _URLS[FACILITY],
        "softwareRequirements": [_ref(each) for each in programs],
    }
    return known(entity)


def _programs(versions: Mapping[str, str]) -> Iterable[Json]:
    for name, version in versions.items():
        slug = f"{name}-{version}".lower().replace(" ", "-")
        entity = {"@id": f"#{reference(slug)}", "@type": "SoftwareApplication", "name": name}
        yield known(entity | {"softwareVersion": version, "url": _URLS.get(name)})


def _input(given: GivenInput, run: DescribedRun) -> Json:
    address = address_of(given, run.before)
    kinds = {"product": "A product of WEkEO", "key": "A file in a storage", "url": "A file", "result": "A result"}
    description = f"{kinds[given.kind]}{f', dataset {given.dataset}' if given.dataset else ''}."
    entity = {"@id": address, "@type": "CreativeWork", "name": given.title, "description": description}
    return entity | {"identifier": given.title}


def _value(name: str, value: str) -> Json:
    return {"@id": f"#value-{short_digest([name, value])}", "@type": "PropertyValue", "name": name, "value": value}


def _commit(version: ManifestVersion) -> str | None:
    if version.commit is None:
        return None
    return f"{version.commit} with changes" if version.modified else version.commit


def _iso(moment: datetime | None) -> str | None:
    # The profile asks for an offset, and knows no Z.
    return moment.replace(microsecond=0).isoformat() if moment else None


def _ref(identifier: str) -> Json:
    return {"@id": identifier}
