"""Points for PixEx: the graph that results is one written by hand, wherever the points come from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from eocanvas_apply.documents.graph import Graph
from eocanvas_apply.engine.definition import given_rows, parse_project
from eocanvas_apply.errors import ManifestError
from eocanvas_apply.planning.desired.desired_job import DesiredJob

NOW = datetime(2024, 7, 5, 12, tzinfo=UTC)
GRAPH = """<graph id="pixExGraph">
  <version>1.0</version>
  <node id="extract">
    <operator>PixEx</operator>
    <parameters>
      <sourceProductPaths>$img1</sourceProductPaths>
      <coordinates></coordinates>
      <outputDir>$output</outputDir>
    </parameters>
  </node>
</graph>
"""
HEAD = "version: 1\nproject: case\njobs:\n"
JOB = "    graph: g.xml\n    inputs: {img1: {key: eodata, path: /a.nc}}\n"
TABLE = "id,lat,lon,time\n0,27.8931,-82.9425,2024-07-22T08:31:00\n1,28.2250,-82.6725,2024-07-22T08:31:00Z\n"
OBJECTS = """[{"id": 0, "latitude": 27.8931, "longitude": -82.9425, "time": "2024-07-22T08:31:00"},
 {"id": 1, "latitude": 28.225, "longitude": -82.6725, "time": "2024-07-22T10:31:00+02:00"}]"""
FEATURES = """{"type": "FeatureCollection", "features": [
 {"type": "Feature", "id": 0, "properties": {"time": "2024-07-22T08:31:00"},
  "geometry": {"type": "Point", "coordinates": [-82.9425, 27.8931]}},
 {"type": "Feature", "id": 1, "properties": {"time": "2024-07-22T08:31:00"},
  "geometry": {"type": "Point", "coordinates": [-82.6725, 28.2250]}}]}"""
# As the service's own notebook writes them.
BY_HAND = """<coordinates>
        <coordinate>
          <name>Coord_0</name><latitude>27.8931</latitude><longitude>-82.9425</longitude>
          <dateTime>2024-07-22T08:31:00</dateTime><originalValues/><id>0</id>
        </coordinate>
        <coordinate>
          <name>Coord_1</name><latitude>28.225</latitude><longitude>-82.6725</longitude>
          <dateTime>2024-07-22T08:31:00</dateTime><originalValues/><id>1</id>
        </coordinate>
      </coordinates>"""
LIST = (
    "[{lat: 27.8931, lon: -82.9425, time: '2024-07-22T08:31:00'},"
    " {lat: 28.225, lon: -82.6725, time: '2024-07-22T08:31:00'}]"
)


def jobs_of(jobs: str, files: Mapping[str, str]) -> Mapping[str, DesiredJob]:
    given = {"g.xml": GRAPH, **files}
    project = parse_project(HEAD + jobs, Path("eocanvas.yaml"), lambda written: given[written].encode())
    return given_rows(project, NOW).desired({}).jobs


def graph_of(job: DesiredJob) -> Graph:
    assert isinstance(job.document, Graph)
    return job.document


@pytest.mark.parametrize(
    ("points", "files"),
    [
        (LIST, {}),
        ("t.csv", {"t.csv": TABLE}),
        ("{csv: t.csv}", {"t.csv": TABLE}),
        ("{csv: {file: t.csv, delimiter: ';'}}", {"t.csv": TABLE.replace(",", ";")}),
        ("o.json", {"o.json": OBJECTS}),
        ("{json: {file: o.json, path: a}}", {"o.json": f'{{"a": {OBJECTS}}}'}),
        ("f.geojson", {"f.geojson": FEATURES}),
        ("{csv: t.csv, columns: {lat: N, lon: E}}", {"t.csv": TABLE.replace("lat,lon", "N,E")}),
        ("t.csv", {"t.csv": TABLE.replace("lat,lon", "Latitude [deg],LNG")}),
        ("t.csv", {"t.csv": TABLE.replace("lat,lon", "y,x")}),
    ],
)
def test_the_graph_equals_one_written_by_hand(points: str, files: dict[str, str]) -> None:
    by_hand = GRAPH.replace("<coordinates></coordinates>", BY_HAND)
    found = jobs_of(
        f"  a:\n{JOB}    points: {points}\n  b:\n{JOB.replace('g.xml', 'h.xml')}", {"h.xml": by_hand, **files}
    )
    assert graph_of(found["job.a"]).canonical() == graph_of(found["job.b"]).canonical()
    assert graph_of(found["job.a"]).to_xml() == graph_of(found["job.b"]).to_xml()
    assert found["job.a"].fingerprint == found["job.b"].fingerprint


def named(rows: str) -> list[str]:
    found = jobs_of(f"  a:\n{JOB}    points: t.csv\n", {"t.csv": rows})
    return [each.text for each in graph_of(found["job.a"]).root.walk() if each.tag == "name"]


@pytest.mark.parametrize(
    ("table", "names"),
    [
        ("name,lat,lon\nKiel,54.4,10.2\n,54.2,12.1\n", ["Kiel", "Coord_1"]),
        ("id,lat,lon\nKiel,54.4,10.2\nRostock,54.2,12.1\n", ["Kiel", "Rostock"]),
        ("station,id,lat,lon\nKiel,7,54.4,10.2\n", ["Kiel"]),
    ],
)
def test_names_come_from_a_column_of_names_or_of_ids_that_are_no_numbers(table: str, names: list[str]) -> None:
    assert named(table) == names


def test_each_instance_of_a_campaign_has_the_points_of_its_row() -> None:
    rows = "id,lat,lon,file\nKiel,54.4,10.2,one.csv\nRostock,54.2,12.1,two.csv\n"
    files = {"t.csv": rows, "one.csv": "lat,lon\n54.4,10.2\n", "two.csv": "lat,lon\n54.2,12.1\n"}
    inline = "[{lat: '${each.lat}', lon: '${each.lon}'}]"
    found = jobs_of(
        f"  a:\n{JOB}    for_each: {{csv: t.csv}}\n    points: {inline}\n"
        f"  b:\n{JOB}    for_each: {{csv: t.csv}}\n    points: {{csv: '${{each.file}}'}}\n",
        files,
    )
    for row, latitude in (("Kiel", "54.4"), ("Rostock", "54.2")):
        by_values, by_file = (graph_of(found[f'job.{name}["{row}"]']) for name in "ab")
        assert by_values.digest == by_file.digest
        assert f"<latitude>{latitude}</latitude>" in by_values.to_xml()


def test_a_fault_of_many_rows_is_reported_once_with_the_first() -> None:
    rows = "id,lat,lon\n" + "".join(f"P{number},95,10\n" for number in range(30))
    job = f"  a:\n{JOB}    for_each: {{csv: t.csv}}\n    points: [{{lat: '${{each.lat}}', lon: '${{each.lon}}'}}]\n"
    with pytest.raises(ManifestError) as caught:
        jobs_of(job, {"t.csv": rows})
    (found,) = [each for each in caught.value.diagnostics if each.code == "bad-point"]
    assert "in 30 rows, first `P0`" in found.message
    assert found.position is not None
    assert found.position.line == 8


def test_changed_points_change_the_digest_of_the_graph_and_nothing_else() -> None:
    one, other = (
        jobs_of(f"  a:\n{JOB}    points: [{{lat: {lat}, lon: 10.2}}]\n", {})["job.a"] for lat in ("54.4", "54.5")
    )
    differing = {name for name, value in one.components.items() if value != other.components[name]}
    assert differing == {"document"}
    assert one.fingerprint != other.fingerprint


def test_the_same_number_written_otherwise_is_the_same_graph() -> None:
    one, other = (
        jobs_of(f"  a:\n{JOB}    points: [{{lat: {lat}, lon: 10.2}}]\n", {})["job.a"] for lat in ("54.4", "54.40")
    )
    assert one.fingerprint == other.fingerprint


def test_a_changed_file_of_points_changes_the_digest_of_the_manifest() -> None:
    digests = set()
    for name in ("Kiel", "Rostock"):
        given = {"g.xml": GRAPH, "t.csv": f"name,lat,lon\n{name},54.4,10.2\n"}
        text = f"{HEAD}  a:\n{JOB}    points: t.csv\n"
        contents = {file: content.encode() for file, content in given.items()}
        project = parse_project(text, Path("eocanvas.yaml"), contents.__getitem__)
        digests.add(given_rows(project, NOW).desired({}).manifest_digest)
    assert len(digests) == 2


def test_two_open_nodes_are_refused() -> None:
    node = GRAPH[GRAPH.index("  <node") : GRAPH.index("</graph>")]
    two = GRAPH.replace("</graph>", node.replace('"extract"', '"other"') + "</graph>")
    with pytest.raises(ManifestError) as caught:
        jobs_of(f"  a:\n{JOB}    points: [{{lat: 54.4, lon: 10.2}}]\n", {"g.xml": two})
    assert [each.code for each in caught.value.diagnostics] == ["points-node"]
    assert "2 PixEx nodes" in caught.value.diagnostics[0].message


@pytest.mark.parametrize("value", ["a < b & c", 'say "x"', "]]>", "<evil/>"])
def test_params_and_names_of_points_are_written_as_text_of_xml(value: str) -> None:
    graph = GRAPH.replace("$img1", "$img1 $x").replace('id="extract"', 'id="extract" note="$x"')
    quoted = "'" + value + "'"
    given = {"g.xml": graph, "t.csv": f'id,x\na,"{value.replace(chr(34), chr(34) * 2)}"\n'}
    fixed = f"  a:\n{JOB}    points: [{{lat: 54.4, lon: 10.2, name: {quoted}}}]\n    params: {{x: {quoted}}}\n"
    by_row = (
        f"  b:\n{JOB}    for_each: {{csv: t.csv}}\n    params: {{x: '${{each.x}}'}}\n"
        "    points: [{lat: 54.4, lon: 10.2, name: '${each.x}'}]\n"
    )
    found = jobs_of(fixed + by_row, given)
    texts = set()
    for job in found.values():
        sent = Graph.parse(graph_of(job).fill(job.params).to_xml(), "sent.xml")
        names = [each.text for each in sent.root.walk() if each.tag == "name"]
        assert names == [value]
        assert sent.nodes[0].attributes["note"] == value
        texts.add(sent.canonical())
    assert len(texts) == 1


def test_one_graph_of_many_instances_is_read_and_parsed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    parse = Graph.parse.__func__  # type: ignore[attr-defined]

    def counted(cls: type[Graph], text: bytes | str, file: str) -> Graph:
        parsed.append(file)
        found: Graph = parse(cls, text, file)
        return found

    monkeypatch.setattr(Graph, "parse", classmethod(counted))
    rows = "id,lat,lon\n" + "".join(f"P{number},54.4,10.2\n" for number in range(1000))
    points = "    points: [{lat: '${each.lat}', lon: '${each.lon}'}]\n"
    found = jobs_of(f"  a:\n{JOB}    for_each: {{csv: t.csv}}\n{points}", {"t.csv": rows})
    assert len(found) == 1000
    assert parsed == ["g.xml"]


def test_faults_in_the_files_that_rows_name_are_each_at_their_line() -> None:
    files = {
        "t.csv": "id,file\na,one.csv\nb,two.csv\n",
        "one.csv": "lat,lon\n54.4,10.2\n95,10.2\n",
        "two.csv": "lon,lat\n10.2,95\n",
    }
    with pytest.raises(ManifestError) as caught:
        jobs_of(f"  a:\n{JOB}    for_each: {{csv: t.csv}}\n    points: '${{each.file}}'\n", files)
    places = [each.position for each in caught.value.diagnostics if each.code == "bad-point"]
    assert [(place.file, place.line, place.column) for place in places if place] == [
        ("one.csv", 3, 1),
        ("two.csv", 2, 6),
    ]
