"""`why`: what differs line by line, and an address that does not exist."""

from __future__ import annotations

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project, searches

MANIFEST = """\
version: 1
project: coast
jobs:
  tiles:
    for_each: {list: [T32, T33]}
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {url: "https://x.example/${each.value}.zip", uncompress: true, sub_path: xfdumanifest.xml}}
  found:
    for_each:
      hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", sat: Sentinel-3A, bbox: [15, 53, 22, 58],
            dtstart: "2024-07-01T04:00:00Z", dtend: "2024-07-03T04:00:00Z"}
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {product: "${each.id}", uncompress: true, sub_path: xfdumanifest.xml}}
"""


def test_a_changed_graph_is_shown_by_its_lines_and_not_by_its_digests(project: Project) -> None:
    assert project.run("apply", "--yes") == 0
    graph = project.folder / "subset.xml"
    graph.write_text(graph.read_text(encoding="utf-8").replace("<copyMetadata>true", "<copyMetadata>false"), "utf-8")
    assert project.run("why", "subset") == 0
    lines = project.out.splitlines()
    start = lines.index("  graph subset.xml:")
    assert [line.strip() for line in lines[start + 2 : start + 6]] == [
        "<geoRegion>$aoi</geoRegion>",
        "-      <copyMetadata>true</copyMetadata>",
        "+      <copyMetadata>false</copyMetadata>",
        "</parameters>",
    ]
    assert "sha256:" not in project.out
    (found,) = project.json("why", "subset")["why"]
    assert sum(line.startswith(("+", "-")) for line in found["document_diff"]) == 2
    for kept in (project.folder / ".eocanvas").rglob("*"):
        if kept.is_file() and "copyMetadata" in kept.read_text(encoding="utf-8", errors="replace"):
            kept.unlink()
    assert project.run("why", "subset") == 0
    assert "  graph subset.xml: changed; the earlier text is not kept on this machine\n" in project.out


@pytest.mark.parametrize(
    ("address", "hint"),
    [
        ("nope", "`status` lists every address"),
        ("tilse", "did you mean tiles?"),
        ("T32", "did you mean tiles/T32?"),
        ("key.scenes", "`status` lists every address"),
    ],
)
def test_an_address_that_does_not_exist_needs_no_network(
    address: str, hint: str, campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EOCANVAS_URL", "http://127.0.0.1:9")
    assert campaign.run("why", address) == 1
    assert campaign.err.startswith(f"error: nothing here is called {address!r} [unknown-address]\n  hint: {hint}\n")
    assert searches(emulator) == 0
