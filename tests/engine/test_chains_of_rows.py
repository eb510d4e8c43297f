"""Chains that rows fill in: their numbers are numbers, and their values are judged."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from eocanvas_apply.documents.chain import Chain
from eocanvas_apply.engine.definition import Campaigns, given_rows, parse_project
from eocanvas_apply.errors import ManifestError

ROWS = """version: 1
project: case
jobs:
  cube:
    for_each: {csv: rows.csv}
    chain:
      product: OLL2WFR
      projection: geographic
      resample_resolution: ["${each.step}", "${each.step}"]
      roi: {NSWE: ["${each.n}", "${each.s}", "${each.w}", "${each.e}"]}
    inputs: {img1: {key: eodata, path: /a.nc}}
"""


def rows_of(table: str) -> Campaigns:
    project = parse_project(ROWS, Path("eocanvas.yaml"), lambda _: table.encode())
    return given_rows(project, datetime(2024, 7, 5, tzinfo=UTC))


def test_numbers_of_a_table_are_sent_as_numbers() -> None:
    campaigns = rows_of("id,n,s,w,e,step\na,58.5,53,15,22,0.003\n")
    (job,) = campaigns.desired({}).jobs.values()
    assert isinstance(job.document, Chain)
    assert yaml.safe_load(job.document.to_yaml())["roi"] == {"NSWE": [58.5, 53, 15, 22]}
    assert yaml.safe_load(job.document.to_yaml())["resample_resolution"] == [0.003, 0.003]


def test_a_region_that_rows_fill_in_is_judged_and_reported_once_with_its_first_row() -> None:
    with pytest.raises(ManifestError) as caught:
        rows_of("id,n,s,w,e,step\nok,58,53,15,22,1\na,15,53,22,58,1\nb,14,53,22,58,0\nc,x,53,22,58,1\n")
    found = [(each.code, each.message, each.position and each.position.line) for each in caught.value.diagnostics]
    assert found == [
        ("roi-bounds", "this is west, south, east, north, as HDA has it (first in the row `a`)", 10),
        ("bad-value", "`resample_resolution` must be two positive numbers (first in the row `b`)", 9),
        ("roi-bounds", "`NSWE` must be four numbers (first in the row `c`)", 10),
    ]
    assert caught.value.diagnostics[0].hint == "as NSWE it is [58, 53, 15, 22]"
