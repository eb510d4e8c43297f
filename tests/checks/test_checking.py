from __future__ import annotations

import subprocess
import sys

import pytest

from eocanvas_apply.checks.checking import check
from eocanvas_apply.checks.codes import is_adjustable
from eocanvas_apply.checks.operators import catalogue
from eocanvas_apply.diagnostics import Diagnostic, Severity
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import load

HEAD = "version: 1\nproject: p\n"
NODE = """<node id="{id}"><operator>{operator}</operator><sources>{sources}</sources>
<parameters>{parameters}</parameters></node>"""


def graph_of(*nodes: str) -> bytes:
    return f"<graph id='Graph'><version>1.0</version>{''.join(nodes)}</graph>".encode()


def node(name: str, operator: str, parameters: str = "", source: str = "") -> str:
    sources = f'<sourceProduct refid="{source}"/>' if source else ""
    return NODE.format(id=name, operator=operator, parameters=parameters, sources=sources)


READ = node("Read", "Read", "<file>$img1</file>")
WRITE = node("Write", "Write", "<file>x</file><formatName>NetCDF4-CF</formatName>", "Read")
INPUT = "inputs: {img1: {key: eodata, path: /a.nc}}"


def found_in(text: str, **files: bytes) -> list[Diagnostic]:
    loaded = load(HEAD + text, "f")
    return check(loaded, load_graphs_and_chains(loaded, lambda written: files[written]))


def found_in_graph(*nodes: str, job: str = INPUT) -> list[Diagnostic]:
    return found_in(f"jobs: {{a: {{graph: g, {job}}}}}\n", g=graph_of(*nodes))


def codes(found: list[Diagnostic]) -> list[str]:
    return [each.code for each in found]


def errors(found: list[Diagnostic]) -> list[str]:
    return [each.message for each in found if each.severity is Severity.ERROR]


LEGAL = {
    "write under output": (READ, node("Save", "Write", "<file>${output}/a.nc</file>", "Read")),
    "forward reference": (node("Write", "Write", "<file>x</file>", "Read"), READ),
    "pixex": (
        READ,
        node(
            "Pick",
            "PixEx",
            "<coordinates><coordinate/></coordinates><outputDir>$output</outputDir>"
            "<filenameInterpretationPattern>*${startDate}*${endDate}*</filenameInterpretationPattern>",
            "Read",
        ),
    ),
    "pixex with a file": (
        READ,
        node("Pick", "PixEx", "<coordinates/><coordinatesFile>/x</coordinatesFile><outputDir>$output</outputDir>"),
    ),
    "band maths": (
        READ,
        node(
            "Maths",
            "BandMaths",
            "<targetBands><targetBand><expression>$mst.band_1 * $img1.x</expression></targetBand></targetBands>",
            "Read",
        ),
        node("Write", "Write", "<file>x</file>", "Maths"),
    ),
    "unknown operator": (READ, node("New", "Brand-New", "<anything>1</anything>", "Read"), WRITE),
    "sources of the header": (
        "<header><sources><sourceProduct description='x'>${sourceProduct}</sourceProduct></sources></header>",
        READ,
        node("Cut", "Subset", "", "sourceProduct"),
        node("Write", "Write", "<file>x</file>", "Cut"),
    ),
}


@pytest.mark.parametrize("name", sorted(LEGAL))
def test_legal_graphs_give_no_errors(name: str) -> None:
    assert errors(found_in_graph(*LEGAL[name])) == []


SAVED = "<file>%s</file><formatName>NetCDF4-CF</formatName>"
ACCEPTED = {
    "ids in any case": (READ, node("Write", "Write", SAVED % "x", "rEAD")),
    "a source as text": (
        "<node id='Read'><operator>Read</operator><parameters><file>$img1</file></parameters></node>",
        (
            f"<node id='Write'><operator>Write</operator><sources><source>\n Read </source></sources>"
            f"<parameters>{SAVED % 'x'}</parameters></node>"
        ),
    ),
    "a list of sources": (
        READ,
        node("Other", "Read", "<file>$img1</file>"),
        (
            "<node id='Merge'><operator>Merge</operator><sources><sourceProducts>read, Other</sourceProducts></sources>"
            "</node>"
        ),
        node("Write", "Write", SAVED % "x", "Merge"),
    ),
    "numbers": (
        READ,
        node("Warp", "Warp", "<rmsThreshold>1</rmsThreshold>", "Read"),
        node("Azimuth", "AzimuthFilter", "<alphaHamming>1.00</alphaHamming><fftLength>+64</fftLength>", "Warp"),
        node("Range", "RangeFilter", "<doWeightCorrel>True</doWeightCorrel>", "Azimuth"),
        node("Write", "Write", SAVED % "x", "Range"),
    ),
    "a format newer than the client's list": (
        READ,
        node("Write", "Write", "<file>x</file><formatName>ZNAP</formatName>", "Read"),
    ),
    "formats of SNAP 9 and 10": (
        node("Read", "Read", "<file>$img1</file><formatName>EnMAP L1B/L1C/L2A</formatName>"),
        node("Write", "Write", "<file>x</file><formatName>GDAL-COG-WRITER</formatName>", "Read"),
    ),
    "a format in another case": (
        READ,
        node("Write", "Write", "<file>x</file><formatName>netcdf4-cf</formatName>", "Read"),
    ),
    "operators in any case": (
        READ,
        node("Cut", "subset", "<geoRegion>POINT(20 58)</geoRegion>", "Read"),
        node("Write", "WRITE", SAVED % "x", "Cut"),
    ),
    "addresses that look like a drive": (
        READ,
        node("Maths", "BandMaths", "<targetBands>https://files.test/a file:///data/a</targetBands>", "Read"),
        node("Write", "Write", SAVED % "x", "Maths"),
    ),
    "a hyphen ends a name": (READ, node("Save", "Write", SAVED % "$output-chl.nc", "Read")),
    "the third name in braces": (READ, node("Save", "Write", SAVED % "${other}${output}.nc", "Read")),
    "a property of a node as a parameter": (
        READ,
        node("Mean", "StatisticsOp", "", "Read"),
        node("Maths", "BandMaths", "<targetBands refid='mean.value'/>", "Read"),
        node("Write", "Write", SAVED % "x", "Maths"),
    ),
    "application data": (
        READ,
        WRITE,
        "<applicationData id='Presentation'><node id='Read'><displayPosition x='1'/></node>$img1.nc</applicationData>",
    ),
}


@pytest.mark.parametrize("name", sorted(ACCEPTED))
def test_what_snap_takes_gives_no_diagnostics(name: str) -> None:
    assert found_in_graph(*ACCEPTED[name]) == []


@pytest.mark.parametrize(
    "written", ["$output.nc", "$target", "${output}$target", "${open", "C:\\out.nc", "/home/me/out.nc", ""]
)
def test_what_stands_in_the_file_of_write_does_no_harm_since_the_service_writes_its_own(written: str) -> None:
    assert found_in_graph(READ, node("Write", "Write", SAVED % written, "Read")) == []


@pytest.mark.parametrize(("name", "code"), [("write", "graph-without-output"), ("Write(2)", "graph-without-output")])
def test_the_file_of_another_node_is_judged(name: str, code: str) -> None:
    assert code in codes(found_in_graph(READ, node(name, "Write", SAVED % "$target", "Read")))
    assert "placeholder-open" in codes(found_in_graph(READ, node(name, "Write", SAVED % "$target", "Read"), WRITE))


def test_an_input_that_only_the_file_of_write_names_is_not_read() -> None:
    read = node("Read", "Read", "<file>/fixed.nc</file>")
    assert codes(found_in_graph(read, node("Write", "Write", SAVED % "${img1}", "Read"))) == ["input-not-in-graph"]


@pytest.mark.parametrize(
    ("operator", "parameters", "code"),
    [
        ("pixex", "<coordinates/><outputDir>$output</outputDir>", "pixex-without-coordinates"),
        ("WRITE", "<file>$output</file><formatName>Brand-New</formatName>", "unknown-format"),
        ("write", "<file>$output</file><formatName>beam-dimap</formatName>", "format-of-many-files"),
        ("write", "<file>$output</file><formatname>GeoTIFF</formatname>", "unknown-parameter"),
        ("Write", "<file>c:/data/${output}</file><formatName>GeoTIFF</formatName>", "desktop-path"),
    ],
)
def test_a_node_is_judged_in_whatever_case_its_operator_is_written(operator: str, parameters: str, code: str) -> None:
    assert code in codes(found_in_graph(READ, node("Save", operator, parameters, "Read")))


def test_of_a_graph_without_nodes_nothing_else_is_said() -> None:
    assert codes(found_in_graph(job=f"{INPUT}, params: {{a: 1}}")) == ["graph-without-nodes"]


def test_only_a_format_outside_of_its_set_is_an_error_and_can_be_lowered() -> None:
    graph = graph_of(
        READ,
        node("Orbit", "Apply-Orbit-File", "<orbitType>Brand New</orbitType>", "Read"),
        node("Write", "Write", "<file>x</file><formatName>Brand-New</formatName>", "Orbit"),
    )
    job = f"jobs: {{a: {{graph: g, {INPUT}}}}}\n"
    assert [(each.code, each.severity) for each in found_in(job, g=graph)] == [
        ("parameter-value", Severity.WARNING),
        ("unknown-format", Severity.ERROR),
    ]
    assert errors(found_in("checks: {unknown-format: warning}\n" + job, g=graph)) == []


def test_params_that_make_a_graph_too_large_are_an_error_at_their_line() -> None:
    graph = graph_of(READ, node("Save", "Write", f"<file>$output</file><x>{'$a ' * 1000}</x>", "Read"))
    text = f"jobs: {{a: {{graph: g, {INPUT},\n params: {{a: {'x' * 10_001}}}}}}}\n"
    (found,) = [each for each in found_in(text, g=graph) if each.severity is Severity.ERROR]
    assert (found.code, found.message) == ("graph-too-large", "filled in, the graph has more than 10 MB")
    assert found.position is not None
    assert found.position.line == 4


def test_a_valid_manifest_has_no_diagnostics() -> None:
    assert found_in_graph(READ, WRITE) == []


def test_params_count_before_the_rules_do() -> None:
    job = INPUT + ", params: {in: $img1, out: '$${output}/x.nc'}"
    found = found_in_graph(
        node("Read", "Read", "<file>$in</file>"), node("Save", "Write", "<file>$out</file>", "Read"), job=job
    )
    assert errors(found) == []


def test_a_graph_of_several_jobs_is_reported_once() -> None:
    text = f"jobs: {{a: {{graph: g, {INPUT}}}, b: {{graph: g, {INPUT}}}}}\n"
    assert [each.code for each in found_in(text, g=graph_of(READ))] == ["graph-without-output", "node-without-use"]


def test_a_manifest_sets_severities_and_a_job_its_own() -> None:
    text = f"""checks: {{format-of-many-files: error}}
jobs:
  a: {{graph: g, {INPUT}}}
  b: {{graph: h, {INPUT}, checks: {{format-of-many-files: info}}}}
"""
    graph = graph_of(READ, node("Write", "Write", "<file>x</file>", "Read"))
    found = found_in(text, g=graph, h=graph)
    assert [(each.address, each.severity) for each in found] == [
        ("job.a", Severity.ERROR),
        ("job.b", Severity.INFO),
    ]


def test_warnings_of_the_text_can_be_set_too() -> None:
    (found,) = found_in("checks: {yaml-1-1: error}\naccount: no\n")
    assert (found.code, found.severity) == ("yaml-1-1", Severity.ERROR)


def test_faults_of_structure_and_documents_are_reported_together() -> None:
    found = found_in(f"keys: {{k: {{type: s4}}}}\njobs: {{a: {{graph: g, {INPUT}}}}}\n", g=graph_of(READ))
    assert {each.code for each in found} >= {"bad-value", "graph-without-output"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("[58, 53, 15, 22]", []), ("[10, -10, 170, -170]", []), ("[15, 53, 22, 58]", ["roi-bounds"])],
)
def test_regions(value: str, expected: list[str]) -> None:
    found = found_in(f"jobs: {{a: {{chain: {{product: P, roi: {{NSWE: {value}}}}}}}}}\n")
    assert [each.code for each in found] == expected


@pytest.mark.parametrize("value", ["[0, 1]", "[1]", "1", "[1, .inf]", "[1, .nan]", "[a, 1]", "[1, true]", "[1, 1, 1]"])
def test_a_resolution_is_two_positive_numbers(value: str) -> None:
    chain = f"product: P\nprojection: geographic\nresample_resolution: {value}\n".encode()
    assert codes(found_in("jobs: {a: {chain: c}}\n", c=chain)) == ["bad-value"]


def test_a_chain_that_has_run_validates_without_errors() -> None:
    chain = b"""
id: olci
product: OLL2WFR
format: netcdf4
projection: geographic
aggregation: orbit
resample_method: near
resample_resolution: [0.003, 0.003]
roi: western_europe
filter: {bands: [chl_nn, {id: wqsf, number: 3, name: WQSF}]}
quicklook: {filter: {bands: [a]}, x_size: 300, y_size: 200, format: png_rgb}
compression: {format: zip}
xrit_segments: [1, 2]
"""
    assert found_in("jobs: {a: {chain: c}}\n", c=chain) == []


def test_the_catalogue_knows_operators_values_and_xml_names() -> None:
    assert len(catalogue()) == 252
    assert catalogue()["BandMaths"]["targetBandDescriptors"]["alias"] == "targetBands"
    assert "NetCDF4-CF" in catalogue()["Write"]["formatName"]["values"]


def test_the_catalogue_is_read_only_for_a_graph() -> None:
    code = f"""
from eocanvas_apply.checks import operators
from eocanvas_apply.checks.checking import check
from eocanvas_apply.manifest.graphs_and_chains import load_graphs_and_chains
from eocanvas_apply.manifest.loading import load
loaded = load({HEAD!r}, "f")
assert check(loaded, load_graphs_and_chains(loaded, bytes)) == []
assert operators.catalogue.cache_info().currsize == 0
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_error_that_makes_a_run_impossible_cannot_be_lowered() -> None:
    assert not any(map(is_adjustable, ("graph-syntax", "unknown-key", "literal-secret", "input-not-in-graph")))
    found = found_in(f"checks: {{graph-without-output: info}}\njobs: {{a: {{graph: g, {INPUT}}}}}\n", g=graph_of(READ))
    assert {each.code for each in found if each.severity is Severity.ERROR} == {"unknown-check", "graph-without-output"}


def test_fields_filled_in_by_rows_are_not_checked() -> None:
    graph = graph_of(
        READ, node("Write", "Write", "<file>x</file><formatName>${format}</formatName><region>$aoi</region>", "Read")
    )
    found = found_in(
        """jobs:
  a:
    for_each: {list: [a]}
    graph: g
    params: {format: "${each.format}", aoi: "${each.wkt}"}
    inputs: {img1: {key: "${each.key}", path: "/${each.id}", uncompress: "${each.packed}"}}
    output: {key: "${each.out}"}
  b:
    for_each: {list: [a]}
    chain:
      product: "${each.product}"
      format: "${each.format}"
      roi: {NSWE: ["${each.n}", 1, 2, 3]}
      filter: {bands: "${each.bands}"}
      projection: geographic
      resample_resolution: "${each.resolution}"
    inputs: {img1: {key: eodata, path: "/${each.id}"}}
""",
        g=graph,
    )
    assert [each for each in found if each.code != "unknown-parameter"] == []
