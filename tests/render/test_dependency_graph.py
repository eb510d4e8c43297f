"""What depends on what, in every form."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from eocanvas_apply.api.manifest_files import load
from eocanvas_apply.cli import main
from eocanvas_apply.render.reviews import dependency_graph as render
from eocanvas_apply.report.dependencies import Dependencies, dependencies

MANIFEST = """
version: 1
project: p
keys:
  raw-in: {type: s3-public, bucket: b, region: r, endpoint: "https://s3.example.org"}
  raw_in: {type: existing, name: x, storage: s3}
jobs:
  cut:
    for_each: {s3: {key: raw-in, prefix: 2024/}}
    graph: g.xml
    inputs: {img1: {key: raw-in, path: "${each.path}"}}
    output: {key: raw_in}
  mosaic:
    for_each: {job: cut}
    graph: g.xml
    inputs: {img1: {result: cut}, img2: {key: eodata, path: /Sentinel-1/a.zip}}
"""
FOUND = dependencies(load(MANIFEST), {"cut": 3})


def test_dependencies_are_those_of_inputs_outputs_and_rows() -> None:
    assert (
        Dependencies("key.raw-in"),
        Dependencies("key.raw_in"),
        Dependencies("job.cut", ("key.raw-in",), ("key.raw_in",), (), 3, campaign=True),
        Dependencies("job.mosaic", ("key.eodata",), (), ("job.cut",), None, campaign=True),
    ) == FOUND


def test_the_text_names_what_must_be_there_before() -> None:
    assert render.text(FOUND) == (
        "key.raw-in\nkey.raw_in\n"
        "job.cut (3 instances)\n  reads key.raw-in\n  writes key.raw_in\n"
        "job.mosaic (instances not known)\n  reads key.eodata\n  follows job.cut\n"
    )


def test_a_drawing_has_every_node_once_and_arrows_along_the_data() -> None:
    lines = render.mermaid(FOUND).splitlines()
    assert lines[0] == "flowchart LR"
    ids = [re.match(r"  (\w+)[\[(]", line) for line in lines[1:6]]
    assert len({found[1] for found in ids if found}) == 5
    assert lines[6:] == [
        "  key_raw_din --> job_cut",
        "  job_cut --> key_raw__in",
        "  key_eodata --> job_mosaic",
        "  job_cut --> job_mosaic",
    ]
    drawn = render.dot(FOUND)
    assert drawn.startswith("digraph {\n")
    assert '  "key.raw-in" -> "job.cut";' in drawn
    assert drawn.count("shape=") == 5


def test_the_command_needs_no_service(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "eocanvas.yaml"
    file.write_text("version: 1\nproject: p\njobs: {j: {process: x, inputs: {a: b}}}\n", encoding="utf-8")
    assert main(["deps", "-f", str(file), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["deps"] == [
        {"address": "job.j", "reads": [], "follows": [], "writes": [], "campaign": False, "instances": None}
    ]
    assert main(["deps", "-f", str(file), "--format", "mermaid"]) == 0
    assert capsys.readouterr().out == 'flowchart LR\n  job_j["job.j"]\n'
