"""What is known offline of a project's rows, and of the files that only rows name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from eocanvas_apply.campaign.lock import age
from eocanvas_apply.engine.definition import given_rows, offline_findings, open_project
from eocanvas_apply.errors import ManifestError
from tests.end_to_end.tool import GRAPH

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
MANIFEST = """
version: 1
project: demo
jobs:
  sensors:
    for_each: {list: [a, b, c]}
    graph: "graphs/${each.value}.xml"
    inputs: {img1: {url: "https://data.example.org/${each.value}.zip", uncompress: true}}
    output: {download: results}
"""


@pytest.fixture(name="manifest")
def _manifest(tmp_path: Path) -> Path:
    (tmp_path / "graphs").mkdir()
    for name in "abc":
        (tmp_path / f"graphs/{name}.xml").write_text(GRAPH, encoding="utf-8")
    path = tmp_path / "eocanvas.yaml"
    path.write_text(MANIFEST, encoding="utf-8")
    return path


def reported(manifest: Path) -> list[tuple[str, str]]:
    try:
        found = offline_findings(given_rows(open_project(manifest), NOW))
    except ManifestError as fault:
        found = fault.diagnostics
    return [(each.code, Path(each.position.file).name if each.position else "") for each in found]


def test_graphs_that_rows_name_are_read_and_judged(manifest: Path) -> None:
    assert reported(manifest) == []
    graphs = manifest.parent / "graphs"
    (graphs / "b.xml").write_text(GRAPH.replace("$img1", "$img2"), encoding="utf-8")
    (graphs / "c.xml").unlink()
    assert ("placeholder-open", "b.xml") in reported(manifest)
    assert ("file-missing", "eocanvas.yaml") in reported(manifest)


def test_the_severity_of_a_cell_that_a_job_uses_can_be_set(manifest: Path) -> None:
    (manifest.parent / "a.csv").write_text("id;area\nx;12,5\n", encoding="utf-8")
    job = '  areas: {process: x, for_each: {csv: a.csv}, inputs: {area: "${each.area}"}CHECKS}\n'
    shown = {}
    for severity in ("warning", "error", "info"):
        checks = f", checks: {{csv-decimal-comma: {severity}}}"
        manifest.write_text(MANIFEST + job.replace("CHECKS", checks), encoding="utf-8")
        try:
            found = given_rows(open_project(manifest), NOW).diagnostics
        except ManifestError as fault:
            found = fault.diagnostics
        shown[severity] = [each.severity for each in found if each.code == "csv-decimal-comma"]
    assert shown == {each: [each] for each in shown}


def test_files_named_by_rows_are_part_of_the_manifests_digest(manifest: Path) -> None:
    before = given_rows(open_project(manifest), NOW).desired({})
    (manifest.parent / "graphs/c.xml").write_text(GRAPH.replace("NetCDF4-CF", "GeoTIFF"), encoding="utf-8")
    after = given_rows(open_project(manifest), NOW).desired({})
    assert before.manifest_digest != after.manifest_digest
    changed = [a for a, job in after.jobs.items() if before.jobs[a].fingerprint != job.fingerprint]
    assert changed == ['job.sensors["c"]']


def test_campaigns_over_searches_are_not_expanded_offline_and_those_over_files_are(manifest: Path) -> None:
    more = "  scenes: {process: x, for_each: {hda: {dataset_id: d}}}\n  later: {process: x, for_each: {job: scenes}}\n"
    manifest.write_text(MANIFEST + more, encoding="utf-8")
    found = given_rows(open_project(manifest), NOW).desired({})
    assert found.unasked == {"scenes", "later"}
    assert found.campaigns == {"scenes", "later", "sensors"}
    assert len(found.jobs) == 3
    assert [code for code, _ in reported(manifest)] == ["rows-not-asked", "rows-not-asked"]


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(minutes=59), "less than an hour"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=47), "1 day"),
        (timedelta(days=21), "21 days"),
    ],
)
def test_an_age_is_shown_in_a_readable_unit(passed: timedelta, words: str) -> None:
    assert age(passed) == words
