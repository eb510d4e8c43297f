"""Commands and the rows of campaigns: which commands search, which do not, and what happens when no answer comes."""

from __future__ import annotations

from typing import Any

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.service.clock import SystemClock
from tests.cli.conftest import Project, searches

MANIFEST = """\
version: 1
project: coast
vars: {tile: 32TQM, first: "2024-07-01"}
jobs:
  scenes:
    for_each:
      hda:
        dataset_id: "EO:ESA:DAT:SENTINEL-2"
        tileId: "${var.tile}"
        startDate: "${var.first}T00:00:00Z"
        completionDate: "2024-07-20T00:00:00Z"
      max: 5
    graph: subset.xml
    params: {aoi: "POLYGON((20 58, 21 58, 21 59, 20 59, 20 58))"}
    inputs: {img1: {url: "${each.location}", id: "${each.product_id}"}}
    output: {download: results}
"""


def jobs(document: dict[str, Any]) -> dict[str, str]:
    return {a["address"]: a["action"] for a in document["actions"]}


def test_rows_are_found_by_a_search_and_run_once(campaign: Project, emulator: RunningEmulator) -> None:
    planned = jobs(campaign.json("plan"))
    assert set(planned.values()) == {"launch"}
    assert len(planned) == 4
    assert campaign.run("apply", "--yes") == 0
    before = searches(emulator)
    assert set(jobs(campaign.json("plan")).values()) == {"none"}
    assert searches(emulator) == before + 1


def test_validate_needs_neither_network_nor_account(
    campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HDA_USER", "HDA_PASSWORD"):
        monkeypatch.delenv(variable)
    before = searches(emulator)
    (found,) = campaign.json("validate")["diagnostics"]
    assert (found["code"], found["severity"], found["line"]) == ("rows-not-asked", "info", 6)
    assert searches(emulator) == before


def test_commands_without_need_of_rows_do_not_search(campaign: Project, emulator: RunningEmulator) -> None:
    assert campaign.run("apply", "--yes") == 0
    (first, *_) = sorted(jobs(campaign.json("plan")))
    before = searches(emulator)
    for words in (
        ["logs", first],
        ["results"],
        ["results", "scenes"],
        ["ledger", "show"],
        ["ledger", "verify"],
        ["doctor"],
        ["forget", first],
    ):
        assert campaign.run(*words) == 0, words
    assert campaign.run("resolve", first, "--launch") == 1
    assert campaign.run("destroy", "--yes") == 0
    assert searches(emulator) == before


def test_forgetting_a_row_warns_that_its_campaign_stays(campaign: Project) -> None:
    assert campaign.run("apply", "--yes") == 0
    (first, *_) = sorted(jobs(campaign.json("plan")))
    assert campaign.run("forget", first) == 0
    assert "[still-in-manifest]" in campaign.err


@pytest.mark.parametrize("status", [503, 429, 403])
def test_a_search_that_fails_ends_the_run_and_nothing_is_forgotten(
    campaign: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    async def sleep(self: SystemClock, seconds: float) -> None:
        return None

    assert campaign.run("apply", "--yes") == 0
    monkeypatch.setattr(SystemClock, "sleep", sleep)
    before = (campaign.folder / ".eocanvas/default.jsonl").read_bytes()
    with emulator.model() as wire:
        wire.faults.append(Fault("status", "POST", "*/search", times=None, status=status))
    try:
        for command in (["plan"], ["apply", "--yes"], ["status"]):
            document = campaign.json(*command, code=1)
            (found,) = document["diagnostics"]
            assert (found["line"], found["address"]) == (7, "job.scenes"), found
            assert "actions" not in document
    finally:
        with emulator.model() as wire:
            wire.faults.clear()
    assert (campaign.folder / ".eocanvas/default.jsonl").read_bytes() == before
    assert set(jobs(campaign.json("plan")).values()) == {"none"}


def test_a_variable_of_the_command_line_wins(campaign: Project) -> None:
    default = campaign.json("plan")
    other = campaign.json("plan", "--var", "tile=33UUB")
    assert not jobs(default).keys() & jobs(other).keys()
    assert default["manifest_digest"] != other["manifest_digest"]
    assert all("33UUB" in address for address in jobs(other))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--var", "tille=33UUB"], "did you mean tile?"),
        (["--var", "tile"], "--var NAME=VALUE"),
        (["--var", "=x"], "--var NAME=VALUE"),
        (["--var", "tile=a", "--var", "tile=b"], "twice"),
    ],
)
def test_an_invalid_variable_is_a_usage_error(campaign: Project, words: list[str], message: str) -> None:
    for command in ("validate", "plan"):
        assert campaign.run(command, *words) == 1
        assert message in campaign.err


@pytest.mark.parametrize("command", [["apply", "--yes"], ["lock"]])
def test_licences_that_a_search_needs_are_accepted_where_the_manifest_names_them(
    campaign: Project, emulator: RunningEmulator, command: list[str]
) -> None:
    with emulator.model() as wire:
        as_it_was = wire.service.behaviour
        wire.service.orders._accepted.clear()
        wire.service.behaviour = as_it_was.changed({"terms_needed": "search"})
    try:
        for words in (["plan"], command):
            (found,) = campaign.json(*words, code=1)["diagnostics"]
            assert (found["code"], found["line"]) == ("service-refused", 7)
            assert "answered 403: Forbidden: The terms Copernicus_General_License are not accepted" in found["message"]
            assert "accept_terms: [Copernicus_General_License]" in found["hint"]
        campaign.change("    output: ", "    accept_terms: [Copernicus_General_License]\n    output: ")
        (found,) = campaign.json("plan", code=1)["diagnostics"]
        assert "`apply` and `lock` accept the licences of the manifest" in found["hint"]
        assert campaign.run(*command) == 0
        assert campaign.run("plan") == 0
    finally:
        with emulator.model() as wire:
            wire.service.behaviour = as_it_was


def test_a_campaign_where_one_job_is_needed(campaign: Project) -> None:
    assert campaign.run("why", "scenes") == 1
    assert campaign.err == (
        "error: 'scenes' is a campaign of 4 instances [ambiguous-address]\n"
        "  hint: write one of them, such as scenes/S2A_MSIL2A_20240706T102644_N0510_R014_T32TQM_20240706T152644;"
        " `status --full` lists them\n\n1 error\n"
    )
    assert campaign.run("apply", "--yes") == 0
    assert campaign.run("forget", "scenes") == 1
    assert "hint: write one of them, such as scenes/" in campaign.err
