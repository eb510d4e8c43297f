"""A STAC item for one result: the file, where and when it is of, and what made it (file and processing extensions)."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from eocanvas_apply.render.provenance.job_facts import (
    FACILITY,
    FOLDER,
    Json,
    address_of,
    document_copy,
    input_json,
    known,
    lineage,
    manifest_json,
    media_type,
    plain_name,
    reference,
    relative,
    row_json,
    software,
    time,
)
from eocanvas_apply.report.provenance.described_job import DescribedRun, ResultFacts
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.report.provenance.place_and_time import PlaceAndTime
from eocanvas_apply.report.row_places import box_geometry

STAC_VERSION = "1.1.0"
FILE = "https://stac-extensions.github.io/file/v2.1.0/schema.json"
PROCESSING = "https://stac-extensions.github.io/processing/v1.2.0/schema.json"
# By it we know an item as our own.
OWN = "eocanvas:job_id"
# A multihash begins with the code of SHA-256 and the number of bytes.
_SHA256 = "1220"
ENDING = ".stac.json"
_JSON, _GEOJSON = "application/json", "application/geo+json"


class Surroundings(Struct, frozen=True):
    """What items are among. All paths are from one folder, or absolute.

    `collection` is the path of their collection, `id` its id, `copies` the names of graphs and chains beside it,
    `items` the paths of the items of all jobs by job id, also of other collections.
    """

    id: str
    collection: str
    version: ManifestVersion
    copies: Collection[str]
    items: Mapping[str, Sequence[str]]


def stac_item(run: DescribedRun, result: ResultFacts, path: str, data: str, among: Surroundings) -> Json:
    """Return the item that is written to `path`; `data` is the path of the result, or its address."""
    folder, name = posixpath.dirname(path), posixpath.basename(path).removesuffix(ENDING)
    place = known({"geometry": _geometry(run.where), "bbox": run.where.box and list(run.where.box)})
    return {
        "type": "Feature",
        "stac_version": STAC_VERSION,
        "stac_extensions": [FILE, PROCESSING],
        "id": "-".join(map(plain_name, filter(None, [run.origin.instance, name]))),
        "collection": among.id,
        **({"geometry": None} | place),
        "properties": _properties(run, among.version),
        "links": _links(run, folder, among),
        "assets": {"data": _asset(run, result, reference(data) if "://" in data else relative(data, folder))},
    }


def _geometry(where: PlaceAndTime) -> Json | None:
    """Return the geometry as STAC takes it: for several of different kinds, which it does not, the box around them."""
    if where.geometry and where.geometry["type"] == "GeometryCollection":
        return box_geometry(where.box)
    return where.geometry


def times_json(where: PlaceAndTime) -> Json:
    """Return the time of an item; a stretch has its begin as the time to search by."""
    if where.times is None:
        return {"datetime": None}
    begin, end = time(where.times.begin), time(where.times.end)
    return {"datetime": begin} if begin == end else {"datetime": begin, "start_datetime": begin, "end_datetime": end}


def _properties(run: DescribedRun, version: ManifestVersion) -> Json:
    origin = run.origin
    ours = {
        "address": origin.address,
        "job_id": origin.job_id,
        "process": origin.process,
        "process_version": origin.process_version,
        f"{origin.document_kind}_digest": origin.document,
        "params": origin.params,
        "options": origin.options,
        "inputs": [input_json(given, run.before) for given in origin.inputs],
        "fingerprint": origin.fingerprint,
        "datetime_of": run.where.time_of,
        "row": row_json(run.fields),
        "remarks": list(origin.remarks),
        "manifest": manifest_json(version, as_in_manifest=run.as_in_manifest),
    }
    processing = {"lineage": lineage(run), "facility": FACILITY, "software": software(origin)}
    return {
        **times_json(run.where),
        **known({"created": time(origin.finished)}),
        **{f"processing:{name}": value for name, value in known(processing).items()},
        **{f"eocanvas:{name}": value for name, value in known(ours).items()},
    }


def _links(run: DescribedRun, folder: str, among: Surroundings) -> list[Json]:
    home = relative(among.collection, folder)
    links: list[Json] = [{"rel": rel, "href": home, "type": _JSON} for rel in ("root", "parent", "collection")]
    for given in run.origin.inputs:
        if given.kind == "value":
            continue
        before = [relative(path, folder) for path in among.items.get(run.before.get(given.name, ""), ())]
        title = f"{given.dataset}: {given.title}" if given.dataset else given.title
        links += [{"rel": "derived_from", "href": href, "type": _GEOJSON, "title": title} for href in before]
        if not before:
            links.append({"rel": "derived_from", "href": address_of(given, run.before), "title": title})
    if (name := document_copy(run)) and name in among.copies:
        path = posixpath.join(posixpath.dirname(among.collection), FOLDER, name)
        links.append(
            known({"rel": "processing-expression", "href": relative(path, folder), "type": media_type(name)})
            | {"title": f"the {run.origin.document_kind} {run.origin.document}"}
        )
    return links


def _asset(run: DescribedRun, result: ResultFacts, href: str) -> Json:
    found = {
        "href": href,
        "title": result.name,
        "type": media_type(result.name),
        "roles": ["data"],
        "created": time(run.origin.finished),
        "file:size": result.size,
        "file:checksum": f"{_SHA256}{result.sha256}" if result.sha256 else None,
    }
    # A file of no bytes has a size, too.
    return {name: value for name, value in found.items() if value is not None}
