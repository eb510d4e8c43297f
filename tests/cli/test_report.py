"""`report`: the page as a file, on standard output, from the ledger alone, and what is refused."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import CANARIES, Project


def _text(page: str) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL).split())


def test_the_page_of_a_project_before_its_first_apply(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "public/report/page.html"
    assert project.run("report", "--out", str(page)) == 0
    assert re.fullmatch(rf"Wrote {page}: 1 job, \d+ kB\.\n", project.out)
    assert "0 of 1 job done, 1 waiting." in _text(page.read_text(encoding="utf-8"))
    assert not (tmp_path / ".eocanvas").exists()


def test_a_failed_job_is_shown_with_its_log_and_without_secrets(
    project: Project, emulator: RunningEmulator, tmp_path: Path
) -> None:
    with emulator.model() as wire:
        wire.service.job_faults.append(JobFault("graph", "*"))
    assert project.run("apply", "--yes") == 4
    page = tmp_path / "page.html"
    assert project.run("report", "--out", str(page)) == 0
    text = page.read_text(encoding="utf-8")
    words = _text(text)
    assert "1 failed" in words
    assert "[NodeId: Read] Operator could not be initialised" in words
    assert "Last lines of the log of job.subset" in text
    for canary in (*CANARIES.values(), *(user.password for user in emulator.options.users)):
        assert canary not in text


def test_the_ledger_alone_gives_the_same_jobs(project: Project, emulator: RunningEmulator) -> None:
    assert project.run("apply", "--yes") == 0
    emulator.stop()
    assert project.run("report", "--offline", "--out", "-") == 0
    words = _text(project.out)
    assert "1 of 1 job done." in words
    assert "from the ledger of jane" in words
    assert project.run("report", "--out", "-") == 1


def test_as_json_it_says_what_was_written(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    document = project.json("report", "--out", str(page))
    assert document["report"] == [{"file": str(page), "size": page.stat().st_size, "jobs": 1}]


def test_a_report_is_replaced_and_a_manifest_is_not(project: Project, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert [project.run("report", "--out", str(page)) for _ in range(2)] == [0, 0]
    before = project.manifest.read_bytes()
    assert project.run("report", "--out", str(project.manifest)) == 1
    assert "a file of another kind is there" in project.err
    assert project.manifest.read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ("--port", "8080"),
        ("--serve", "--out", "page.html"),
        ("--out", "-", "--format", "json"),
        ("--serve", "--format", "json"),
        ("--serve", "--port", "99999"),
    ],
)
def test_what_would_do_nothing_is_refused(project: Project, words: tuple[str, ...]) -> None:
    assert project.run("report", *words) == 1
    assert "[usage]" in project.err + project.out or '"usage"' in project.out


def test_results_that_are_pictures_are_shown_unless_they_were_edited(project: Project, tmp_path: Path) -> None:
    project.change("/a.zip", "/a.tif")
    assert project.run("apply", "--yes") == 0
    page = tmp_path / "page.html"
    assert project.run("report", "--out", str(page)) == 0
    assert page.read_text(encoding="utf-8").count("data:image/png;base64,") == 1
    assert project.run("report", "--out", str(page), "--thumbnails", "0") == 0
    assert "data:image/png" not in page.read_text(encoding="utf-8")
    (stored,) = (path for path in (tmp_path / "results").rglob("*") if path.suffix in (".nc", ".tif"))
    stored.write_bytes(stored.read_bytes()[:-1] + b"x")
    assert project.run("report", "--offline", "--out", str(page)) == 0
    assert "data:image/png" not in page.read_text(encoding="utf-8")


SEARCH = """\
version: 1
project: coast
jobs:
  found:
    for_each: {hda: {dataset_id: "EO:EUM:DAT:SENTINEL-3:OL_2_WFR___", sat: Sentinel-3A, bbox: [15, 53, 22, 58],
                     dtstart: "2024-07-01T00:00:00Z", dtend: "2024-07-02T00:00:00Z"}}
    chain: {product: OLL2WFR, format: netcdf4}
    inputs: {img1: {product: "${each.id}"}}
    accept_terms: [Copernicus_General_License, EUMETSAT_Core_Products_Licence]
"""


def test_jobs_of_a_search_without_a_lock_are_shown_from_the_ledger(
    project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HDA_URL", emulator.hda_url)
    project.manifest.write_text(SEARCH, encoding="utf-8")
    assert project.run("apply", "--yes") == 0
    launched = len(project.json("status", "--offline")["jobs"])
    assert launched > 1
    assert project.run("report", "--offline", "--out", "-") == 0
    assert f"{launched} of {launched} jobs done." in _text(project.out)
    # Each product has a footprint, which only a search, or a lock, shows.
    assert project.run("lock") == 0
    assert project.run("report", "--offline", "--out", "-") == 0
    assert f"{launched} jobs at " in _text(project.out)


def test_a_link_in_a_circle_is_told(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.html").symlink_to("b.html")
    (tmp_path / "b.html").symlink_to("a.html")
    assert project.run("report", "--out", str(tmp_path / "a.html")) == 1
    assert "the report cannot be written" in project.err
