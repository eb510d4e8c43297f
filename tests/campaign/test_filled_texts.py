"""Texts that a row fills in are judged like those that stand in the manifest, each fault once with its first row."""

from __future__ import annotations

import pytest

from tests.campaign.campaign import Campaign, codes, ids

GRAPH = """\
a:
  for_each: {csv: tiles.csv}
  graph: g.xml
  params: {aoi: "${each.aoi}"}
  inputs: {img1: {key: eodata, path: "${each.path}"}}
  output: {download: "${each.folder}"}
"""
AREA = '"POLYGON((20 58, 21 58, 21 59, 20 58))"'
HEADER = "id,aoi,path,folder\n"


def found(*rows: str) -> list[tuple[str, str, str]]:
    expansion = Campaign(GRAPH, {"tiles.csv": HEADER + "\n".join(rows)}).expanded()
    return [(each.code, each.severity.value, each.message) for each in expansion.diagnostics]


def test_an_open_ring_is_an_error_with_its_rows() -> None:
    open_ring = '"POLYGON((20 58, 21 58, 21 59))"'
    rows = (f"{name},{open_ring},/{name}.nc,out/{name}" for name in "xyz")
    message = "a ring of this geometry is not closed: it begins with 20 58 and ends with 21 59 (in 3 rows, first `x`)"
    assert found(*rows) == [("bad-wkt", "error", message)]


def test_warnings_of_rows_leave_the_campaign_as_it_is() -> None:
    rows = f"x,{AREA},a.zip,out/x\ny,{AREA},/b.nc,out/y\n"
    expansion = Campaign(GRAPH, {"tiles.csv": HEADER + rows}).expanded()
    assert ids(expansion) == ["x", "y"]
    assert codes(expansion) == ["input-path", "archive-as-it-is"]
    assert all(each.message.endswith("(in the row `x`)") for each in expansion.diagnostics)


def test_rows_without_a_fault_give_no_diagnostic() -> None:
    assert found(f"x,{AREA},/a.nc,out/x") == []


@pytest.mark.parametrize(
    ("rows", "region", "judged"),
    [
        ("list: [{id: x, at: POINT(200 3)}]", "${each.at}", []),
        ("map: {x: {at: POINT(200 3)}}", "${each.at}", []),
        ("map: {x: {at: 200 3}}", "POINT(${each.at})", ["wkt-range"]),
    ],
)
def test_a_geometry_that_stands_in_the_manifest_is_not_judged_again_in_its_row(
    rows: str, region: str, judged: list[str]
) -> None:
    inputs = '{img1: {key: eodata, path: "/${each.id}.nc"}}'
    job = f'a: {{for_each: {{{rows}}}, graph: g.xml, params: {{aoi: "{region}"}}, inputs: {inputs}}}'
    assert codes(Campaign(job).expanded()) == judged


RAW = "a: {process: demo, for_each: {csv: tiles.csv}, inputs: {name: '${each.id}'}}"


def test_an_id_is_too_long_by_its_bytes() -> None:
    expansion = Campaign(RAW, {"tiles.csv": f"id\n{'é' * 127}\n{'語' * 86}\n"}).expanded()
    (fault,) = expansion.diagnostics
    assert (fault.code, fault.message[:83]) == (
        "id-too-long",
        "an id is the name of a folder, of at most 255 bytes; this one has 258 (in the row `",
    )


def test_equal_ids_name_their_file() -> None:
    expansion = Campaign(RAW, {"tiles.csv": "id\nt32\nT32\n"}).expanded()
    (fault,) = expansion.diagnostics
    assert fault.message.startswith("the ids `T32` and `t32` of tiles.csv are the same to some file systems")
