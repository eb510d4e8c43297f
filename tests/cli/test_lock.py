"""Searches frozen in `eocanvas.lock`: what a plan then finds and says, and what a new search would change."""

from __future__ import annotations

import json
from typing import Any

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import Project, searches

MANIFEST = """\
version: 1
project: coast
jobs:
  scenes:
    for_each:
      - {list: [32TQM, 33UUB]}
      - hda:
          dataset_id: "EO:ESA:DAT:SENTINEL-2"
          tileId: "${each.value}"
          startDate: "2024-07-01T00:00:00Z"
          completionDate: "2024-07-10T00:00:00Z"
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {url: "${each.location}", id: "${each.product_id}"}}
"""


def codes_of(document: dict[str, Any]) -> list[str]:
    return [each["code"] for each in document["diagnostics"]]


def edit_lock(project: Project, line: str, into: str | None = None) -> str:
    """Replace the first line of a product that holds a text, or take it out; return the id of the product."""
    path = project.folder / "eocanvas.lock"
    lines = path.read_text(encoding="utf-8").splitlines()
    (index, found) = next((i, each) for i, each in enumerate(lines) if line in each and " product " in each)
    lines[index : index + 1] = [] if into is None else [into]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    product: str = json.loads(found.split(" ", 2)[2])["id"]
    return product


def test_a_locked_search_is_not_repeated(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("lock") == 0
    assert campaign.out.splitlines()[0].endswith("eocanvas.lock: 2 searches")
    assert 'products (new): {"dataset_id": "EO:ESA:DAT:SENTINEL-2", "tileId": "32TQM"' in campaign.out
    before = searches(emulator)
    planned = campaign.json("plan")
    assert len(planned["actions"]) == 4
    (found,) = planned["diagnostics"]
    assert (found["code"], found["severity"]) == ("lock-age", "info")
    assert "2 searches are answered by eocanvas.lock, less than an hour old" in found["message"]
    assert campaign.run("plan") == 0
    assert "lock-age" in campaign.err
    assert campaign.run("apply", "--yes") == 0
    assert campaign.run("validate") == 0
    assert "4 instances of campaigns" in campaign.out, "the lock is a file: what it holds is known offline"
    assert searches(emulator) == before


def test_a_changed_search_runs_at_once_and_is_reported_as_not_locked(
    campaign: Project, emulator: RunningEmulator
) -> None:
    assert campaign.run("lock") == 0
    before = searches(emulator)
    campaign.change("list: [32TQM, 33UUB]", "list: [32TQM, 33VUE]")
    planned = campaign.json("plan")
    assert codes_of(planned) == ["lock-age", "search-not-locked"]
    assert "1 of 2 searches here is not in eocanvas.lock" in planned["diagnostics"][1]["message"]
    assert planned["diagnostics"][1]["line"] == 7
    assert searches(emulator) == before + 1
    assert any("33VUE" in each["address"] for each in planned["actions"])
    assert campaign.run("lock") == 0
    assert "1 search removed: not in the manifest any more" in campaign.out
    assert codes_of(campaign.json("plan")) == ["lock-age"]


def test_a_new_search_shows_added_and_removed_products(campaign: Project) -> None:
    assert campaign.run("lock") == 0
    path = campaign.folder / "eocanvas.lock"
    line = next(each for each in path.read_text(encoding="utf-8").splitlines() if " product " in each)
    gone = json.loads(line.split(" ", 2)[2])["id"]
    edit_lock(campaign, gone, line.replace(gone, "S2A_WITHDRAWN"))
    text = path.read_text(encoding="utf-8")
    frozen = campaign.json("plan")
    anew = campaign.json("plan", "--refresh-searches")
    (found,) = anew["diagnostics"]
    assert (found["code"], found["severity"]) == ("search-changed", "info")
    assert f"would add 1 product ({gone}) and remove 1 product (S2A_WITHDRAWN)" in found["message"]
    assert path.read_text(encoding="utf-8") == text, "looking writes nothing"
    assert any("WITHDRAWN" in each["address"] for each in frozen["actions"])
    assert not any("WITHDRAWN" in each["address"] for each in anew["actions"])

    (changed, same) = sorted(campaign.json("lock")["lock"], key=lambda each: not each["added"])
    assert (changed["added"], changed["withdrawn"], changed["locked_before"]) == ([gone], ["S2A_WITHDRAWN"], True)
    assert (same["added"], same["withdrawn"], same["products"]) == ([], [], 2)
    assert codes_of(campaign.json("plan", "--refresh-searches")) == ["searches-unchanged"]
    assert campaign.run("lock") == 0
    assert campaign.out.splitlines()[1:] == ["  2 searches unchanged"]


def test_a_withdrawn_product_keeps_its_job_for_its_return(campaign: Project) -> None:
    assert campaign.run("lock") == 0
    path = campaign.folder / "eocanvas.lock"
    whole = path.read_text(encoding="utf-8")
    assert campaign.run("apply", "--yes") == 0
    gone = edit_lock(campaign, "S2")
    reasons = {each["address"]: each["reason"] for each in campaign.json("plan")["actions"]}
    assert [reason for address, reason in reasons.items() if gone in address] == ["out-of-window"]
    assert sorted(reasons.values()) == ["done", "done", "done", "out-of-window"]
    path.write_text(whole, encoding="utf-8")
    assert {each["reason"] for each in campaign.json("plan")["actions"]} == {"done"}


def test_without_a_lock_there_is_nothing_to_compare(campaign: Project) -> None:
    assert codes_of(campaign.json("plan", "--refresh-searches")) == ["nothing-locked"]
    assert codes_of(campaign.json("plan")) == []


def test_times_relative_to_now_are_never_locked(campaign: Project) -> None:
    campaign.change('startDate: "2024-07-01T00:00:00Z"', "startDate: now-12d")
    campaign.change('completionDate: "2024-07-10T00:00:00Z"', "completionDate: today")
    assert campaign.run("lock") == 0
    assert campaign.out.startswith("Nothing to lock")
    assert campaign.json("lock")["lock"] == []
    assert not (campaign.folder / "eocanvas.lock").exists()
    assert codes_of(campaign.json("plan")) == []


def test_a_search_that_fails_leaves_the_lock_as_it_was(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("lock") == 0
    path = campaign.folder / "eocanvas.lock"
    before = path.read_bytes()
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "POST", "*/search", times=None, status=403, skip=1))
    try:
        assert campaign.run("lock") == 1
        assert "[service-refused]" in campaign.err
    finally:
        with emulator.model() as wire:
            wire.faults.clear()
    assert path.read_bytes() == before
    assert sorted(each.name for each in campaign.folder.iterdir()) == ["eocanvas.lock", "eocanvas.yaml", "subset.xml"]


def test_an_unfinished_merge_is_reported_at_its_line(campaign: Project) -> None:
    assert campaign.run("lock") == 0
    path = campaign.folder / "eocanvas.lock"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:3], "<<<<<<< HEAD", *lines[3:]]) + "\n", encoding="utf-8")
    for command in ("plan", "validate"):
        assert campaign.run(command) == 1
        assert "eocanvas.lock:4:1: error: this line does not belong into a lock file [lock-syntax]" in campaign.err
        assert "<<<<<<< HEAD" in campaign.err
    assert campaign.run("lock") == 0, "that is the way out"
    assert campaign.run("validate") == 0


def test_the_lock_is_part_of_the_manifest_digest(campaign: Project) -> None:
    unlocked = campaign.json("plan")
    assert campaign.run("lock") == 0
    locked = campaign.json("plan")
    assert locked["actions"] == unlocked["actions"]
    assert locked["manifest_digest"] != unlocked["manifest_digest"]


def test_many_new_searches_are_counted_and_listed_in_json(campaign: Project) -> None:
    tiles = ", ".join(f"{zone:02}UUB" for zone in range(1, 26))
    campaign.change("list: [32TQM, 33UUB]", f"list: [{tiles}]")
    assert campaign.run("lock") == 0
    lines = campaign.out.splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 5 more, all with --format json"
    assert len(campaign.json("lock")["lock"]) == 25


def test_an_environment_locks_its_searches_and_leaves_those_of_the_others(
    campaign: Project, emulator: RunningEmulator
) -> None:
    whole = campaign.manifest.read_text(encoding="utf-8").partition("jobs:\n")[2].replace("32TQM, 33UUB", "33VUE")
    indented = "".join(f"    {line}\n" for line in f"jobs:\n{whole}".splitlines())
    with campaign.manifest.open("a", encoding="utf-8") as file:
        file.write(f"environments:\n  test:\n{indented}")
    assert campaign.run("lock") == 0
    assert campaign.run("lock", "--env", "test") == 0
    assert "1 search" in campaign.out
    before = searches(emulator)
    assert len(campaign.json("plan")["actions"]) == 4
    assert len(campaign.json("plan", "--env", "test")["actions"]) == 1
    assert searches(emulator) == before
