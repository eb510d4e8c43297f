"""`explain FILE`: from a file back to its job, graph, inputs, row and the line of the manifest."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.cli.provenance.conftest import TOKENS, Coast

DOCS = Path(__file__).parents[3] / "docs"
CHANCE = {
    r"[0-9a-f]{64}": "DIGEST",
    r"commit [0-9a-f]{40}": "commit COMMIT",
    r"[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f-]{21}": "JOB",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC": "TIME",
    r"127\.0\.0\.1:\d+": "HOST",
    r"UTC by \S+|TIME by \S+": "TIME by WRITER",
}


def _origin(coast: Coast, file: Path | str, code: int = 0) -> dict[str, Any]:
    document = coast.project.json("explain", str(file), code=code)
    (found,) = document["explain"]
    assert isinstance(found, dict)
    return found


def _without_chance(text: str) -> list[str]:
    """Return lines without what is another in every run."""
    for pattern, word in CHANCE.items():
        text = re.sub(pattern, word, text)
    return text.splitlines()


def test_a_file_leads_back_to_everything_that_made_it_as_its_page_shows(coast: Coast) -> None:
    coast.commit()
    path = coast.result("islands", "gotland")
    assert coast.project.run("explain", str(path)) == 0
    page = (DOCS / "provenance.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```\n(results/islands/.*?)```", page, re.DOTALL)
    assert _without_chance(coast.project.out.replace(f"{coast.folder}/", "")) == _without_chance(shown)


def test_programs_get_the_same(coast: Coast) -> None:
    path = coast.result("merged", "oland")
    found = _origin(coast, path)
    assert (found["state"], found["address"], found["counts"]) == ("as-downloaded", 'job.merged["oland"]', True)
    assert found["recorded"] == str(path.relative_to(coast.folder))
    assert found["document"]["kind"] == "chain"
    assert found["document"]["digest"].startswith("sha256:")
    assert (coast.folder / found["document"]["kept"]).is_file()
    assert found["software"] == {"EOCanvas dataTailor": "3.4.0", "EUMETSAT Data Tailor": "3.4.0"}
    (given,) = found["inputs"]
    assert (given["kind"], given["title"]) == ("result", 'job.islands["oland"]')
    assert found["launched"]["by"] == found["downloaded"]["by"]
    assert found["manifest"]["line"] == 18
    assert found["manifest"]["same"] is True
    assert "commit" not in found["manifest"]


def test_a_moved_file_is_found_by_its_content(coast: Coast, tmp_path: Path) -> None:
    path = coast.result("islands", "oland")
    recorded = str(path.relative_to(coast.folder))
    moved = tmp_path / "figure-3.nc"
    shutil.move(path, moved)
    found = _origin(coast, moved)
    assert (found["state"], found["recorded"], found["address"]) == ("elsewhere", recorded, 'job.islands["oland"]')
    assert coast.project.run("explain", str(moved)) == 0
    assert f"moved or copied; its content is that of {recorded}" in coast.project.out
    # What was there is known, too.
    assert _origin(coast, path)["state"] == "missing"


def test_an_edited_file_is_said_to_be_so(coast: Coast) -> None:
    path = coast.result("islands", "oland")
    path.write_bytes(b"edited")
    found = _origin(coast, path)
    assert (found["state"], found["size"]) == ("edited", 4096)
    # Moved after that, nothing leads back.
    away = path.with_name("away.nc")
    path.rename(away)
    assert coast.project.run("explain", str(away)) == 1
    assert "no result on record has its path or its content [not-a-result]" in coast.project.err


def test_a_file_in_the_place_of_another_is_what_its_content_says(coast: Coast) -> None:
    gotland, oland = coast.result("islands", "gotland"), coast.result("islands", "oland")
    shutil.copy(gotland, oland)
    found = _origin(coast, oland)
    assert (found["state"], found["address"]) == ("elsewhere", 'job.islands["gotland"]')


def test_a_result_of_an_earlier_definition_is_known(coast: Coast) -> None:
    before = _origin(coast, coast.result("islands", "oland"))
    coast.project.change('params: {aoi: "${each.wkt}"}', 'params: {aoi: "POLYGON((0 0, 1 0, 1 1, 0 1, 0 0))"}')
    assert coast.project.run("apply", "--yes") == 0, coast.project.err
    name = Path(before["recorded"]).name
    (old,) = (path for path in (coast.folder / ".eocanvas/superseded").rglob("*.nc") if path.name == name)
    found = _origin(coast, old)
    assert (found["job_id"], found["counts"], found["manifest"]["same"]) == (before["job_id"], False, False)
    assert coast.project.run("explain", str(old)) == 0
    assert "which counts no more" in coast.project.out
    assert "changed since: eocanvas-apply why islands/oland shows how" in coast.project.out


def test_an_address_in_the_storage_of_a_key_is_known(coast: Coast) -> None:
    (listed,) = coast.project.json("results", "maps")["results"]
    found = _origin(coast, listed["location"])
    assert (found["state"], found["address"], found["sha256"]) == ("at-key", "job.maps", None)
    assert [each["href"] for each in found["inputs"]] == ["s3://eodata/Sentinel-3/map.nc"]
    assert coast.project.run("explain", "s3://maps/other.nc") == 1
    assert "no job on record has written it to the storage of a key" in coast.project.err


def test_an_address_that_is_unknown_is_said_without_its_password(coast: Coast) -> None:
    assert coast.project.run("explain", f"https://u:{TOKENS[0]}@h.example/x?tok={TOKENS[1]}") == 1
    assert "https://h.example/x: no job on record" in coast.project.err
    assert not any(token in coast.project.err for token in TOKENS)


def test_without_a_manifest_the_ledger_is_enough(coast: Coast) -> None:
    coast.project.manifest.unlink()
    found = _origin(coast, coast.result("islands", "oland"))
    assert (found["manifest"], found["row"]) == (None, {})
    assert found["inputs"][0]["title"].endswith("/oland.nc")


def test_codes_and_files_are_explained_together_and_a_relative_path_is_enough(
    coast: Coast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(coast.folder)
    path = os.path.relpath(coast.result("islands", "oland"))
    assert coast.project.run("explain", "roi-bounds", path) == 0
    assert coast.project.out.startswith("roi-bounds (error)\n")
    assert f"\n\n{path}: as it was downloaded\n" in coast.project.out
    assert [TOKENS[0] in coast.project.out, TOKENS[1] in coast.project.out] == [False, False]
    assert len(coast.project.json("explain", "roi-bounds", path)["explain"]) == 2


def test_a_file_without_a_ledger_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from eocanvas_apply.cli import main

    (tmp_path / "a.nc").write_bytes(b"a")
    assert main(["explain", str(tmp_path / "a.nc"), "-f", str(tmp_path / "eocanvas.yaml"), "--format", "json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)["diagnostics"]
    assert found["code"] == "file-missing"
