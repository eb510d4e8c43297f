from __future__ import annotations

import hashlib

from eocanvas_apply.campaign.row_checks import instances
from eocanvas_apply.campaign.rows import Row
from eocanvas_apply.diagnostics import error
from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains, with_instances
from eocanvas_apply.manifest.loading import load

FILES = {
    "graphs/a.xml": b"<graph><version>1.0</version></graph>",
    "graphs/broken.xml": b"<graph>\n<",
    "chain.yaml": b"product: P\nformat: f\nday: 2024-07-01\n",
    "list.yaml": b"- a\n",
}
TEXT = """version: 1
project: p
jobs:
  one: {graph: graphs/a.xml}
  same: {graph: graphs/a.xml}
  broken: {graph: graphs/broken.xml}
  broken-too: {graph: graphs/broken.xml}
  missing:
    graph: nowhere.xml
  by-path: {chain: chain.yaml}
  on-top: {chain: {file: chain.yaml, format: g}}
  inline: {chain: {product: Q}}
  wrong: {chain: {file: list.yaml}}
  raw: {process: x}
"""


def read(written: str) -> bytes:
    if written not in FILES:
        raise ManifestError(error("file-missing", f"there is no file {written}"))
    return FILES[written]


def test_every_job_gets_its_document() -> None:
    documents = load_graphs_and_chains(load(TEXT, "sub/eocanvas.yaml"), read)
    kinds = {name: type(document) for name, document in documents.by_job.items()}
    assert kinds == {"one": Graph, "same": Graph, "by-path": Chain, "on-top": Chain, "inline": Chain}
    assert documents.by_job["one"] is documents.by_job["same"]


def test_fields_beside_a_file_replace_its_own() -> None:
    documents = load_graphs_and_chains(load(TEXT, "f"), read)
    chains = {name: each.fields for name, each in documents.by_job.items() if isinstance(each, Chain)}
    assert chains == {
        "by-path": {"product": "P", "format": "f", "day": "2024-07-01"},
        "on-top": {"product": "P", "format": "g", "day": "2024-07-01"},
        "inline": {"product": "Q"},
    }


def test_each_fault_is_reported_once_at_its_position() -> None:
    found = load_graphs_and_chains(load(TEXT, "sub/eocanvas.yaml"), read).diagnostics
    assert [(each.code, each.position and (each.position.file, each.position.line)) for each in found] == [
        ("graph-syntax", ("sub/graphs/broken.xml", 2)),
        ("file-missing", ("sub/eocanvas.yaml", 9)),
        ("yaml-1-1", ("sub/chain.yaml", 3)),
        ("not-a-mapping", ("sub/list.yaml", 1)),
    ]


def test_the_files_read_are_known_by_their_digests() -> None:
    files = load_graphs_and_chains(load(TEXT, "f"), read).files
    assert files == {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}


def test_a_manifest_that_cannot_be_read_has_no_documents() -> None:
    assert load_graphs_and_chains(load("- a", "f"), read).by_job == {}


CAMPAIGNS = """version: 1
project: p
jobs:
  graphs: {graph: "graphs/${each.kind}.xml", for_each: {list: [a]}}
  chains: {chain: {file: chain.yaml, format: "${each.kind}"}, for_each: {list: [a]}}
  raw: {process: x, inputs: {a: "${each.kind}"}, for_each: {list: [a]}}
"""


def test_documents_of_instances() -> None:
    loaded = load(CAMPAIGNS, "m.yaml")
    first = load_graphs_and_chains(loaded, read)
    assert ([each.code for each in first.diagnostics], set(first.by_job)) == (["yaml-1-1"], {"chains"})
    rows = [Row(kind, {"kind": kind}) for kind in ("a", "b", "broken")]
    made = {name: instances(loaded, name, rows).by_row for name in ("graphs", "chains", "raw")}
    documents = with_instances(first, loaded, read, made)
    assert sorted(each.code for each in documents.diagnostics) == ["file-missing", "graph-syntax", "yaml-1-1"]
    assert set(documents.files) == {"chain.yaml", "graphs/a.xml", "graphs/broken.xml"}
    found = [documents.of(each.job) for each in made["graphs"]]
    assert isinstance(found[0], Graph)
    assert found[1:] == [None, None]
    chain = documents.of(made["chains"][1].job)
    assert isinstance(chain, Chain)
    assert chain.fields["format"] == "b"
    assert documents.of(made["raw"][0].job) is None
