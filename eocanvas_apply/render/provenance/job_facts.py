"""What made a result as plain values, which every form of provenance shows alike."""

from __future__ import annotations

import mimetypes
import posixpath
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.render.layout import counted, stamp
from eocanvas_apply.report.provenance.described_job import DescribedJob, DescribedRun
from eocanvas_apply.report.provenance.given_inputs import GivenInput
from eocanvas_apply.report.provenance.job_origin import JobOrigin
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.secrets.published_text import published_field

Json = dict[str, Any]
FACILITY = "WEkEO EOCanvas"
# Beside the results, for copies of what made them.
FOLDER = "provenance"
_TYPES = {
    ".nc": "application/netcdf",
    ".nc4": "application/netcdf",
    ".tif": "image/tiff; application=geotiff",
    ".tiff": "image/tiff; application=geotiff",
    ".h5": "application/x-hdf5",
    ".hdf5": "application/x-hdf5",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".xml": "application/xml",
}
# A row has these beside the geometry that an item shows.
_ON_A_MAP = {"geometry", "wkt", "bbox"}
# A file system takes 255 bytes, endings included.
_LONGEST_NAME = 200


def media_type(name: str) -> str | None:
    """Return the media type of a file by its name, None for one that has none."""
    ending = posixpath.splitext(name)[1].lower()
    return _TYPES.get(ending) or mimetypes.guess_type(name)[0]


def reference(path: str) -> str:
    """Return a path as a relative reference of a URL; an address as it is, a part of it encoded where it must be."""
    return quote(path, safe="/:@!$&'()*+,;=-._~%" if "://" in path else "/")


def plain_name(name: str) -> str:
    """Return a name for a file or an id that no reader of references has to decode: the name itself where it is one.

    Others get digits, by which they stay apart.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    if plain == name and len(name) <= _LONGEST_NAME:
        return name
    stem = plain[: _LONGEST_NAME // 2].strip("-.")
    return f"{stem}-{short_digest(name)}" if stem else short_digest(name)


def relative(path: str, folder: str) -> str:
    """Return a path of the project as a reference from a folder of it."""
    return reference(posixpath.relpath(path, folder))


def software(origin: JobOrigin) -> dict[str, str]:
    """Return versions by names: of the process, and of the programs that its log shows."""
    if origin.process and origin.process_version:
        return {f"EOCanvas {origin.process}": origin.process_version, **origin.software}
    return dict(origin.software)


def document_copy(run: DescribedRun) -> str | None:
    """Return the name of the copy of a graph or chain in the folder of what made results, None where it has none."""
    digest = run.origin.document
    if digest is None:
        return None
    ending = {"graph": ".xml", "chain": ".yaml"}.get(run.origin.document_kind, ".txt")
    return f"{run.origin.document_kind}-{digest.removeprefix('sha256:')[:12]}{ending}"


def address_of(given: GivenInput, before: Mapping[str, str]) -> str:
    """Return an address of an input: where it is, or a name for it; `before` are ids of the jobs before by input."""
    if job_id := before.get(given.name):
        return f"urn:eocanvas-apply:job:{quote(job_id, '')}"
    return reference(given.href) if given.href else given.urn


def input_json(given: GivenInput, before: Mapping[str, str]) -> Json:
    """Return an input as JSON, without what is not known."""
    found = {
        "name": given.name,
        "kind": given.kind,
        "title": given.title,
        "href": given.href,
        "dataset": given.dataset,
        "job_id": before.get(given.name),
        "match": given.match,
    }
    return known(found)


def row_json(fields: Mapping[str, Any]) -> Json:
    """Return the fields of a row as JSON, without its geometry and secrets."""
    return {
        name: published_field(name, each) for name, each in fields.items() if name.rpartition(".")[2] not in _ON_A_MAP
    }


def manifest_json(version: ManifestVersion, *, as_in_manifest: bool | None) -> Json:
    """Return which commit defines a job; nothing where none is known, or the manifest of now defines another job."""
    if not as_in_manifest or version.commit is None:
        return {}
    found = {"commit": version.commit, "modified": bool(version.modified), "repository": version.repository}
    return known(found)


def counted_results(job: DescribedJob) -> str:
    """Return how many results of how many jobs of the service there are."""
    results = sum(len(run.results) for run in job.runs)
    return f"{counted(results, 'result')} of {counted(len(job.runs), 'job')} of {FACILITY}"


def lineage(run: DescribedRun) -> str:
    """Return in one sentence what made the results of a run."""
    origin = run.origin
    process = f"{origin.process or 'a process'}{f' {origin.process_version}' if origin.process_version else ''}"
    document = f" with the {origin.document_kind} {origin.document}" if origin.document else ""
    inputs = ", ".join(given.title for given in origin.inputs if given.kind != "value")
    of = f" from {inputs}" if inputs else ""
    return f"Job {origin.job_id} of {FACILITY} ran {process}{document}{of}."


def known(fields: Mapping[str, Any]) -> Json:
    """Return the fields that are known: not None, and not empty."""
    return {name: value for name, value in fields.items() if value not in (None, "", (), [], {})}


def time(moment: datetime | None) -> str | None:
    """Return a time as catalogues write it."""
    return stamp(moment)


def short_digest(value: Any) -> str:
    """Return twelve digits that stand for a value, the same for the same."""
    return fingerprint({"of": value}).removeprefix("sha256:")[:12]
