"""A STAC collection for the results of a job or campaign: its extent, its items, and what made them."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from eocanvas_apply.render.layout import counted
from eocanvas_apply.render.provenance.job_facts import (
    FACILITY,
    FOLDER,
    Json,
    counted_results,
    known,
    media_type,
    reference,
    relative,
    time,
)
from eocanvas_apply.render.provenance.stac_item import STAC_VERSION
from eocanvas_apply.report.provenance.described_job import DescribedJob
from eocanvas_apply.report.provenance.manifest_version import ManifestVersion
from eocanvas_apply.report.provenance.place_and_time import Box

# By it we know a collection as our own.
OWN = "eocanvas:project"
_GEOJSON = "application/geo+json"
_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)


def collection_id(job: DescribedJob) -> str:
    """Return the id of a job's collection."""
    return f"{job.project}-{job.name}" if job.project else job.name


def stac_collection(
    job: DescribedJob, path: str, items: Sequence[str], copies: Mapping[str, str], version: ManifestVersion
) -> Json:
    """Return the collection that is written to `path`; `items` are the paths of its items from the same folder.

    `copies` are the names of what lies beside it (graphs, chains, manifests), each with a title.
    """
    folder = posixpath.dirname(path)
    links: list[Json] = [{"rel": "root", "href": f"./{posixpath.basename(path)}", "type": "application/json"}]
    links += [{"rel": "item", "href": f"./{relative(item, folder)}", "type": _GEOJSON} for item in items]
    return {
        "type": "Collection",
        "stac_version": STAC_VERSION,
        "stac_extensions": [],
        "id": collection_id(job),
        "title": f"Results of {job.address} of the project {job.project}",
        "description": _description(job),
        "license": "other",
        "providers": [{"name": FACILITY, "roles": ["processor"]}],
        "extent": _extent(job),
        OWN: job.project,
        **known({"eocanvas:manifest": manifest_files(version)}),
        "links": links,
        "assets": {name: _copy(name, title) for name, title in copies.items()},
    }


def manifest_files(version: ManifestVersion) -> Json:
    """Return the files of the manifest that lies here, their digests, and the commit they are of."""
    found = {
        "files": dict(version.files),
        "commit": version.commit,
        "modified": list(version.modified),
        "repository": version.repository,
    }
    return known(found)


def _description(job: DescribedJob) -> str:
    words = f"{counted_results(job)}, defined as `{job.address}` by eocanvas-apply."
    left = sum(job.left.values())
    return f"{words} Not described: {counted(left, 'result')}, not here as downloaded." if left else words


def _copy(name: str, title: str) -> Json:
    found = {"href": f"./{FOLDER}/{reference(name)}", "title": title, "type": media_type(name), "roles": ["metadata"]}
    return known(found)


def _extent(job: DescribedJob) -> Json:
    boxes = list(dict.fromkeys(run.where.box for run in job.runs if run.where.box))
    times = [run.where.times for run in job.runs if run.where.times]
    begin = min((each.begin for each in times), default=None)
    end = max((each.end for each in times), default=None)
    return {
        "spatial": {"bbox": [list(_around(boxes) if boxes else _WORLD)]},
        "temporal": {"interval": [_interval(begin, end)]},
    }


def _interval(begin: datetime | None, end: datetime | None) -> list[str | None]:
    return [time(begin), time(end)]


def _around(boxes: Iterable[Box]) -> Box:
    """Return the box around boxes; one that crosses the antimeridian makes it go all around."""
    whole = [(w, s, e, n) if w <= e else (-180.0, s, 180.0, n) for w, s, e, n in boxes]
    west, south, east, north = zip(*whole, strict=True)
    return min(west), min(south), max(east), max(north)
