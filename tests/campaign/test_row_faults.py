"""Faults of rows, each reported once, and cells that are judged where a job uses them."""

from __future__ import annotations

import pytest

from tests.campaign.campaign import Campaign, codes, ids


def test_a_fault_of_many_rows_is_reported_once() -> None:
    rows = ", ".join(f"{{id: r{number}, packed: 3, n: {number}}}" for number in range(500))
    found = Campaign(
        f"""
a:
  graph: g.xml
  inputs: {{img1: {{url: "${{each.address}}", uncompress: "${{each.packed}}"}}}}
  for_each: {{list: [{rows}]}}
b:
  graph: g.xml
  inputs: {{img1: {{url: "u", uncompress: "${{each.packed}}", sub_path: "${{each.n}}"}}}}
  for_each: {{list: [{rows}]}}
"""
    ).expanded()
    reported = [(each.code, each.address, each.message.partition("(")[2]) for each in found.diagnostics]
    assert reported == [
        ("unknown-each-field", "job.a", "in 500 rows, first `r0`)"),
        ("wrong-type", "job.a", "in 500 rows, first `r0`)"),
        ("wrong-type", "job.b", "in 500 rows, first `r0`)"),
        ("wrong-type", "job.b", "in 500 rows, first `r0`)"),
    ]


def test_every_empty_field_of_a_row_is_reported_with_the_other_faults_of_its_row() -> None:
    found = Campaign(
        """
a:
  graph: g.xml
  params: {aoi: "${each.x}", day: "d-${each.y}"}
  inputs: {img1: {url: u, sub_path: "${each.s}"}}
  for_each: {map: {a: {x: ~, y: ~, s: ""}, b: {x: P, y: 1, s: ""}, c: {x: P, y: ~, s: ""}}}
"""
    ).expanded()
    assert [(each.code, each.message) for each in found.diagnostics] == [
        ("empty-field", "`each.x` is empty (in the row `a`)"),
        ("empty-field", "`each.y` is empty (in 2 rows, first `a`)"),
        ("empty-field", "`each.s` is empty (in 3 rows, first `a`)"),
    ]


@pytest.mark.parametrize(
    ("step", "file"),
    [
        ("{json: rows.json}", '[{"id": "a", "x": "1"}, {"id": "b", "x": ""}, {"id": "c", "x": null}]'),
        ("{json: rows.json}", '[{"id": "a", "x": 1}, {"id": "b", "x": " "}, {"id": "c", "x": NaN}]'),
        ("{csv: rows.csv}", 'id,x\na,1\nb,\nc,"  "\n'),
        ("{map: {a: {x: 1}, b: {x: ''}, c: {x: ~}}}", ""),
    ],
)
@pytest.mark.parametrize("path", ["/in/${each.x}.zip", "${each.x}"])
def test_an_empty_field_is_the_same_fault_from_every_source(step: str, file: str, path: str) -> None:
    job = f'a: {{graph: g.xml, inputs: {{i: {{key: eodata, path: "{path}", sub_path: x}}}}, for_each: {step}}}'
    found = Campaign(job, {"rows.csv": file, "rows.json": file}).expanded().diagnostics
    assert [each.message for each in found if each.code == "empty-field"] == [
        "`each.x` is empty (in 2 rows, first `b`)"
    ]


def test_a_character_that_a_graph_cannot_hold_is_refused_with_its_row() -> None:
    job = 'a: {graph: g.xml, params: {aoi: "${each.x}"}, for_each: {json: a.json}}'
    found = Campaign(job, {"a.json": r'[{"id": "a", "x": "ok"}, {"id": "b", "x": "x\u0000"}]'}).expanded()
    assert [(each.code, each.message) for each in found.diagnostics] == [
        ("bad-value", "`jobs.a.params.aoi`: a graph cannot hold the character U+0000 (in the row `b`)")
    ]


def test_the_line_of_a_fault_is_shown_whatever_separates_lines() -> None:
    for table in ("id;a\u2028b\r\nx;1\r\ny;2;3\r\n", "\x0bid;a\rx;1\ry;2;3\r"):
        (found,) = Campaign("a: {process: p, for_each: {csv: rows.csv}}", {"rows.csv": table}).expanded().diagnostics
        assert (found.code, found.snippet) == ("csv-cells", "y;2;3")


def test_rows_that_lack_a_field_of_a_step_or_of_an_id_are_counted() -> None:
    rows = "{list: [{id: r, d: a}, {id: s, d: ~}, {id: t, d: ~}]}"
    step = Campaign(f"a: {{process: x, for_each: [{rows}, {{csv: '${{each.d}}.csv'}}]}}").expanded()
    assert [each.message for each in step.diagnostics] == ["`each.d` is empty (in 2 rows, first `s`)"]
    named = Campaign(f"a: {{process: x, for_each: {rows[:-1]}, id: 'x${{each.d}}'}}}}").expanded()
    assert [each.message for each in named.diagnostics] == ["`each.d` is empty (in 2 rows, first `s`)"]


TABLE = {"a.csv": ',id,day,area\n0,T1,NaN,12\n1,T2,,"1,234"\n2,T3,NaN,"12,5"\n'}


def test_cells_that_no_job_uses_are_not_judged() -> None:
    found = Campaign("a: {process: x, for_each: {csv: a.csv}}", TABLE).expanded()
    assert codes(found) == []
    assert dict(found.instances["a"][1].fields) == {"id": "T2", "day": None, "area": "1,234"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${each.area}", ["csv-decimal-comma `each.area` is the text `1,234`, not a number (in 2 rows, first `T2`)"]),
        ("d-${each.day}", ["csv-no-value `each.day` is the text `NaN` (in 2 rows, first `T1`)"]),
    ],
)
def test_cells_that_may_be_meant_otherwise_are_a_warning_where_a_job_uses_them(text: str, expected: list[str]) -> None:
    found = Campaign(f'a: {{process: x, inputs: {{i: "{text}"}}, for_each: {{csv: a.csv}}}}', TABLE).expanded()
    warnings = [f"{each.code} {each.message}" for each in found.diagnostics if each.severity == "warning"]
    assert warnings == expected
    assert ("a" in found.instances) == ("day" not in text)


def test_different_faults_of_one_code_are_counted_apart() -> None:
    inputs = "{i: {key: eodata, path: /a.nc}}"
    job = f'a: {{graph: g.xml, params: {{aoi: "${{each.aoi}}"}}, inputs: {inputs}, for_each: {{csv: a.csv}}}}'
    shapes = ("(20 58, 21 58, 21 59)", "(20 58, 21 58, 21 59, 20 59)", "(1 1, 2 1, 2 2, 1 2)", "(20 58, 21 158, 20 58)")
    table = "id,aoi\n" + "".join(f'T{number},"POLYGON({shape})"\n' for number, shape in enumerate(shapes, 1))
    found = [each.message for each in Campaign(job, {"a.csv": table}).expanded().diagnostics]
    open_rings = [each for each in found if "is not closed" in each]
    assert [each.endswith("(in 3 rows, first `T1`)") for each in open_rings] == [True], found
    assert [each.endswith("(in the row `T4`)") for each in found if each not in open_rings] == [True, True], found


def test_a_blank_cell_is_empty_as_null_is() -> None:
    job = """
a:
  graph: g.xml
  params: {aoi: "${each.aoi}"}
  inputs: {i: {key: eodata, path: "/${each.id}/${each.day}.nc"}}
  for_each: STEP
"""
    files = {
        "a.csv": "id;day;aoi\nT1;2024-07-01;x\nT2;;\nT3;2024-07-01; \n",
        "a.json": '[{"id": "T1", "day": "d", "aoi": "x"}, {"id": "T2", "day": null, "aoi": NaN},'
        ' {"id": "T3", "day": "d", "aoi": null}]',
    }
    for kind in ("csv", "json"):
        found = Campaign(job.replace("STEP", f"{{{kind}: a.{kind}}}"), files).expanded()
        assert [f"{each.code} {each.message}" for each in found.diagnostics] == [
            "empty-field `each.aoi` is empty (in 2 rows, first `T2`)",
            "empty-field `each.day` is empty (in the row `T2`)",
        ]


def test_numbers_of_rows_stay_as_they_are_written_inside_a_text() -> None:
    text = """
a:
  process: x
  inputs: {path: "/R${each.value}.zip", whole: "${each.value}"}
  for_each: {list: [007, 022, 33e5, 05.10, 8]}
"""
    found = Campaign(text).expanded()
    assert ids(found) == ["007", "022", "33e5", "05.10", "8"]
    jobs = [each.job.inputs for each in found.instances["a"]]
    assert [each["path"] for each in jobs] == ["/R007.zip", "/R022.zip", "/R33e5.zip", "/R05.10.zip", "/R8.zip"]
    assert [each["whole"] for each in jobs] == [7, 22, 3300000.0, 5.1, 8]


@pytest.mark.parametrize("severity", ["warning", "info"])
def test_a_fault_of_rows_that_the_job_lowers_leaves_their_instances(severity: str) -> None:
    text = """
a:
  graph: g.xml
  params: {aoi: "POINT(1,${each.value})"}
  inputs: {i: {key: eodata, path: "s3://b/${each.value}.nc"}}
  for_each: {list: [58, 59]}
  checks: {bad-wkt: SEVERITY, input-path: SEVERITY}
"""
    assert ids(Campaign(text.replace("SEVERITY", severity)).expanded()) == ["58", "59"]
    assert not Campaign(text.replace("SEVERITY", "error")).expanded().instances


def test_a_geometry_is_judged_once_also_for_a_campaign_that_follows_another() -> None:
    ring = "[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]"
    map_file = f'{{"type": "Feature", "id": "a", "geometry": {{"type": "Polygon", "coordinates": [{ring}]}}}}'
    found = Campaign(
        """
a: {graph: g.xml, params: {aoi: "${each.wkt}"}, inputs: {i: {url: u}}, for_each: {geojson: t.geojson}}
b: {graph: g.xml, params: {aoi: "${each.wkt}"}, inputs: {i: {url: u}}, for_each: {job: a}}
c: {graph: g.xml, params: {aoi: "${each.a.wkt}"}, inputs: {i: {url: u}}, for_each: {job: b, as: a}}
""",
        {"t.geojson": map_file},
    ).expanded()
    assert [(each.code, each.position and each.position.file) for each in found.diagnostics] == [
        ("ring-crosses-itself", "t.geojson")
    ]


@pytest.mark.parametrize(
    ("url", "code"),
    [("3", "wrong-type"), ("''", "empty-field"), ("s3://bucket/c", "input-path"), ("{a: b}", "wrong-type")],
)
def test_a_fault_of_the_last_row_alone_is_found_where_rows_differ_in_places_only(url: str, code: str) -> None:
    found = Campaign(
        f"""
a:
  graph: g.xml
  inputs: {{img1: {{url: "${{each.url}}"}}}}
  for_each: {{map: {{a: {{url: u}}, b: {{url: v}}, c: {{url: {url}}}}}}}
"""
    ).expanded()
    assert [(each.code, each.message.partition("(")[2]) for each in found.diagnostics] == [(code, "in the row `c`)")]


def test_inputs_of_other_processes_may_be_anything_that_json_can_hold() -> None:
    found = Campaign(
        """
a:
  process: p
  inputs: {one: {url: "${each.url}"}}
  for_each: {map: {a: {url: u}, b: {url: 3}, c: {url: {a: b}}}}
"""
    ).expanded()
    assert (codes(found), ids(found)) == ([], ["a", "b", "c"])
