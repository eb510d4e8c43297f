"""What made results, written beside them or into a folder: STAC collections with their items, and RO-Crates."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
import json
import posixpath
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import unquote

from msgspec.structs import replace
from pydantic_core import to_json

from eocanvas_apply import __version__
from eocanvas_apply.api.results import Results, chosen_jobs, recorded_results
from eocanvas_apply.applying.document_store import kept_texts
from eocanvas_apply.boundary import Boundary
from eocanvas_apply.diagnostics import error
from eocanvas_apply.documents.kept_text import kept_at
from eocanvas_apply.engine.definition import Campaigns, Definition, given_rows
from eocanvas_apply.engine.inspection.file_search import acts, find_file
from eocanvas_apply.engine.inspection.manifest_state import defined_jobs, manifest_texts, manifest_version
from eocanvas_apply.engine.inspection.own_files import OwnFile, is_own, write_own
from eocanvas_apply.errors import UsageError
from eocanvas_apply.files import is_file
from eocanvas_apply.ledger.entry import Entry
from eocanvas_apply.ledger.fold.recorded import Recorded
from eocanvas_apply.manifest.address import Address
from eocanvas_apply.planning.desired.desired import Desired
from eocanvas_apply.planning.plan import campaign_of
from eocanvas_apply.render.provenance import ro_crate, stac_collection, stac_item
from eocanvas_apply.render.provenance.added_by_people import collection_with_added, crate_with_added
from eocanvas_apply.render.provenance.job_facts import FOLDER, document_copy, plain_name
from eocanvas_apply.report.provenance.described_job import (
    DescribedJob,
    DescribedRun,
    ResultFacts,
    described_jobs,
)
from eocanvas_apply.report.provenance.file_origin import FileOrigin
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.report.provenance.written_catalogue import Written
from eocanvas_apply.secrets.published_text import published_document, published_field, published_text, published_values
from eocanvas_apply.secrets.scrubbing import SCRUBBER

FORMS = ("stac", "ro-crate")
_COLLECTION = "collection.json"
_INDEX = "index.csv"
_DESCRIBED = ("here", "at-key")


@dataclass(frozen=True, slots=True)
class Sources:
    """What descriptions are made of: record and results, and the manifest where it can be read.

    `project` is the boundary of the project, where what was launched is kept, `folder` the one that results are
    relative to, and `within` what it holds. `desired` is what the manifest asks for where searches were asked for rows.
    """

    recorded: Recorded
    results: Results
    project: Boundary
    folder: Path
    within: Boundary
    campaigns: Campaigns | None = None
    desired: Desired | None = None

    def jobs(self) -> list[DescribedJob]:
        """Return the jobs and campaigns with results; without one that is here, or at a key, they have no runs."""
        described = [each for each in self.results if each.state in _DESCRIBED]
        facts = [
            ResultFacts(each.address, each.file, None, each.location)
            if each.state == "at-key"
            else ResultFacts(each.address, each.file, each.file, None, each.size, each.sha256)
            for each in described
        ]
        left = [(each.address, each.state, each.file) for each in self.results if each.state not in _DESCRIBED]
        desired = self.desired or (self.campaigns.desired({}) if self.campaigns else None)
        defined = defined_jobs(desired, self.recorded) if desired else {}
        return described_jobs(self.recorded, facts, left, defined)

    def version(self) -> ManifestVersion:
        """Return the version of the manifest that lies here."""
        return manifest_version(self.campaigns) if self.campaigns else ManifestVersion()

    def copies(self, job: DescribedJob) -> dict[str, tuple[str, str]]:
        """Return title and text of what made the results of a job, by the names of the files that they become."""
        runs = {run.origin.document: run for run in job.runs if run.origin.document}
        texts = kept_texts(self.project, filter(None, runs))
        found = {}
        for digest, run in runs.items():
            if (name := document_copy(run)) and digest in texts:
                text = SCRUBBER.hide(published_document(texts[digest]))
                title = f"The {run.origin.document_kind} {digest}, before its parameters are filled in, secrets hidden"
                found[name] = (title, text)
        for name, text in (manifest_texts(self.campaigns) if self.campaigns else {}).items():
            found[name] = (f"The manifest {name}, secrets hidden", SCRUBBER.hide(text))
        return found


def origin_of(
    text: str, recorded: Recorded, entries: Sequence[Entry], project: Boundary, campaigns: Campaigns | None
) -> FileOrigin:
    """Return what made a file of a project, or what lies at an address; `entries` are those of its ledger.

    Raises UsageError for a file that is no result on record.
    """
    found = find_file(text, project.folder, recorded)
    launched, downloaded = acts(entries, found)
    document = found.origin.document
    kept = kept_at(document) if document and kept_texts(project, [document]) else None
    found = replace(found, launched=launched, downloaded=downloaded, kept=kept.as_posix() if kept else None)
    if campaigns is None:
        return found
    address, loaded = found.origin.address, campaigns.project.loaded
    defined = defined_jobs(campaigns.desired({}), recorded).get(address)
    if defined is None:
        return found
    position = loaded.text.locate_key(("jobs", Address.parse(address).name))
    inputs = tuple(each.with_place(defined.fields) for each in found.origin.inputs)
    return replace(
        found,
        origin=replace(found.origin, inputs=inputs),
        defined=defined,
        line=(position.file, position.line),
        version=manifest_version(campaigns),
    )


def whole_campaigns(addresses: Collection[str], recorded: Recorded) -> list[str]:
    """Return these jobs, and of a campaign of which one is named all: a catalogue is of the whole."""
    owners = {campaign_of(each) or each for each in addresses}
    return [each for each in sorted(recorded.jobs) if (campaign_of(each) or each) in owners]


async def describe(
    project: Definition, desired: Desired, recorded: Recorded, address: str | None, form: str, out: Path | None
) -> list[Path]:
    """Write the catalogues of a project, and return their paths; raises UsageError."""
    if form not in FORMS or (out and form != "stac"):
        message = f"form={form!r}, out={str(out)!r}" if out else f"form={form!r}"
        raise UsageError(error("usage", message, f"form is one of {', '.join(FORMS)}; out is for stac"))

    def written() -> list[Written]:
        now, jobs = datetime.now(UTC), whole_campaigns(chosen_jobs(address, recorded), recorded)
        results = recorded_results(recorded, jobs, project.boundary)
        campaigns, within = given_rows(project, now), project.boundary
        sources = Sources(recorded, results, within, project.folder, within, campaigns, desired)
        return write_stac(sources, out) if form == "stac" else write_crates(sources, now)

    # Thousands of files take seconds.
    return [Path(each.path) for each in await asyncio.to_thread(written)]


def write_stac(sources: Sources, out: Path | None = None) -> list[Written]:
    """Write a collection for each job and an item for each result, beside the results or below `out`.

    Raises UsageError where a file of another kind is in the way (then nothing is written), or nothing can be written.
    """
    version = sources.version()
    shelves = [shelf for job in sources.jobs() if (shelf := _Shelf(job, sources.folder, out)).is_wanted]
    lost = [shelf.lost() for shelf in shelves]
    items = {job_id: paths for shelf in shelves for job_id, paths in shelf.of_jobs().items()}
    texts = [text for shelf in shelves for text in _stac(shelf, sources.copies(shelf.job), version, items)]
    boundary = Boundary(out) if out else sources.within
    stale = [path for shelf in shelves for path in shelf.stale()]
    _require_apart(Path(shelf.collection) for shelf in shelves)
    _write(texts, boundary, stale)
    homes = [out / shelf.job.name if out else sources.folder / shelf.job.folder for shelf in shelves]
    places = zip(shelves, homes, lost, strict=True)
    return [replace(_written(shelf.job, home / _COLLECTION), lost=rows) for shelf, home, rows in places]


def write_crates(sources: Sources, now: datetime) -> list[Written]:
    """Write the metadata of an RO-Crate for each job into the folder of its results; raises as `write_stac`."""
    version = sources.version()
    jobs = [job for job in sources.jobs() if job.runs or is_own(_crate_of(sources, job), _mark(ro_crate.OWN))]
    texts, places = [], []
    for job in jobs:
        places.append(_crate_of(sources, job))
        root = places[-1].parent
        copies = sources.copies(job)
        copies |= _index(root)
        files = list(_crated(copies))
        crate = _published(ro_crate.ro_crate(job, files, version, now, __version__))
        crate = crate_with_added(crate, _before(places[-1]))
        texts += [*_copies(root, copies), OwnFile(places[-1], _json(crate), _mark(ro_crate.OWN))]
    _require_apart(places)
    _write(texts, sources.within)
    return [_written(job, place) for job, place in zip(jobs, places, strict=True)]


def _crate_of(sources: Sources, job: DescribedJob) -> Path:
    return sources.folder / job.folder / ro_crate.METADATA


def _write(texts: Iterable[OwnFile], boundary: Boundary, stale: Iterable[Path] = ()) -> None:
    """Write files, and remove those that are `stale`; raises UsageError."""
    try:
        write_own(texts, boundary)
        for path in stale:
            path.unlink(missing_ok=True)
    except OSError as fault:
        message = f"{fault.filename or boundary.folder}: cannot be written: {fault.strerror or fault}"
        hint = "check the disk and the permissions of the folder"
        raise UsageError(error("result-unwritable", message, hint)) from None


def _written(job: DescribedJob, path: Path) -> Written:
    return Written(path, job.address, sum(len(run.results) for run in job.runs), Counter(job.left))


class _Shelf:
    """Where the collection of a job and its items go: absolute paths with forward slashes."""

    def __init__(self, job: DescribedJob, folder: Path, out: Path | None) -> None:
        self.job, self._base = job, folder.absolute().as_posix()
        self.home = (out.absolute() / job.name if out else folder.absolute() / job.folder).as_posix()
        self.home = posixpath.normpath(self.home)
        self.collection = posixpath.join(self.home, _COLLECTION)
        self._beside = out is None
        self.items = list(self._placed())

    @property
    def is_wanted(self) -> bool:
        """Whether there is something to describe, or a collection of ours that claims results that are gone."""
        return bool(self.job.runs) or is_own(Path(self.collection), _mark(stac_collection.OWN))

    def lost(self) -> int:
        """Return how many items have the fields of a row, and will have none."""
        without = [path for run, _, path in self.items if not run.fields]
        return sum(is_own(Path(path), '"eocanvas:row"') for path in without)

    def _placed(self) -> Iterator[tuple[DescribedRun, ResultFacts, str]]:
        taken: set[str] = set()
        for run in self.job.runs:
            for result in run.results:
                path = self._path(run, result)
                number = 1
                while (unique := f"{path}{'' if number == 1 else f'-{number}'}{stac_item.ENDING}") in taken:
                    number += 1
                taken.add(unique)
                yield run, result, unique

    def _path(self, run: DescribedRun, result: ResultFacts) -> str:
        if self._beside and result.file:
            path = posixpath.normpath(posixpath.join(self._base, result.file))
            below = posixpath.relpath(path, self.home)
        else:
            below = posixpath.join(*filter(None, [run.origin.instance]), result.name)
        # Readers of collections do not decode references.
        return posixpath.join(self.home, *map(plain_name, below.split("/")))

    def data(self, result: ResultFacts) -> str:
        """Return where a result is: its path, or an address."""
        if result.file is None:
            return result.location or f"urn:eocanvas-apply:result:{result.title}"
        path = posixpath.normpath(posixpath.join(self._base, result.file))
        # Between two drives no way leads.
        other_drive = PurePath(path).drive.lower() != PurePath(self.home).drive.lower()
        return Path(path).as_uri() if other_drive else path

    def of_jobs(self) -> dict[str, list[str]]:
        """Return the paths of items by the id of their job."""
        found: dict[str, list[str]] = {}
        for run, _, path in self.items:
            found.setdefault(run.origin.job_id, []).append(path)
        return found

    def stale(self) -> list[Path]:
        """Return the items of the collection that lies here that are no items of it any more, and are our own."""
        with suppress(TypeError, KeyError, AttributeError):
            before = _before(Path(self.collection))
            links = before["links"] if stac_collection.OWN in before else []
            hrefs = (unquote(each["href"]) for each in links if each["rel"] == "item")
            paths = {posixpath.normpath(posixpath.join(self.home, href)) for href in hrefs}
            gone = paths - {path for *_, path in self.items}
            items = [path for path in gone if path.startswith(f"{self.home}/") and path.endswith(stac_item.ENDING)]
            return [path for path in map(Path, items) if is_own(path, _mark(stac_item.OWN))]
        return []


def _stac(
    shelf: _Shelf,
    copies: Mapping[str, tuple[str, str]],
    version: ManifestVersion,
    items: Mapping[str, Sequence[str]],
) -> Iterator[OwnFile]:
    titles = {name: title for name, (title, _) in copies.items()}
    paths = [path for *_, path in shelf.items]
    collection = stac_collection.stac_collection(shelf.job, shelf.collection, paths, titles, version)
    collection = collection_with_added(_published(collection), _before(Path(shelf.collection)))
    among = stac_item.Surroundings(collection["id"], shelf.collection, version, titles, items)
    for run, result, path in shelf.items:
        item = stac_item.stac_item(run, result, path, shelf.data(result), among)
        yield OwnFile(Path(path), _json(_published(item)), _mark(stac_item.OWN))
    yield from _copies(Path(shelf.home), copies)
    # Last: who finds the collection finds its items.
    yield OwnFile(Path(shelf.collection), _json(collection), _mark(stac_collection.OWN))


def _copies(root: Path, copies: Mapping[str, tuple[str, str]]) -> Iterator[OwnFile]:
    owners = ((root / _COLLECTION, _mark(stac_collection.OWN)), (root / ro_crate.METADATA, _mark(ro_crate.OWN)))
    for name, (_, text) in copies.items():
        yield OwnFile(root / FOLDER / name, text, owners=owners)


def _before(path: Path) -> Any:
    """Return the document that lies at a path, None where there is none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        return json.loads(_text_of(path))
    return None


def _text_of(path: Path) -> str:
    """Return the text of a file; raises OSError also for what is none, such as a pipe, which would be waited for."""
    if not is_file(path):
        raise FileNotFoundError(path)
    with path.open(encoding="utf-8", newline="") as file:
        return file.read()


def _mark(own: str) -> str:
    return json.dumps(own)


def _crated(copies: Mapping[str, tuple[str, str]]) -> Iterator[ro_crate.CratedFile]:
    for name, (title, text) in copies.items():
        content = text.encode()
        digest = hashlib.sha256(content).hexdigest()
        yield ro_crate.CratedFile(f"{FOLDER}/{name}", title, len(content), digest)


def _index(root: Path) -> dict[str, tuple[str, str]]:
    """Return title and text of a copy of the table of results, whose rows are without secrets."""
    with suppress(OSError, ValueError, csv.Error):
        head, *rows = csv.reader(io.StringIO(_text_of(root / _INDEX)))
        table = io.StringIO(newline="")
        named = [name.rpartition(".")[2] if name.startswith("each.") else "" for name in head]
        lines = ([_cell(name, cell) for name, cell in zip(named, row, strict=True)] for row in rows)
        csv.writer(table, lineterminator="\n").writerows([head, *lines])
        return {_INDEX: ("A table of the jobs and their files, secrets hidden", SCRUBBER.hide(table.getvalue()))}
    return {}


def _cell(name: str, text: str) -> str:
    return str(published_field(name, text)) if name else published_text(text)


def _published(document: Any) -> Any:
    """Return a document without what may not be published."""
    text = _dumped(document)
    # Each value by itself takes longer, and few hold anything.
    return document if published_text(text) == text else published_values(document)


def _json(document: Mapping[str, Any]) -> str:
    """Return a document as text, without the secrets that are known, and without what looks like a token."""
    text = _dumped(document)
    # Each value by itself takes ten times as long, and hardly any document holds one.
    plain = text.replace('\\"', '"').replace("\\\\", "\\")
    if SCRUBBER.hide(text) == text and SCRUBBER.hide(plain) == plain:
        return text
    return _dumped(_hidden(document))


def _dumped(document: Any) -> str:
    try:
        return to_json(document, indent=1).decode() + "\n"
    except ValueError:
        # Half a letter, as in the name of a file, is written as an escape.
        return json.dumps(document, indent=1) + "\n"


def _hidden(value: Any) -> Any:
    if isinstance(value, str):
        return SCRUBBER.hide(value)
    if isinstance(value, Mapping):
        return {name: _hidden(each) for name, each in value.items()}
    return [_hidden(each) for each in value] if isinstance(value, list | tuple) else value


def _require_apart(places: Iterable[Path]) -> None:
    """Raise UsageError where two jobs would have one catalogue."""
    twice = [place for place, times in Counter(places).items() if times > 1]
    if twice:
        message = f"the results of several jobs lie in one folder: {twice[0].parent}"
        raise UsageError(error("usage", message, "name one of these jobs"))
