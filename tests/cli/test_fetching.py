"""Results left at the service, fetched later, fetched elsewhere, fetched again: only what was asked for."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project

MANIFEST = """\
version: 1
project: coast
jobs:
  scenes:
    for_each:
      list: [{id: a, tile: T1}, {id: b, tile: T2}]
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {url: "https://data.example.org/${each.id}.nc"}}
    output: {download: results}
"""


def stored(folder: Path) -> dict[str, bytes]:
    """What lies in the folders of the instances, by instance."""
    return {path.parent.name: path.read_bytes() for path in sorted(folder.glob("results/*/*")) if path.is_file()}


def ledger(campaign: Project) -> str:
    return (campaign.folder / ".eocanvas" / "default.jsonl").read_text(encoding="utf-8")


def states(document: dict[str, Any]) -> list[str]:
    return [each["state"] for each in document["results"]]


def index(folder: Path) -> list[dict[str, str]]:
    with (folder / "results" / "index.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def downloads(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return sum("/serverless/download/" in received.request.path for received in wire.received)


def test_results_may_be_left_and_fetched_later(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes", "--no-fetch") == 0
    assert "2 results not fetched: eocanvas-apply results --fetch" in campaign.out
    assert "2 jobs: 2 not fetched." in campaign.out
    assert not (campaign.folder / "results").exists()
    assert states(campaign.json("results")) == ["pending", "pending"]
    # Nothing to confirm, nothing to wait for.
    assert campaign.run("apply", "--no-fetch") == 0

    assert campaign.run("results", "scenes/a", "--fetch") == 0
    assert stored(campaign.folder).keys() == {"a"}
    assert campaign.run("results", "--fetch") == 0
    assert stored(campaign.folder).keys() == {"a", "b"}
    assert states(campaign.json("results")) == ["here", "here"]
    assert [row["each.tile"] for row in index(campaign.folder)] == ["T1", "T2"]
    assert not campaign.json("plan")["summary"]["fetch"]
    before = downloads(emulator)
    assert campaign.run("results", "--fetch") == 0
    assert downloads(emulator) == before


def test_results_fetched_on_another_machine_are_fetched_here_too(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    there, events = stored(campaign.folder), ledger(campaign)
    shutil.rmtree(campaign.folder / "results")
    codes = [found["code"] for found in campaign.json("plan")["diagnostics"]]
    assert codes == ["results-elsewhere"]
    assert states(campaign.json("results")) == ["missing", "missing"]

    assert campaign.run("results", "--fetch") == 0
    assert stored(campaign.folder) == there
    assert [row["instance"] for row in index(campaign.folder)] == ["a", "b"]
    assert ledger(campaign) == events
    assert campaign.json("plan")["diagnostics"] == []


@pytest.mark.parametrize("edited", [True, False])
def test_edited_and_removed_files_are_fetched_again_only_on_request(edited: bool, campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    before = stored(campaign.folder)
    (path,) = (campaign.folder / "results" / "a").iterdir()
    path.write_bytes(b"mine") if edited else path.unlink()
    left = stored(campaign.folder)
    assert states(campaign.json("results")) == ["edited" if edited else "missing", "here"]

    document = campaign.json("results", "--fetch")
    assert [found["code"] for found in document["diagnostics"]] == ["result-edited" if edited else "result-missing"]
    assert stored(campaign.folder) == left

    assert campaign.run("results", "--refetch") == 0
    assert stored(campaign.folder) == before
    aside = [each.read_bytes() for each in (campaign.folder / ".eocanvas").glob("superseded/*/*")]
    assert aside == ([b"mine"] if edited else [])
    assert campaign.json("plan")["diagnostics"] == []


@pytest.mark.parametrize("fetched", [True, False])
def test_a_copy_goes_into_another_folder_and_leaves_the_project_alone(
    fetched: bool, campaign: Project, tmp_path: Path, emulator: RunningEmulator
) -> None:
    assert campaign.run("apply", "--yes", *([] if fetched else ["--no-fetch"])) == 0
    events, there = ledger(campaign), stored(campaign.folder)
    copy = tmp_path / "copy"
    assert campaign.run("results", "scenes/a", "--to", str(copy)) == 0
    assert stored(copy).keys() == {"a"}
    before = downloads(emulator)
    document = campaign.json("results", "--fetch", "--to", str(copy))
    assert states(document) == ["here", "here"]
    assert all(Path(each["file"]).stat().st_size == each["size"] for each in document["results"])
    assert downloads(emulator) == before + 1
    assert stored(copy).keys() == {"a", "b"}
    assert [row["instance"] for row in index(copy)] == ["a", "b"]
    assert ledger(campaign) == events
    assert stored(campaign.folder) == there
    assert stored(copy) == there or not fetched

    (path,) = (copy / "results" / "a").iterdir()
    path.write_bytes(b"mine")
    document = campaign.json("results", "--fetch", "--to", str(copy))
    assert [found["code"] for found in document["diagnostics"]] == ["result-edited"]
    assert path.read_bytes() == b"mine"


def test_unavailable_results_are_reported_and_the_others_fetched(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    jobs = {each["address"]: each["job_id"] for each in campaign.json("results")["results"]}
    shutil.rmtree(campaign.folder / "results")
    gone, other = jobs['job.scenes["a"]'], jobs['job.scenes["b"]']
    with emulator.model() as wire:
        wire.faults.append(Fault("status", method="GET", path=f"*/jobs/{gone}/results", status=404, times=None))
    document = campaign.json("results", "--fetch", code=1)
    assert [(f["code"], f["address"]) for f in document["diagnostics"]] == [("result-gone", 'job.scenes["a"]')]
    assert stored(campaign.folder).keys() == {"b"}

    with emulator.model() as wire:
        wire.faults.clear()
        job = next(job for job in wire.service.jobs.every() if job.id == other)
        job.outputs = tuple(type(each)(each.name, 3, b"new") for each in job.outputs)
    shutil.rmtree(campaign.folder / "results")
    document = campaign.json("results", "--fetch", code=1)
    assert [(f["code"], f["address"]) for f in document["diagnostics"]] == [("result-differs", 'job.scenes["b"]')]
    assert stored(campaign.folder).keys() == {"a"}


def test_results_as_csv_have_the_fields_of_the_rows(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    assert campaign.run("results", "--format", "csv") == 0
    rows = list(csv.DictReader(io.StringIO(campaign.out)))
    assert [(row["address"], row["instance"], row["each.tile"]) for row in rows] == [
        ('job.scenes["a"]', "a", "T1"),
        ('job.scenes["b"]', "b", "T2"),
    ]
    assert all((campaign.folder / row["file"]).stat().st_size == int(row["size"]) for row in rows)
    campaign.manifest.write_text("version: 1\n", encoding="utf-8")
    assert campaign.run("results", "--format", "csv") == 0
    assert len(campaign.out.splitlines()) == 3


def test_a_run_with_a_wait_limit_ends_in_time_and_names_unfinished_jobs(campaign: Project) -> None:
    text = campaign.manifest.read_text(encoding="utf-8")
    campaign.manifest.write_text(text + "quota: [{jobs: 1, per: 1h}]\n", encoding="utf-8")
    assert campaign.run("apply", "--yes", "--wait", "3s") == 3
    assert 'job.scenes["b"]: not launched yet' in campaign.out
    assert " waiting." in campaign.out
    assert "b" not in stored(campaign.folder)
