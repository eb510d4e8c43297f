"""Which changes make another job, and how a difference is shown."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.ledger.event_values import fingerprint
from eocanvas_apply.planning.desired.desired_job import DesiredJob
from eocanvas_apply.planning.desired.fingerprint import Change, changes, same
from tests.planning.scene import CHAIN, GRAPH, HEAD, SCENES, Scene

SECOND = b"""<node id="Two"><operator>Read</operator><sources/><parameters><file>$img2</file></parameters></node>
</graph>"""
AOI = GRAPH.replace(b"<file>$output</file>", b"<file>$output</file><region>$aoi</region>").replace(b"</graph>", SECOND)
MANIFEST = (
    HEAD
    + SCENES
    + """  drive: {type: wekeo-drive, username: jane, password: {env: DRIVE}}
jobs:
  subset:
    graph: graph.xml
    params: {aoi: here}
    inputs:
      img1: {key: scenes, path: /a.zip, uncompress: true, sub_path: xfdumanifest.xml}
      img2: {url: "https://example.org/one?order=1", id: S3A-1}
    output: {key: drive}
"""
)
TAILOR = HEAD + "jobs:\n  subset:\n    chain: CHAIN\n    inputs: {img1: {url: 'https://example.org/one'}}\n"


def subset(manifest: str = MANIFEST, graph: bytes = AOI, chain: bytes = CHAIN) -> DesiredJob:
    return Scene(manifest, files={"graph.xml": graph, "chain.yaml": chain}).desired.jobs["job.subset"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("project: baltic", "project: baltic # a comment"),
        ("img1: {key: scenes, path: /a.zip", "img1: {path: /a.zip, key: scenes"),
        ("    params: {aoi: here}\n", "    params: {aoi: here}\n    max_duration: 5h\n    mark: false\n"),
        ("project: baltic", "project: other"),
        ("bucket: olci", "bucket: slstr"),
        ("?order=1", "?order=2"),
    ],
)
def test_settings_that_are_not_part_of_the_fingerprint(old: str, new: str) -> None:
    assert old in MANIFEST
    assert subset(MANIFEST.replace(old, new)).fingerprint == subset().fingerprint


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<version>", b"<!-- said -->\n\n   <version>"),
        (b"</graph>", b"<applicationData id='Presentation'><x>1</x></applicationData></graph>"),
        (b'<graph id="Graph">', b"<?xml version='1.0'?>\n<graph id='Graph'>"),
        (b"</node>\n", b"</node>\n\n\n"),
    ],
)
def test_irrelevant_changes_of_a_graph(old: bytes, new: bytes) -> None:
    assert old in AOI
    assert subset(graph=AOI.replace(old, new, 1)).fingerprint == subset().fingerprint


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("aoi: here", "aoi: there", "params.aoi"),
        ("path: /a.zip", "path: /b.zip", "inputs.img1.path"),
        ("img1: {key: scenes", "img1: {key: eodata", "inputs.img1.key"),
        ("id: S3A-1", "id: S3A-2", "inputs.img2.id"),
        ("uncompress: true", "uncompress: false", "options.img1.uncompress"),
        ("sub_path: xfdumanifest.xml", "sub_path: other.xml", "options.img1.sub_path"),
        ("output: {key: drive}", "output: {download: here}", "output"),
    ],
)
def test_changes_that_make_another_job(old: str, new: str, path: str) -> None:
    assert old in MANIFEST
    other = subset(MANIFEST.replace(old, new))
    assert other.fingerprint != subset().fingerprint
    assert [change.path for change in changes(subset().components, other.components)] == [path]


def test_another_graph_makes_another_job() -> None:
    other = subset(graph=AOI.replace(b"$aoi", b"$aoi "))
    assert other.fingerprint != subset().fingerprint
    assert [change.path for change in changes(subset().components, other.components)] == ["document"]


def test_another_process_makes_another_job() -> None:
    one, other = (
        subset(HEAD + f"jobs:\n  subset: {{process: {process}, inputs: {{area: Sindian}}}}\n") for process in "ab"
    )
    assert one.fingerprint != other.fingerprint
    assert [change.path for change in changes(one.components, other.components)] == ["process"]


@pytest.mark.parametrize(
    "chain", [b"# more\nformat:   netcdf4\nproduct: 'OLL2WFR'\n", b"format: netcdf4\nname:\nproduct: OLL2WFR\n"]
)
def test_irrelevant_changes_of_a_chain(chain: bytes) -> None:
    manifest = TAILOR.replace("CHAIN", "chain.yaml")
    assert subset(manifest, chain=chain).fingerprint == subset(manifest).fingerprint


def test_a_chain_in_the_manifest_is_the_chain_of_the_file() -> None:
    inline = TAILOR.replace("CHAIN", "{format: netcdf4, product: OLL2WFR}")
    assert subset(inline).fingerprint == subset(TAILOR.replace("CHAIN", "chain.yaml")).fingerprint


@pytest.mark.parametrize(("value", "text"), [("true", "true"), ("5", "5"), ("05.10", "05.10"), ("'x'", "x")])
def test_params_are_written_as_a_graph_writes_them(value: str, text: str) -> None:
    assert subset(MANIFEST.replace("aoi: here", f"aoi: {value}")).params == {"aoi": text}


def test_a_number_is_the_same_one_however_it_is_written() -> None:
    one, other = (subset(MANIFEST.replace("aoi: here", f"aoi: {value}")) for value in ("5.1", "05.10"))
    assert one.fingerprint == other.fingerprint
    assert subset(MANIFEST.replace("aoi: here", "aoi: '05.10'")).fingerprint != one.fingerprint
    raw = "jobs:\n  subset: {process: x, inputs: {n: [VALUE]}}\n"
    one, other = (subset(HEAD + raw.replace("VALUE", value)) for value in ("7", "007"))
    assert one.fingerprint == other.fingerprint


RAW: dict[str, Any] = {"algorithm": 1, "process": "p", "inputs": {"flag": True, "bands": ["a", "b"]}}


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"flag": 1, "bands": ["a", "b"]}, "inputs.flag"),
        ({"flag": True, "bands": ["b", "a"]}, "inputs.bands.0"),
        ({"flag": True, "bands": ["a", "b"], "__hidden": 1}, "inputs.__hidden"),
        ({"flag": True}, "inputs.bands"),
    ],
)
def test_raw_inputs_differ_as_json_does(inputs: dict[str, Any], path: str) -> None:
    other = {**RAW, "inputs": inputs}
    assert not same(RAW, other)
    assert fingerprint(RAW) != fingerprint(other)
    assert next(iter(changes(RAW, other))).path == path


def test_a_newer_algorithm_alone_changes_nothing() -> None:
    newer = {**RAW, "algorithm": 2, "points": []}
    assert same(RAW, newer)
    assert changes(RAW, newer) == ()
    assert changes(RAW, {**newer, "process": "q"}) == (Change("process", "p", "q"),)
