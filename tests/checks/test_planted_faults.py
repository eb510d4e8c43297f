"""Each fault that a graph can have, planted into a good one, is found with its code at its line."""

from __future__ import annotations

import pytest

from eocanvas_apply.checks.checking import check
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import load

GOOD = """<graph id="Graph">
  <version>1.0</version>
  <node id="Read">
    <operator>Read</operator>
    <sources/>
    <parameters><file>$img1</file></parameters>
  </node>
  <node id="Subset">
    <operator>Subset</operator>
    <sources><sourceProduct refid="Read"/></sources>
    <parameters>
      <geoRegion>$aoi</geoRegion>
      <copyMetadata>true</copyMetadata>
    </parameters>
  </node>
  <node id="Write">
    <operator>Write</operator>
    <sources><sourceProduct refid="Subset"/></sources>
    <parameters>
      <file>$output</file>
      <formatName>NetCDF4-CF</formatName>
    </parameters>
  </node>
</graph>
"""
ORBIT = GOOD.replace(">Subset<", ">Apply-Orbit-File<").replace(
    "<copyMetadata>true</copyMetadata>", "<orbitType>Sentinel Precise</orbitType>"
)
MANIFEST = """version: 1
project: p
jobs:
  j:
    graph: g.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {key: eodata, path: /a.nc}}
"""
PLANTED = [
    ("graph-syntax", 24, "</graph>", "</grap>"),
    ("graph-syntax", 20, "<file>$output</file>", "<file>$output<file>"),
    ("graph-syntax", 11, '    </parameters>\n  </node>\n  <node id="Write', '  </node>\n  <node id="Write'),
    ("graph-syntax", 1, "</graph>", ""),
    (
        "graph-syntax",
        14,
        '    </parameters>\n  </node>\n  <node id="Write',
        '    </parameter>\n  </node>\n  <node id="Write',
    ),
    ("graph-root", 1, GOOD, GOOD.replace("graph", "chain")),
    ("graph-version", 2, "<version>1.0<", "<version>2.0<"),
    ("node-without-id", 8, '<node id="Subset">', "<node>"),
    ("node-id-twice", 8, '<node id="Subset">', '<node id="read">'),
    ("node-without-operator", 8, "    <operator>Subset</operator>\n", "\n"),
    ("unknown-source", 18, 'refid="Subset"', 'refid="Subsett"'),
    ("source-twice", 18, '<sourceProduct refid="Subset"/>', '<a refid="Subset"/><b refid="Subset"/>'),
    ("graph-cycle", 8, 'refid="Read"', 'refid="Subset"'),
    ("graph-without-output", 16, '<node id="Write">', '<node id="Out">'),
    ("placeholder-open", 12, "$aoi", "$region"),
    ("placeholder-not-filled", 20, "<file>$output<", "<file>$output.nc<"),
    ("placeholder-not-filled", 20, "<file>$output<", "<file>${img1}${output}<"),
    ("unknown-format", 21, "NetCDF4-CF", "NetCDF9"),
    ("bad-wkt", 12, "$aoi", "POLYGON((20 58, 21 58"),
    ("desktop-path", 6, "$img1", "$img1 C:\\data\\a.nc"),
    ("parameter-value", 13, GOOD, ORBIT.replace("Sentinel Precise", "Sentinel Precize")),
    ("unknown-operator", 9, "<operator>Subset<", "<operator>Subsett<"),
    ("unknown-parameter", 13, "copyMetadata>", "copyMetadatta>"),
    ("format-of-many-files", 21, "NetCDF4-CF", "BEAM-DIMAP"),
    ("node-without-use", 8, 'refid="Subset"', 'refid="Read"'),
]


def found_in(graph: str) -> list[Diagnostic]:
    loaded = load(MANIFEST, "m.yaml")
    return check(loaded, load_graphs_and_chains(loaded, lambda _: graph.encode()))


def test_the_good_graph_has_no_fault() -> None:
    assert found_in(GOOD) == []


@pytest.mark.parametrize(("code", "line", "good", "bad"), PLANTED, ids=lambda value: str(value)[:20])
def test_a_planted_fault_is_found_at_its_line(code: str, line: int, good: str, bad: str) -> None:
    # A node called Write needs no file: its output is filled in by the service.
    base = GOOD.replace('<node id="Write">', '<node id="Store">') if code == "placeholder-not-filled" else GOOD
    if code == "graph-without-output":
        base = base.replace("<file>$output<", "<file>out<")
    planted = bad if good == GOOD else base.replace(good, bad)
    assert planted != base
    found = [(each.code, each.position and (each.position.file, each.position.line)) for each in found_in(planted)]
    assert (code, ("g.xml", line)) in found


@pytest.mark.parametrize(
    "parameter", ["file", "fileList", "vectorFile", "targetFolder", "outputDir", "geoRegion", "wktAoi"]
)
def test_a_name_that_nothing_fills_in_is_an_error_where_a_file_or_region_is_read(parameter: str) -> None:
    planted = GOOD.replace("<copyMetadata>true</copyMetadata>", f"<{parameter}>${{other}}</{parameter}>")
    found = {(each.code, each.severity, each.position and each.position.line) for each in found_in(planted)}
    assert ("placeholder-open", Severity.ERROR, 13) in found


@pytest.mark.parametrize(
    ("operator", "written", "severity"),
    [
        ("Read", "Future-Mission L2", Severity.WARNING),
        ("Read", "SENTINEL-11", Severity.ERROR),
        ("Write", "Future-Format", Severity.ERROR),
        ("Write", "GeoTIF", Severity.ERROR),
    ],
)
def test_only_a_format_to_read_that_resembles_no_other_may_be_newer_than_the_catalogue(
    operator: str, written: str, severity: Severity
) -> None:
    good = {"Read": "<file>$img1</file>", "Write": "<formatName>NetCDF4-CF</formatName>"}[operator]
    planted = GOOD.replace(good, good.partition("<formatName>")[0] + f"<formatName>{written}</formatName>")
    assert [(each.code, each.severity) for each in found_in(planted)] == [("unknown-format", severity)]
