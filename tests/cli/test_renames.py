"""Until an apply records the moves of a manifest, every command speaks of the new addresses, as `plan` does."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from eocanvas_apply.emulator.http.request_faults import Fault
from eocanvas_apply.emulator.http.server import RunningEmulator
from eocanvas_apply.emulator.model.job_failures import JobFault
from tests.cli.conftest import Project

MANIFEST = """\
version: 1
project: coast
keys:
  {scenes}:
    type: s3
    bucket: scenes
    region: waw3-2
    endpoint: https://s3.example.org
    access_key: {{env: SCENES_ACCESS_KEY}}
    secret_key: {{env: SCENES_SECRET_KEY}}
jobs:
  {subset}: {{graph: subset.xml, params: {{aoi: POINT(20 58)}}, inputs: {{img1: {{key: {scenes}, path: /a.zip}}}}}}
  {tiles}:
    for_each: {{csv: rows.csv, id: "${{each.name}}"}}
    graph: subset.xml
    params: {{aoi: POINT(20 58)}}
    inputs: {{img1: {{key: {scenes}, path: "/${{each.file}}.zip"}}}}
  after: {{graph: subset.xml, params: {{aoi: POINT(20 58)}}, inputs: {{img1: {{result: {subset}}}}}}}
environments: {{test: {{project: coast-test}}}}
moved: [{moved}]
"""
OLD = {"scenes": "scenes", "subset": "subset", "tiles": "tiles"}
NEW = {"scenes": "images", "subset": "lowlands", "tiles": "squares"}
OF_ALL = (
    "{from: key.scenes, to: key.images}, {from: job.subset, to: job.lowlands}, {from: job.tiles, to: job.squares}, "
    "{from: 'job.squares[\"a\"]', to: 'job.squares[\"z\"]'}"
)
ADDRESSES = {"job.lowlands", 'job.squares["z"]', 'job.squares["b"]', "job.after"}
ALL = {*ADDRESSES, "key.images"}


@dataclass
class Renamed:
    """A project whose keys and jobs are on record under old names; `options` name its environment or ledger."""

    project: Project
    emulator: RunningEmulator
    options: list[str] = field(default_factory=list)

    def write(self, names: dict[str, str], rows: str, moved: str = "") -> None:
        self.project.manifest.write_text(MANIFEST.format(**names, moved=moved), encoding="utf-8")
        lines = [f"{row},{file}\n" for row, file in zip(rows, "ab", strict=True)]
        (self.project.folder / "rows.csv").write_text("".join(["name,file\n", *lines]), encoding="utf-8")

    def give_old_names(self) -> None:
        self.write(OLD, "ab")

    def give_new_names(self) -> None:
        self.write(NEW, "zb", OF_ALL)

    def run(self, *words: str) -> int:
        return self.project.run(*words, *self.options)

    def json(self, *words: str, code: int = 0) -> dict[str, Any]:
        return self.project.json(*words, *self.options, code=code)

    def addresses(self, *words: str, of: str, code: int = 0) -> set[str]:
        return {row["address"] for row in self.json(*words, code=code)[of]}

    def types(self) -> list[str]:
        return [entry["type"] for entry in self.json("ledger", "show")["ledger"]]

    @property
    def launched(self) -> int:
        with self.emulator.model() as wire:
            return len(list(wire.service.jobs.every()))


@pytest.fixture(name="renamed", params=["file", "environment", "bucket", "database"])
def _renamed(
    request: pytest.FixtureRequest, project: Project, emulator: RunningEmulator, monkeypatch: pytest.MonkeyPatch
) -> Renamed:
    renamed = Renamed(project, emulator)
    if request.param == "environment":
        renamed.options = ["--env", "test"]
    elif request.param != "file":
        server = request.getfixturevalue(f"{request.param}_server")
        for name, value in server.variables().items():
            monkeypatch.setenv(name, value)
        renamed.options = ["--ledger", server.new_ledger()]
    renamed.give_old_names()
    return renamed


@pytest.fixture(name="local")
def _local(project: Project, emulator: RunningEmulator) -> Renamed:
    renamed = Renamed(project, emulator)
    renamed.give_old_names()
    return renamed


def test_what_is_read_has_the_new_addresses_before_and_after_the_move_is_recorded(renamed: Renamed) -> None:
    assert renamed.run("apply", "--yes") == 0, renamed.project.err
    renamed.give_new_names()
    head = len(renamed.types())
    for recorded in (False, True):
        assert renamed.addresses("plan", of="actions") == ALL
        for words in (["status"], ["status", "--offline"]):
            found = renamed.json(*words)
            assert {row["address"] for row in [*found["jobs"], *found["keys"]]} == ALL
            assert {row["status"] for row in found["jobs"]} == {"successful"}
        assert renamed.addresses("results", of="results") == ADDRESSES
        assert renamed.addresses("results", "squares", of="results") == {'job.squares["z"]', 'job.squares["b"]'}
        assert renamed.addresses("results", "--fetch", of="results") == ADDRESSES
        assert renamed.run("results", "--format", "csv") == 0
        assert {row["address"] for row in csv.DictReader(renamed.project.out.splitlines())} == ADDRESSES
        for text, address in (
            ("lowlands", "job.lowlands"),
            ("squares/z", 'job.squares["z"]'),
            ("images", "key.images"),
        ):
            assert renamed.addresses("why", text, of="why") == {address}
        assert renamed.json("logs", "squares/z")["logs"]
        assert ("moved" in renamed.types()) == recorded
        assert recorded or len(renamed.types()) == head
        assert renamed.run("apply", "--yes") == 0, renamed.project.err
    assert renamed.launched == 4


OLD_ADDRESSES = {
    ("subset", "job.subset", "subs"): ("job.subset is now job.lowlands", "write job.lowlands"),
    ("tiles", "job.tiles", "tiles/*"): ("job.tiles is now job.squares", "write job.squares"),
    ("tiles/b", 'job.tiles["b"]', "job.tiles[b]"): ('job.tiles["b"] is now job.squares["b"]', "write squares/b"),
    ("tiles/a", "squares/a"): ('is now job.squares["z"]', "write squares/z"),
}
COMMANDS = [["results"], ["logs"], ["why"], ["forget"], ["cancel"], ["resolve", "--launch"], ["plan", "--only"]]


def test_an_old_address_is_answered_with_the_new_one(local: Renamed) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    local.give_new_names()
    for _ in ("before", "after the move is recorded"):
        for texts, (message, hint) in OLD_ADDRESSES.items():
            for text in texts:
                [found] = local.json("results", text, code=1)["diagnostics"]
                assert (found["code"], found["hint"]) == ("address-moved", hint)
                assert found["message"].endswith(message)
        for command in COMMANDS:
            [found] = local.json(*command, "subset", code=1)["diagnostics"]
            assert (found["code"], found["message"]) == ("address-moved", "job.subset is now job.lowlands"), command
        for text in ("scenes", "key.scenes", "key.scenes#1"):
            [found] = local.json("why", text, code=1)["diagnostics"]
            assert found["message"].startswith("key.scenes"), found
            assert "is now key.images" in found["message"]
        [found] = local.json("import", "subset", "an-id", code=1)["diagnostics"]
        assert found["code"] == "address-moved"
        assert local.run("apply", "--yes") == 0, local.project.err


def test_an_old_name_in_full_is_not_the_beginning_of_another_and_what_has_it_now_is_meant(local: Renamed) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    local.give_new_names()
    inputs = "inputs: {{img1: {{key: images, path: /c.zip}}}}"
    other = f"  {{name}}: {{{{graph: subset.xml, params: {{{{aoi: POINT(20 58)}}}}, {inputs}}}}}\n"
    local.project.change("  after:", other.format(name="subset-south") + "  after:")
    assert "[address-moved]" in (local.run("why", "subset"), local.project.err)[1]
    assert local.addresses("why", "subset-", of="why") == {"job.subset-south"}
    assert local.run("apply", "--yes") == 0, local.project.err
    local.project.change("{from: job.subset, to: job.lowlands}, ", "")
    local.project.change("  after:", other.format(name="subset") + "  after:")
    assert local.addresses("why", "subset", of="why") == {"job.subset"}


def test_what_is_decided_is_written_under_the_address_that_the_ledger_has(renamed: Renamed) -> None:
    with renamed.emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", times=None))
    assert renamed.run("apply", "--yes", "--no-wait") == 3, renamed.project.err
    renamed.give_new_names()
    assert renamed.addresses("cancel", "lowlands", "squares/z", "--yes", of="cancel") == {
        "job.lowlands",
        'job.squares["z"]',
    }
    assert "job.lowlands" in renamed.project.out
    assert renamed.run("forget", "squares/b") == 0
    assert "squares" in renamed.project.out
    assert "moved" not in renamed.types()
    # A colleague's manifest, which has the old names, sees the same.
    renamed.give_old_names()
    standing = {"job.subset": "cancelled", 'job.tiles["a"]': "cancelled", 'job.tiles["b"]': "requested"}
    shown = renamed.json("ledger", "show")["ledger"]
    assert not [entry for entry in shown if "lowlands" in str(entry) or "squares" in str(entry)]
    reasons = {row["address"]: row["reason"] for row in renamed.json("plan")["actions"]}
    assert reasons["job.subset"] == reasons['job.tiles["a"]'] == "cancelled", standing
    assert reasons['job.tiles["b"]'] == "returned"
    assert renamed.launched == 3


def test_a_lost_launch_is_resolved_and_a_job_is_imported_under_a_new_name(local: Renamed) -> None:
    with local.emulator.model() as wire:
        wire.faults.append(Fault("drop-after", method="POST", path="*/execution", times=1))
        # The mark in the log would tell at once whose job it is.
        wire.faults.append(Fault("status", method="GET", path="*/logs", times=None, status=404))
    assert local.run("apply", "--yes", "--no-wait") in (3, 4, 7), local.project.err
    local.give_new_names()
    lost = [row["address"] for row in local.json("status", "--offline")["jobs"] if row["status"] == "answer-open"]
    with local.emulator.model() as wire:
        owned = {row["job_id"] for row in local.json("status", "--offline")["jobs"]}
        [job_id] = [job.id for job in wire.service.jobs.every() if job.id not in owned]
        wire.faults.clear()
    [address] = lost
    assert local.json("resolve", address, "--adopt", job_id)["resolve"][0]["address"] == address
    [again] = local.json("import", address, job_id)["import"]
    assert again["address"] == address
    assert "moved" not in local.types()
    assert local.run("apply", "--yes") == 0, local.project.err
    assert local.launched == 4


@pytest.fixture(name="reads")
def _reads() -> Iterator[list[str]]:
    """The files that are opened, as the interpreter tells an audit hook."""
    opened: list[str] | None = []

    def hear(event: str, values: tuple[Any, ...]) -> None:
        if event == "open" and opened is not None:
            opened.append(str(values[0]))

    sys.addaudithook(hear)
    assert opened is not None
    yield opened
    # A hook cannot be taken away again.
    opened = None


@pytest.mark.parametrize(
    "words",
    [["status", "--offline"], ["results"], ["results", "--format", "csv"], ["ledger", "show"], ["why", "lowlands"]],
)
def test_the_manifest_is_read_once(words: list[str], local: Renamed, reads: list[str]) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    local.give_new_names()
    local.project.manifest.write_text(
        local.project.manifest.read_text(encoding="utf-8") + "x-note: it says nothing of a ledger\n", "utf-8"
    )
    for broken in ("", "    nonsense: 1\n"):
        reads.clear()
        assert local.run(*words) == 0 or broken, local.project.err
        assert [Path(each).name for each in reads].count("eocanvas.yaml") == 1
        local.project.change("jobs:\n", f"jobs:\n{broken}")


def test_a_manifest_with_errors_elsewhere_still_says_what_moved(local: Renamed) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    local.give_new_names()
    local.project.change("  after: {graph: subset.xml", "  after: {grpah: subset.xml")
    found = local.json("status", "--offline")
    assert {row["address"] for row in found["jobs"]} == ADDRESSES
    # Lines that cannot be are followed nowhere.
    local.project.change("{from: job.subset, to: job.lowlands}", "{from: job.subset, to: job.subset}")
    assert local.addresses("results", of="results") >= {"job.subset", 'job.tiles["a"]'}


def test_a_row_that_is_still_there_does_not_move(local: Renamed) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    local.write(OLD, "ab", "{from: 'job.tiles[\"a\"]', to: 'job.tiles[\"z\"]'}")
    for words, of in ((["plan"], "actions"), (["status", "--offline"], "jobs"), (["results"], "results")):
        found = local.addresses(*words, of=of)
        assert 'job.tiles["a"]' in found, words
        assert 'job.tiles["z"]' not in found, words


def test_the_json_of_a_cancelled_job_has_the_new_address(local: Renamed) -> None:
    with local.emulator.model() as wire:
        wire.service.job_faults.append(JobFault("stuck", times=None))
    assert local.run("apply", "--yes", "--no-wait") == 3, local.project.err
    local.give_new_names()
    assert local.run("cancel", "squares", "--yes") == 0, local.project.err
    assert "tiles" not in local.project.out + local.project.err
    assert json.dumps(local.json("status")).count("job.tiles") == 0


@pytest.mark.parametrize("row", ['job.tiles["a"]', 'job.squares["a"]'])
def test_a_campaign_and_one_of_its_rows_have_new_names_at_once(local: Renamed, row: str) -> None:
    assert local.run("apply", "--yes") == 0, local.project.err
    before = local.launched
    local.write(NEW, "zb", OF_ALL.replace('job.squares["a"]', row))
    assert local.addresses("plan", of="actions") == ALL
    assert local.run("apply", "--yes") == 0, local.project.err
    assert local.launched == before
    assert local.run("plan", "--detailed-exitcode") == 0, local.project.out
