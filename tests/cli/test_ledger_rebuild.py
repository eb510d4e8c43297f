"""A lost ledger is made anew from what the service shows: what is done is not launched again."""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import Any

import pytest

from eocanvas_apply.emulator.http.server import RunningEmulator
from tests.cli.conftest import MANIFEST as PROJECT
from tests.cli.conftest import Project

KEYS = PROJECT.partition("jobs:\n")[0].replace("    access_key", "    keep: true\n    access_key")
MANIFEST = f"""{KEYS}\
jobs:
  tiles:
    for_each: {{list: [{{id: a}}, {{id: b}}, {{id: c}}]}}
    graph: subset.xml
    params: {{aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}}
    inputs: {{img1: {{key: scenes, path: "/${{each.id}}.zip", uncompress: true, sub_path: xfdumanifest.xml}}}}
    output: {{download: results}}
"""
DONE = ("none", "done")
ASK = ("ask", "ambiguous")


def lose(project: Project, *, results: bool = False) -> None:
    """Lose the ledger, and with `results` what was downloaded too, as on another machine."""
    shutil.rmtree(project.folder / ".eocanvas")
    if results:
        shutil.rmtree(project.folder / "results")


def actions(project: Project) -> dict[str, tuple[str, str]]:
    found = project.json("plan", "--full")["actions"]
    return {each["address"]: (each["action"], each["reason"]) for each in found}


def tiles(project: Project) -> list[tuple[str, str]]:
    return [planned for address, planned in sorted(actions(project).items()) if address.startswith("job.")]


def rebuilt(project: Project, *states: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = project.json("ledger", "rebuild", "--yes")["ledger"]
    return [row for row in rows if row["state"] in states] if states else rows


def launches(emulator: RunningEmulator) -> int:
    with emulator.model() as wire:
        return sum(each.request.path.endswith("/execution") for each in wire.received)


def logs_are(emulator: RunningEmulator, logs: str) -> None:
    with emulator.model() as wire:
        wire.service.behaviour = wire.service.behaviour.changed({"logs": logs})


def test_a_finished_project_has_nothing_to_do(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    assert campaign.run("apply", "--yes") == 5
    assert "eocanvas-apply ledger rebuild" in campaign.err
    assert campaign.run("ledger", "rebuild") == 5
    assert not (campaign.folder / ".eocanvas").exists()
    assert campaign.run("ledger", "rebuild", "--yes") == 0
    assert "read 3 of 3 logs" in campaign.err
    assert "The secrets of keys cannot be verified" in campaign.err
    assert campaign.run("plan", "--detailed-exitcode") == 0
    assert actions(campaign)["key.scenes"] == ("none", "unchanged")
    assert tiles(campaign) == [DONE] * 3
    assert campaign.run("apply", "--yes") == 0
    assert launches(emulator) == 3
    assert campaign.run("ledger", "verify") == 0


def test_what_runs_is_watched_and_what_was_never_launched_is_new(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes", "--no-wait", "--limit", "2") == 3
    with emulator.model() as wire:
        for job in wire.service.jobs.every():
            job.starts, job.ends = job.created, job.created + timedelta(hours=1)
            job.status, job.finished = "running", None
    lose(campaign)
    states = {each["address"]: each["state"] for each in rebuilt(campaign)}
    assert [*states.values()] == ["recorded"] * 3
    assert sorted(tiles(campaign)) == [("launch", "new"), ("watch", "in-flight"), ("watch", "in-flight")]


def test_a_job_without_a_log_is_never_launched_silently(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign, results=True)
    logs_are(emulator, "empty")
    assert campaign.run("ledger", "rebuild", "--yes") == 0
    assert "Undecided: 3 addresses." in campaign.err
    assert tiles(campaign) == [ASK] * 3
    assert campaign.run("apply", "--yes") == 7
    assert launches(emulator) == 3


@pytest.mark.parametrize("marked", [True, False])
def test_a_job_without_a_mark_is_of_the_address_that_the_index_has_it_for(
    marked: bool, campaign: Project, emulator: RunningEmulator
) -> None:
    if not marked:
        campaign.change("    graph: subset.xml", "    mark: false\n    graph: subset.xml")
    assert campaign.run("apply", "--yes", "--limit", "2", "--no-wait") == 3
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    logs_are(emulator, "empty" if marked else "full")
    assert [each["state"] for each in rebuilt(campaign)] == ["recorded"] * 4
    assert tiles(campaign) == [DONE] * 3
    assert campaign.run("apply", "--yes") == 0
    assert launches(emulator) == 3


def test_an_index_that_was_edited_gives_no_job_to_two_addresses(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    logs_are(emulator, "empty")
    index = campaign.folder / "results/index.csv"
    head, first, *rest = index.read_text(encoding="utf-8").splitlines()
    again = first.replace("a,", "b,", 1)
    index.write_text("\n".join([head, first, again, *rest[1:]]), encoding="utf-8")
    rows = {each["address"]: each["state"] for each in rebuilt(campaign)}
    assert [rows[f'job.tiles["{tile}"]'] for tile in "abc"] == ["undecided", "undecided", "recorded"]
    assert campaign.run("ledger", "verify") == 0


def test_a_job_whose_results_lie_elsewhere_is_no_question(campaign: Project, emulator: RunningEmulator) -> None:
    text = campaign.manifest.read_text(encoding="utf-8")
    at_key = text.partition("jobs:\n")[2].replace("tiles:", "stored:").replace("{download: results}", "{key: scenes}")
    campaign.manifest.write_text(text + at_key, encoding="utf-8")
    assert campaign.run("apply", "--yes", "--only", "stored/a") == 0
    lose(campaign)
    logs_are(emulator, "empty")
    undecided = [each["address"] for each in rebuilt(campaign, "undecided")]
    assert undecided == [f'job.stored["{tile}"]' for tile in "abc"]
    assert [planned for planned in actions(campaign).values() if planned == ("launch", "new")] == [
        ("launch", "new")
    ] * 3


def test_an_adopted_job_is_a_question_for_no_other_address(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes", "--only", "tiles/b") == 0
    lose(campaign, results=True)
    logs_are(emulator, "empty")
    [job] = rebuilt(campaign, "undecided")[0]["suspects"]
    assert tiles(campaign) == [ASK] * 3
    assert campaign.run("resolve", "tiles/b", "--adopt", job) == 0
    assert [each for each in tiles(campaign) if each == ASK] == []
    assert launches(emulator) == 1


def test_a_log_that_comes_later_is_not_taken_for_another_launch(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign, results=True)
    logs_are(emulator, "empty")
    first = rebuilt(campaign, "undecided")[0]
    assert len(first["suspects"]) == 3
    logs_are(emulator, "full")
    assert tiles(campaign) == [ASK] * 3
    job = next(job for job in first["suspects"] if campaign.run("resolve", first["address"], "--adopt", job) == 0)
    assert job
    assert actions(campaign)[first["address"]][0] == "fetch"
    assert launches(emulator) == 3


def test_of_several_jobs_the_youngest_counts(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    assert campaign.run("apply", "--yes", "--relaunch", "tiles/b") == 0
    job = next(each for each in campaign.json("status")["jobs"] if each["address"] == 'job.tiles["b"]')["job_id"]
    lose(campaign)
    rows = rebuilt(campaign)
    targets = {each["address"]: each["target"] for each in rows if each["state"] == "recorded"}
    assert targets['job.tiles["b"]'] == job
    older = [each for each in rows if each["state"] == "left-out"]
    assert [(each["address"], each["why"]) for each in older] == [('job.tiles["b"]', f"{job} is younger")]
    assert tiles(campaign) == [DONE] * 3
    assert launches(emulator) == 4


def test_a_changed_definition_is_a_relaunch_that_apply_asks_for(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    campaign.change("21 59, 20 59", "21 59, 20 60")
    differing = {each["address"] for each in rebuilt(campaign, "recorded") if each["differences"]}
    assert differing == {f'job.tiles["{tile}"]' for tile in "abc"}
    assert tiles(campaign) == [("relaunch", "definition-changed")] * 3


def test_a_ledger_with_entries_is_not_lost(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    before = (campaign.folder / ".eocanvas/default.jsonl").read_bytes()
    answer = campaign.json("ledger", "rebuild", "--yes", code=1)
    assert [each["code"] for each in answer["diagnostics"]] == ["ledger-not-empty"]
    assert (campaign.folder / ".eocanvas/default.jsonl").read_bytes() == before


def test_what_left_the_manifest_stays_at_the_service(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    campaign.change("scenes:\n    type", "others:\n    type")
    campaign.change("key: scenes", "key: others")
    left = [(each["address"], each["why"]) for each in rebuilt(campaign, "left-out")]
    assert left == [("key.scenes", "the manifest has no such key to manage")]


def test_jobs_without_a_mark_are_a_decision(campaign: Project, emulator: RunningEmulator) -> None:
    campaign.change("    graph: subset.xml", "    mark: false\n    graph: subset.xml")
    assert campaign.run("apply", "--yes") == 0
    lose(campaign, results=True)
    assert [each["state"] for each in rebuilt(campaign)] == ["recorded", "undecided", "undecided", "undecided"]
    assert tiles(campaign) == [ASK] * 3
    assert campaign.run("resolve", "tiles/b", "--launch") == 0
    assert sorted(tiles(campaign)) == [ASK, ASK, ("launch", "new")]
    assert launches(emulator) == 3


def test_an_edited_result_is_not_downloaded_again(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    lose(campaign)
    edited = next((campaign.folder / "results/a").glob("*.nc"))
    edited.write_text("mine")
    rebuilt(campaign)
    assert campaign.run("apply", "--yes") == 0
    assert edited.read_text() == "mine"
    assert tiles(campaign) == [DONE] * 3
