"""Judges: each takes a text from outside and returns what the program says of it, as `validate` would.

A judge raises nothing for what is wrong with a text. Whatever it raises is a fault of the program.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, error
from eocanvas_apply.engine.definition import Definition, given_rows, offline_findings, parse_project
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import LoadedManifest, load
from eocanvas_apply.manifest_sources import ManifestFiles

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
MANIFEST = "eocanvas.yaml"

_KEYS = """
version: 1
project: fuzz
keys:
  scenes: {type: s3, bucket: b, region: r, endpoint: "https://s3.example.org",
           access_key: {env: ACCESS}, secret_key: {env: SECRET}}
"""
_OF_FILE = {
    "graph": "jobs: {j: {graph: FILE, inputs: {img1: {key: scenes, path: /a.tif}}, params: {aoi: x}}}",
    "chain": "jobs: {j: {chain: {file: FILE, format: geotiff}, inputs: {img1: {key: scenes, path: /a.tif}}}}",
    **dict.fromkeys(
        ("csv", "json", "geojson"),
        "jobs: {j: {for_each: {KIND: FILE}, graph: graph.xml, inputs: {img1: {key: scenes, path: '/${each.id}'}}, "
        "params: {aoi: '${each.wkt}', day: 'd ${each.id}'}}}",
    ),
}
_GRAPH = b"""<graph id="g"><version>1.0</version>
<node id="r"><operator>Read</operator><sources/><parameters><file>$img1</file></parameters></node>
<node id="w"><operator>Write</operator><sources><sourceProduct refid="r"/></sources>
<parameters><file>$output</file><formatName>GeoTIFF</formatName></parameters></node></graph>"""


@dataclass(frozen=True)
class Judged:
    """What the program says: its diagnostics, and the texts by the file names that they show."""

    diagnostics: Sequence[Diagnostic]
    files: Mapping[str, bytes] = field(default_factory=dict)


def manifest(content: bytes, folder: Path) -> Judged:
    """Judge a manifest beside the files of a folder."""
    files = {MANIFEST: content}

    def read(written: str) -> bytes:
        # Only plain names: a mutated path must not lead out of the folder.
        found = _file(folder, written) if "/../" not in f"/{written}/" else None
        if found is None:
            raise ManifestError(error("file-missing", f"there is no file {written!r}"))
        files[Path(written).as_posix()] = found
        return found

    return Judged(_findings(lambda: parse_project(content, Path(MANIFEST), read)), files)


def graph(content: bytes, folder: Path) -> Judged:
    """Judge a graph, in a manifest that names it."""
    return _document(content, "graph", "graph.xml")


def chain(content: bytes, folder: Path) -> Judged:
    """Judge a chain, in a manifest that names it."""
    return _document(content, "chain", "chain.yaml")


def rows(kind: str, content: bytes, folder: Path) -> Judged:
    """Judge a file of rows, in a campaign that reads it."""
    name = f"rows.{kind}"
    loaded = _loaded(kind, name)
    contents = {name: content, "graph.xml": _GRAPH}

    def opened() -> Definition:
        assert loaded.manifest is not None
        documents = load_graphs_and_chains(loaded, contents.__getitem__)
        file = ManifestFiles.of_file(Path(MANIFEST))
        return Definition(file, loaded.manifest, loaded, documents, contents.__getitem__)

    return Judged(_findings(opened), {MANIFEST: loaded.text.first.text.encode(), **contents})


def _document(content: bytes, kind: str, name: str) -> Judged:
    loaded = _loaded(kind, name)
    found = check(loaded, load_graphs_and_chains(loaded, lambda _: content))
    return Judged(found, {MANIFEST: loaded.text.first.text.encode(), name: content})


@cache
def _loaded(kind: str, name: str) -> LoadedManifest:
    return load(_KEYS + _OF_FILE[kind].replace("FILE", json.dumps(name)).replace("KIND", kind), MANIFEST)


def _findings(opened: Callable[[], Definition]) -> Sequence[Diagnostic]:
    try:
        return offline_findings(given_rows(opened(), NOW))
    except ManifestError as fault:
        return fault.diagnostics


@cache
def _file(folder: Path, written: str) -> bytes | None:
    try:
        return (folder / written.lstrip("/")).read_bytes()
    except (OSError, ValueError):
        return None
